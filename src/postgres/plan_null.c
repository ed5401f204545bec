/* SPDX-License-Identifier: Apache-2.0 */
/* What it says of a person that something is null: of a stored value nothing, of "nullif(name,
 * 'x')" all that its operands carry. */
#include "postgres/plan_choice.h"
#include "postgres/plan_compare.h"

__attribute__((noinline)) static void
null_column(struct plan_work *work, const struct scope *scope, const PgQuery__ColumnRef *reference,
            struct carry *into)
{
    struct found found;

    scope_find(work, scope, reference, &found);
    if (!found.is_plain)
        carry_add(into, &found.carry);
}

__attribute__((noinline)) static void
null_sublink(struct plan_work *work, const struct scope *scope, const PgQuery__SubLink *link,
             struct carry *into)
{
    struct outputs columns = {0};

    (void)statement_columns(work, scope, scope ? scope->ctes : NULL, link->subselect, false,
                            &columns);
    carry_add(into, &columns.rest);
    for (const struct output *o = columns.first; o && work_spend(work, 1); o = o->next)
        if (o->carry && !o->is_plain)
            carry_add(into, o->carry);
}

static void
null_all(struct plan_work *work, const struct scope *scope, PgQuery__Node *const *nodes,
         size_t count, struct carry *into)
{
    for (size_t i = 0; i < count; i++)
        null_carry(work, scope, nodes[i], into);
}

/* nullif(x, ''): as good as x. */
static bool
is_blank_null(const PgQuery__AExpr *expression)
{
    return expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF &&
           expression_is_blank(expression->rexpr);
}

void
null_carry(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
           struct carry *into)
{
    if (!node || !work_spend(work, 1))
        return;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        null_column(work, scope, node->column_ref, into);
        return;
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        null_all(work, scope, node->coalesce_expr->args, node->coalesce_expr->n_args, into);
        return;
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        null_all(work, scope, node->min_max_expr->args, node->min_max_expr->n_args, into);
        return;
    case PG_QUERY__NODE__NODE_ROW_EXPR:
        null_all(work, scope, node->row_expr->args, node->row_expr->n_args, into);
        return;
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        choice_case(work, scope, node->case_expr, null_carry, into);
        return;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        if (names_is_foreign_type(work, node->type_cast->type_name))
            break;
        null_carry(work, scope, node->type_cast->arg, into);
        return;
    case PG_QUERY__NODE__NODE_A_EXPR:
        if (!is_blank_null(node->a_expr))
            break;
        null_carry(work, scope, node->a_expr->lexpr, into);
        return;
    case PG_QUERY__NODE__NODE_SUB_LINK:
        if (node->sub_link->sub_link_type != PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK)
            break;
        null_sublink(work, scope, node->sub_link, into);
        return;
    default:
        break;
    }
    expression_carry(work, scope, node, into);
}
