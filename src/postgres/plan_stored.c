/* SPDX-License-Identifier: Apache-2.0 */
/* Which expressions give a value of a column as it is stored in some row, or null: what chooses one
 * of the values that it is given, and nothing that makes another one. */
#include "postgres/plan_lineage.h"

enum { DEPTH_MAX = 16 };

/* How a function of PostgreSQL's own gets what it chooses from. */
enum chooser {
    CHOOSES_NOTHING,
    CHOOSES_OF_ROWS,    /* an aggregate, also over a window */
    CHOOSES_OF_WINDOW,  /* a window function: of its first argument */
    CHOOSES_OF_ORDERED, /* WITHIN GROUP (ORDER BY …) */
};

static enum chooser
chooser_of(const struct plan_work *work, const PgQuery__FuncCall *call)
{
    static const struct {
        const char *name;
        uint8_t how, least, most; /* arguments */
    } choosers[] = {
        {"min", CHOOSES_OF_ROWS, 1, 1},          {"max", CHOOSES_OF_ROWS, 1, 1},
        {"any_value", CHOOSES_OF_ROWS, 1, 1},    {"first_value", CHOOSES_OF_WINDOW, 1, 1},
        {"last_value", CHOOSES_OF_WINDOW, 1, 1}, {"nth_value", CHOOSES_OF_WINDOW, 2, 2},
        {"lag", CHOOSES_OF_WINDOW, 1, 2},        {"lead", CHOOSES_OF_WINDOW, 1, 2},
        {"mode", CHOOSES_OF_ORDERED, 0, 0},
    };
    const char *name = sql_last_name(call->funcname, call->n_funcname);

    for (size_t i = 0; name && i < COUNT_OF(choosers); i++) {
        if (strcmp(name, choosers[i].name) != 0)
            continue;
        if (call->func_variadic || call->n_args < choosers[i].least ||
            call->n_args > choosers[i].most ||
            function_facts(work, call->funcname, call->n_funcname).is_user ||
            (choosers[i].how == CHOOSES_OF_WINDOW && !call->over) ||
            (call->n_args > 1 &&
             (!call->args[1] || call->args[1]->node_case != PG_QUERY__NODE__NODE_A_CONST)) ||
            call->agg_within_group != (choosers[i].how == CHOOSES_OF_ORDERED))
            return CHOOSES_NOTHING;
        return (enum chooser)choosers[i].how;
    }
    return CHOOSES_NOTHING;
}

/* What it chooses from; NULL. */
static const PgQuery__Node *
chosen_of(const struct plan_work *work, const PgQuery__FuncCall *call)
{
    switch (chooser_of(work, call)) {
    case CHOOSES_OF_ROWS:
    case CHOOSES_OF_WINDOW:
        return call->args[0];
    case CHOOSES_OF_ORDERED:
        return call->n_agg_order == 1 && call->agg_order[0] &&
                       call->agg_order[0]->node_case == PG_QUERY__NODE__NODE_SORT_BY
                   ? call->agg_order[0]->sort_by->node
                   : NULL;
    case CHOOSES_NOTHING:
        break;
    }
    return NULL;
}

bool
stored_is_chooser(const struct plan_work *work, const PgQuery__FuncCall *call)
{
    return chooser_of(work, call) != CHOOSES_NOTHING;
}

static bool
is_null(const PgQuery__Node *node)
{
    return !node || (node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull);
}

/* Text as it is, where what is cast is of a type that identity columns have. */
static bool
is_to_text(const struct plan_work *work, const PgQuery__TypeCast *cast)
{
    const PgQuery__TypeName *type = cast->type_name;
    const char *name = type ? sql_last_name(type->names, type->n_names) : NULL;

    return name && strcmp(name, "text") == 0 && type->n_typmods == 0 && type->n_array_bounds == 0 &&
           !type->setof && !names_is_foreign_type(work, type);
}

/* What is chosen by says nothing of anybody. */
static bool
is_silent(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node)
{
    size_t references = work->references, sublinks = work->sublinks;
    struct carry carry = {0};

    if (!node)
        return true;
    expression_carry(work, scope, node, &carry);
    work->references = references; /* they were counted before */
    if (work->sublinks != sublinks) {
        work->sublinks = sublinks;
        return false;
    }
    return carry_is_empty(&carry);
}

static bool
is_silent_case(struct plan_work *work, const struct scope *scope,
               const PgQuery__CaseExpr *expression)
{
    for (size_t i = 0; i < expression->n_args; i++)
        if (expression->args[i]->node_case != PG_QUERY__NODE__NODE_CASE_WHEN ||
            !is_silent(work, scope, expression->args[i]->case_when->expr))
            return false;
    return is_silent(work, scope, expression->arg);
}

static void find_in(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
                    unsigned depth, struct plan_stored *stored);

/* One of several, or null; `is_first`: none was looked at before. */
static void
find_one(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
         unsigned depth, struct plan_stored *stored, bool *is_first)
{
    struct plan_stored other = {0};

    if (is_null(node))
        return;
    find_in(work, scope, node, depth, &other);
    if (*is_first)
        *stored = other;
    else
        stored_unite(stored, &other);
    *is_first = false;
}

static void
find_in(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
        unsigned depth, struct plan_stored *stored)
{
    struct found found;
    size_t references = work->references;
    bool is_first = true;

    *stored = (struct plan_stored){0};
    if (!node || depth == DEPTH_MAX || !work_spend(work, 1))
        return;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        scope_find(work, scope, node->column_ref, &found);
        work->references = references; /* it was counted before */
        *stored = found.stored;
        break;
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        find_in(work, scope, chosen_of(work, node->func_call), depth + 1, stored);
        break;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        if (is_to_text(work, node->type_cast))
            find_in(work, scope, node->type_cast->arg, depth + 1, stored);
        break;
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        for (size_t i = 0; i < node->coalesce_expr->n_args; i++)
            find_one(work, scope, node->coalesce_expr->args[i], depth + 1, stored, &is_first);
        break;
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        if (!is_silent_case(work, scope, node->case_expr))
            break;
        for (size_t i = 0; i < node->case_expr->n_args; i++)
            find_one(work, scope, node->case_expr->args[i]->case_when->result, depth + 1, stored,
                     &is_first);
        find_one(work, scope, node->case_expr->defresult, depth + 1, stored, &is_first);
        break;
    default:
        break;
    }
}

void
stored_find(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
            struct plan_stored *stored)
{
    find_in(work, scope, node, 0, stored);
}

/* The origin that the server would say of either it does not say of both. */
void
stored_unite(struct plan_stored *stored, const struct plan_stored *other)
{
    if (!other || stored->relation != other->relation || stored->attribute != other->attribute)
        *stored = (struct plan_stored){0};
    else
        stored->is_certain &= other->is_certain;
    stored->origin = 0;
}
