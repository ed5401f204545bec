/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons: what is learned of a person without a value of his being shown.
 *
 *   a constant     "email = 'x'": the answer says whether it is so: a probe
 *   a column       "email = v.e": where they are equal, what is shown of v.e is the e-mail: the
 *                  column is given what the other side carries, wherever it stands in its scope
 *   a number       of one person whose key is pinned, against anything: a probe
 *
 * Of numbers and times a bound says little ("ordered_at > …"): only their equality is a probe where
 * nobody is pinned. Joins of stored columns that are both personal are none.
 */
#include "postgres/plan_certain.h"
#include "postgres/plan_within.h"

/* ---- sides ---- */

static const struct carry *
carried(const struct reference *reference)
{
    return reference->output ? reference->output->carry : NULL;
}

static bool
carries(const struct reference *reference)
{
    if (reference->output)
        return reference->output->carry && !carry_is_empty(reference->output->carry);
    for (const struct output *o = reference->entry->columns.first; o; o = o->next)
        if (o->carry && !carry_is_empty(o->carry))
            return true;
    return !carry_is_empty(&reference->entry->columns.rest);
}

/* A personal value as it is stored, or a key. */
static bool
is_stored(const struct reference *reference)
{
    const struct output *output = reference->output;

    return output && output->is_plain && (output->is_key || carried(reference) != NULL);
}

/* Neither stored anywhere nor anybody's: it stands in the statement. */
static bool
is_made_up(const struct reference *reference)
{
    if (reference->output)
        return !reference->output->is_plain && !reference->output->is_key && !carries(reference);
    return !reference->entry->relation && !carries(reference);
}

static void
settle(struct plan_work *work, struct side *side)
{
    side->is_made_up = true;
    for (const struct reference *r = side->first; r != side->end && work_spend(work, 1);
         r = r->next) {
        side->is_made_up &= is_made_up(r);
        side->has_key |= r->output && r->output->is_key;
    }
}

void
compare_look(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
             struct side *side)
{
    size_t references = work->references, constants = work->constants;

    bool is_holding = work->is_holding;

    side->end = work->referred;
    work->collecting++;
    work->is_holding = false; /* what is inside need not be so */
    expression_carry(work, scope, node, &side->carry);
    work->is_holding = is_holding;
    work->collecting--;
    side->first = work->referred;
    side->has_columns = work->references != references;
    side->has_constants = work->constants != constants;
    side->is_blank = expression_is_blank(node);
    settle(work, side);
    side->is_made_up |= node && node->node_case == PG_QUERY__NODE__NODE_SUB_LINK &&
                        node->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK;
}

/* ---- what a column is given ---- */

static const struct output *
root_of(const struct output *output)
{
    while (output->of)
        output = output->of;
    return output;
}

static void
give_in(struct plan_work *work, struct output *first, const struct output *root,
        const struct carry *carry, size_t *given)
{
    for (struct output *o = first; o && work_spend(work, 1); o = o->next) {
        struct carry sum = *carry;

        if (root_of(o) != root)
            continue;
        work->has_lent |= !carry_is_empty(carry);
        if (o->carry && carry_covers(o->carry, carry))
            continue;
        if (o->carry)
            carry_add(&sum, o->carry);
        o->carry = carry_keep(work, &sum);
        work->has_given = true;
        (*given)++;
    }
}

/* To all that stand for that column in its scope. */
static void
give_column(struct plan_work *work, const struct scope *scope, const struct output *output,
            const struct carry *carry)
{
    const struct output *root = root_of(output);

    for (struct entry *e = scope->entries; e && work_spend(work, 1); e = e->next)
        give_in(work, e->columns.first, root, carry, scope->given);
    give_in(work, scope->columns.first, root, carry, scope->given);
}

static void
give_entry(struct plan_work *work, const struct scope *scope, struct entry *entry,
           const struct carry *carry)
{
    for (struct output *o = entry->columns.first; o && work_spend(work, 1); o = o->next)
        give_column(work, scope, o, carry);
    if (!entry->columns.is_open || carry_covers(&entry->columns.rest, carry))
        return;
    carry_add(&entry->columns.rest, carry);
    work->has_given = true;
    (*scope->given)++;
}

void
compare_give(struct plan_work *work, const struct scope *scope, struct entry *entry,
             const struct output *output, const struct carry *carry)
{
    struct carry given = *carry;

    within_lose(work, &given);
    if (output)
        give_column(work, scope, output, &given);
    else
        give_entry(work, scope, entry, &given);
}

/* Columns of the same row of a table say nothing of another row. In a row of a view anything can
 * stand beside a person. */
static bool
is_own(struct plan_work *work, const struct side *side, const struct entry *entry)
{
    if (!entry->relation || (entry->relation->kind != 'r' && entry->relation->kind != 'p'))
        return false;
    for (const struct reference *r = side->first; r != side->end && work_spend(work, 1);
         r = r->next)
        if (r->entry == entry && carries(r))
            return true;
    return false;
}

