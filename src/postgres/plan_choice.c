/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_choice.h"

#include "postgres/plan_compare.h"

static bool
is_null(const PgQuery__Node *node)
{
    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    return !node || (node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull);
}

/* One of several values, of which nobody knows which it is: whom it surely shows, each of them
 * does. Of one that is null there is none. */
static void
carry_either(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
             carry_fn *value, struct carry *into, uint32_t *shown)
{
    into->certain = (struct certainty){0};
    value(work, scope, node, into);
    if (!is_null(node))
        *shown &= into->certain.shown;
}

void
choice_case(struct plan_work *work, const struct scope *scope, const PgQuery__CaseExpr *expression,
            carry_fn *value, struct carry *into)
{
    const struct certainty beside = into->certain;
    uint32_t decides = 0, shown = UINT32_MAX;

    into->certain = (struct certainty){0};
    if (expression->arg)
        compare_case(work, scope, expression, into);
    decides = into->certain.shown;
    for (size_t i = 0; i < expression->n_args; i++) {
        const PgQuery__Node *when = expression->args[i];

        if (!when || when->node_case != PG_QUERY__NODE__NODE_CASE_WHEN)
            continue;
        into->certain = (struct certainty){0};
        if (!expression->arg)
            compare_condition(work, scope, when->case_when->expr, into);
        /* The first is always looked at. Of AND and OR one operand can decide alone. */
        if (i == 0 && when->case_when->expr &&
            when->case_when->expr->node_case == PG_QUERY__NODE__NODE_A_EXPR)
            decides |= into->certain.shown;
        carry_either(work, scope, when->case_when->result, value, into, &shown);
    }
    carry_either(work, scope, expression->defresult, value, into, &shown);
    into->certain = (struct certainty){.shown = decides | (shown == UINT32_MAX ? 0 : shown),
                                       .vague = UINT32_MAX,
                                       .absent = ~decides};
    certainty_add(&into->certain, beside);
}

void
choice_coalesce(struct plan_work *work, const struct scope *scope,
                const PgQuery__CoalesceExpr *expression, struct carry *into)
{
    const struct certainty beside = into->certain;
    struct certainty first = {0};
    bool is_first = true;

    for (size_t i = 0; i < expression->n_args; i++) {
        into->certain = (struct certainty){0};
        expression_carry(work, scope, expression->args[i], into);
        if (is_first) {
            first = into->certain;
            certainty_harden(&first);
        }
        first.vague |= into->certain.vague;
        first.absent |= into->certain.absent;
        is_first &= is_null(expression->args[i]);
    }
    into->certain = first;
    certainty_add(&into->certain, beside);
}

void
choice_extreme(struct plan_work *work, const struct scope *scope,
               const PgQuery__MinMaxExpr *expression, struct carry *into)
{
    const struct certainty beside = into->certain;
    uint32_t shown = UINT32_MAX, vague = 0, absent = 0;

    for (size_t i = 0; i < expression->n_args; i++) {
        carry_either(work, scope, expression->args[i], expression_carry, into, &shown);
        vague |= into->certain.vague;
        absent |= into->certain.absent;
    }
    into->certain = (struct certainty){
        .shown = shown == UINT32_MAX ? 0 : shown, .vague = vague, .absent = absent};
    certainty_add(&into->certain, beside);
}