/* A row of a query further out can be equal to many of this one's. */
static void
give(struct plan_work *work, const struct scope *scope, const struct side *side,
     const struct reference *to, bool is_certain)
{
    struct carry carry = side->carry;

    if (!is_certain || to->scope->depth != scope->depth)
        carry.certain.shown = carry.certain.strict = 0;
    certainty_blur(&carry.certain);
    carry.certain.outer = 0;

    if (to->scope->depth > scope->depth || is_own(work, side, to->entry))
        return;
    if (to->scope->depth < scope->depth)
        carry_widen(&carry);
    compare_give(work, to->scope, to->entry, to->output, &carry);
}

static void
give_all(struct plan_work *work, const struct scope *scope, const struct side *side,
         const struct side *to, bool is_certain)
{
    for (const struct reference *r = to->first; scope && r != to->end && work_spend(work, 1);
         r = r->next)
        if (to != side || !carries(r))
            give(work, scope, side, r, is_certain);
}

/* ---- one against the other ---- */

/* Nothing but columns of the same row, and keys and personal columns as they are stored. */
static bool
is_known(struct plan_work *work, const struct side *side, const struct side *other)
{
    if (other->first == other->end || other->has_constants)
        return other->is_stored;
    for (const struct reference *r = other->first; r != other->end && work_spend(work, 1);
         r = r->next)
        if (!is_stored(r) && !is_own(work, side, r->entry))
            return false;
    return true;
}

/* Of a group of persons, whose order among others tells of none. */
static bool
is_pooled(const struct scope *scope, const struct side *side)
{
    if (!scope || !scope->is_pooled)
        return false;
    for (const struct reference *r = side->first; r != side->end; r = r->next)
        if (r->scope != scope)
            return false;
    return true;
}

static void
weigh(struct plan_work *work, const struct scope *scope, bool is_equality, const struct side *side,
      const struct side *other)
{
    if (is_equality && side->has_key && other->is_made_up)
        work->has_pin = true;
    if (carry_is_empty(&side->carry))
        return;
    work->has_test = true;
    if (!is_equality && (!side->carry.is_text || other->is_blank || is_pooled(scope, side)))
        return;
    if (!other->has_columns || (side->carry.is_text && !is_known(work, side, other)))
        work->has_probe = true;
    give_all(work, scope, side, other, is_equality && work->is_holding);
    give_all(work, scope, side, side, false); /* "strpos(c.email, v.e) = 1" */
}

void
compare_sides(struct plan_work *work, const struct scope *scope, bool is_equality,
              const struct side sides[2])
{
    weigh(work, scope, is_equality, &sides[0], &sides[1]);
    weigh(work, scope, is_equality, &sides[1], &sides[0]);
}

bool
compare_is_equality(PgQuery__Node *const *names, size_t count)
{
    static const char *const operators[] = {"=", "~", "~*", "~~", "~~*"};
    const char *name = sql_last_name(names, count);

    for (size_t i = 0; name && i < COUNT_OF(operators); i++)
        if (strcmp(name, operators[i]) == 0)
            return true;
    return false;
}

/* Equality and patterns: with a constant on one side, the answer pins a person. */
static bool
is_equality(const PgQuery__AExpr *expression)
{
    switch (expression->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
        return true;
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
        return compare_is_equality(expression->name, expression->n_name);
    default:
        return false;
    }
}

__attribute__((noinline)) void
compare_operator(struct plan_work *work, const struct scope *scope,
                 const PgQuery__AExpr *expression, struct carry *into)
{
    struct side sides[2] = {0};

    compare_look(work, scope, expression->lexpr, &sides[0]);
    compare_look(work, scope, expression->rexpr, &sides[1]);
    if (expression->lexpr)
        compare_sides(work, scope, is_equality(expression), sides);
    certain_operator(work, expression, sides);
    carry_add(into, &sides[0].carry);
    carry_add(into, &sides[1].carry);
}

/* CASE x WHEN a: x = a. */
__attribute__((noinline)) void
compare_case(struct plan_work *work, const struct scope *scope, const PgQuery__CaseExpr *expression,
             struct carry *into)
{
    struct side sides[2] = {0};

    compare_look(work, scope, expression->arg, &sides[0]);
    carry_add(into, &sides[0].carry);
    for (size_t i = 0; i < expression->n_args; i++) {
        const PgQuery__Node *when = expression->args[i];

        if (!when || when->node_case != PG_QUERY__NODE__NODE_CASE_WHEN)
            continue;
        sides[1] = (struct side){.is_blank = false};
        compare_look(work, scope, when->case_when->expr, &sides[1]);
        compare_sides(work, scope, true, sides);
        if (i > 0) /* it is looked at where the one before is another */
            sides[1].carry.certain.shown = 0;
        carry_add(into, &sides[1].carry);
    }
}

/* ---- conditions ---- */

/* One that is no comparison: a function's answer. */
__attribute__((noinline)) static void
judge_leaf(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
           struct carry *into)
{
    struct side side = {.is_blank = false};

    compare_look(work, scope, node, &side);
    carry_add(into, &side.carry);
    if (carry_is_empty(&side.carry))
        return;
    work->has_test = true;
    if (!side.carry.is_text || node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF)
        return;
    work->has_probe = true;
    give_all(work, scope, &side, &side, work->is_holding);
}

void
compare_condition(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
                  struct carry *into)
{
    bool is_holding = work->is_holding;

    if (!node || !work_spend(work, 1))
        return;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        work->is_holding &= node->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR;
        for (size_t i = 0; i < node->bool_expr->n_args; i++)
            compare_condition(work, scope, node->bool_expr->args[i], into);
        work->is_holding = is_holding;
        return;
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        work->is_holding &= node->boolean_test->booltesttype == PG_QUERY__BOOL_TEST_TYPE__IS_TRUE;
        compare_condition(work, scope, node->boolean_test->arg, into);
        work->is_holding = is_holding;
        return;
    case PG_QUERY__NODE__NODE_A_EXPR:
        expression_carry(work, scope, node, into);
        return;
    case PG_QUERY__NODE__NODE_SUB_LINK:
        if (node->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK)
            judge_leaf(work, scope, node, into);
        else
            expression_carry(work, scope, node, into);
        return;
    default:
        judge_leaf(work, scope, node, into);
    }
}

/* What JOIN USING has made one column of. */
static void
judge_merged(struct plan_work *work, const struct scope *scope, const struct merged *merged)
{
    const struct output *sides[2] = {root_of(merged->left), root_of(merged->right)};
    struct output *const all[3] = {merged->left, merged->right, merged->one};

    for (size_t i = 0; i < 2; i++) {
        const struct carry *carry = sides[i]->carry;
        const struct output *other = sides[1 - i];
        struct carry given;

        if (!carry || carry_is_empty(carry))
            continue;
        given = *carry;
        certainty_blur(&given.certain); /* an outer join need not have that row */
        work->has_test = true;
        if (carry->is_text && !(other->is_plain && (other->is_key || other->carry)))
            work->has_probe = true;
        for (size_t k = 0; k < COUNT_OF(all); k++)
            give_column(work, scope, all[k], k == 1 - i ? &given : carry);
    }
}

static void
judge_within(struct plan_work *work, const struct scope *scope, const struct condition *condition)
{
    struct carry ignored = {0};
    bool is_holding = work->is_holding;

    scope_enter(scope, condition);
    work->is_holding = true;
    compare_condition(work, scope, condition->node, &ignored);
    work->is_holding = is_holding;
    scope_leave(scope, condition);
}

/* Copies that were made in a join that was still being read. */
static void
refresh(struct plan_work *work, struct output *first)
{
    for (struct output *o = first; o && work_spend(work, 1); o = o->next) {
        const struct carry *carry = root_of(o)->carry;
        struct carry sum;

        if (!carry || carry == o->carry)
            continue;
        sum = *carry;
        if (o->carry)
            carry_add(&sum, o->carry);
        o->carry = carry_keep(work, &sum);
    }
}

void
compare_conditions(struct plan_work *work, const struct scope *scope)
{
    size_t before;

    do { /* what one gives to a column, another may pass on */
        before = *scope->given;
        for (const struct condition *c = scope->conditions; c; c = c->next)
            judge_within(work, scope, c);
        for (const struct merged *m = scope->merged; m; m = m->next)
            judge_merged(work, scope, m);
        if (*scope->given != before)
            from_look_again(work, scope);
    } while (*scope->given != before && work_spend(work, 1));
    if (*scope->given == 0)
        return;
    for (struct entry *e = scope->entries; e && work_spend(work, 1); e = e->next)
        refresh(work, e->columns.first);
    refresh(work, scope->columns.first);
}

/* ---- how many rows ---- */

void
compare_limit(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node)
{
    struct carry carry = {0};

    expression_carry(work, scope, node, &carry);
    if (!carry_is_empty(&carry))
        work->has_probe = true;
}

void
compare_calls(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
              struct carry *into)
{
    size_t sublinks = work->sublinks;
    struct carry carry = {0};

    expression_carry(work, scope, node, &carry);
    carry_add(into, &carry);
    if (carry_is_empty(&carry))
        return;
    work->has_test = true;
    if (work->sublinks != sublinks)
        work->has_probe = true;
}

static bool
is_probed(const struct output *output, const struct output *by)
{
    return output->carry && output->carry->is_text && !(by->is_plain && (by->is_key || by->carry));
}

void
compare_rows(struct plan_work *work, const struct outputs *left, const struct outputs *right,
             bool may_be_gone)
{
    const struct output *r = right->first;

    for (const struct output *l = left->first; l && r && work_spend(work, 1);
         l = l->next, r = r->next)
        if (is_probed(l, r) || is_probed(r, l)) {
            work->has_probe = true;
            work->has_given |= may_be_gone;
        }
}
