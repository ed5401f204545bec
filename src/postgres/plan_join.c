/* SPDX-License-Identifier: Apache-2.0 */
/* JOIN: which columns are merged, what holds for every row, what a join's alias hides. */
#include "postgres/plan_lineage.h"

void
from_add_condition(struct plan_work *work, struct scope *scope, const PgQuery__Node *node,
                   bool holds)
{
    struct condition *condition;

    if (!node)
        return;
    condition = arena_new(&work->memory, 1, sizeof(*condition));
    if (!condition)
        return;
    *condition = (struct condition){.next = scope->conditions, .node = node, .holds = holds};
    scope->conditions = condition;
}

/* Only once all of FROM is there: a condition may name any of it. No aggregate of this query can
 * stand in one: what looks like one does not count. */
void
from_judge(struct plan_work *work, struct scope *scope)
{
    bool before = *scope->has_aggregate;

    compare_conditions(work, scope);
    *scope->has_aggregate = before;
}

/* Takes the column of a name out of a list. */
static struct output *
take_column(struct plan_work *work, struct outputs *outputs, const char *name)
{
    struct output *before = NULL;

    for (struct output *o = outputs->first; o && work_spend(work, 1); before = o, o = o->next) {
        if (!o->name || strcmp(o->name, name) != 0)
            continue;
        if (before)
            before->next = o->next;
        else
            outputs->first = o->next;
        if (outputs->last == o)
            outputs->last = before;
        outputs->count--;
        o->next = NULL;
        return o;
    }
    return NULL;
}

static void
add_merged(struct plan_work *work, struct scope *scope, struct output *left, struct output *right,
           struct output *one)
{
    struct merged *merged = arena_new(&work->memory, 1, sizeof(*merged));

    if (!merged)
        return;
    *merged = (struct merged){scope->merged, left, right, one};
    scope->merged = merged;
}

/* One column in the place of two: the left one, or the right one of a right join, or neither. */
static void
merge(struct plan_work *work, struct scope *scope, const PgQuery__JoinExpr *join, bool holds,
      const char *name, struct outputs *sides, struct outputs *merged)
{
    struct output *left = take_column(work, &sides[0], name);
    struct output *right = take_column(work, &sides[1], name);
    struct carry carry = {0};
    struct output *one;
    const struct output *kept;

    if (!left || !right) {
        merged->is_open = true; /* an error, or a column that is not known */
        scope->merges_open = true;
        carry_add(&merged->rest, left && left->carry ? left->carry : &sides[0].rest);
        carry_add(&merged->rest, right && right->carry ? right->carry : &sides[1].rest);
        return;
    }
    if (left->carry)
        carry_add(&carry, left->carry);
    if (right->carry)
        carry_add(&carry, right->carry);
    one = outputs_add(work, merged, name, carry_keep(work, &carry));
    if (!one)
        return;
    one->is_plain = left->is_plain && right->is_plain;
    one->is_key = left->is_key || right->is_key;
    kept = join->jointype == PG_QUERY__JOIN_TYPE__JOIN_RIGHT ? right : left;
    if (join->jointype != PG_QUERY__JOIN_TYPE__JOIN_FULL) {
        one->entry = kept->entry;
        one->attribute = kept->attribute;
    }
    if (holds && join->jointype == PG_QUERY__JOIN_TYPE__JOIN_INNER && work->catalog &&
        !catalog_has_own_equality(work->catalog))
        scope_note_equal(scope, left, right);
    add_merged(work, scope, left, right, one);
}

static bool
has_column(struct plan_work *work, const struct outputs *outputs, const char *name)
{
    for (const struct output *o = outputs->first; o && work_spend(work, 1); o = o->next)
        if (o->name && strcmp(o->name, name) == 0)
            return true;
    return false;
}

/* Any of these columns may be one with a column of the other side's that is not known. */
static void
merge_unknown(struct plan_work *work, struct outputs *outputs, const struct carry *unknown)
{
    for (struct output *o = outputs->first; o && work_spend(work, 1); o = o->next) {
        struct carry carry = *unknown;

        if (o->carry)
            carry_add(&carry, o->carry);
        o->carry = carry_keep(work, &carry);
        o->entry = NULL;
        o->keys = o->groups = 0;
        o->stored = (struct plan_stored){0};
        o->is_plain = o->is_key = false;
    }
}

static void
merge_natural(struct plan_work *work, struct scope *scope, const PgQuery__JoinExpr *join,
              bool holds, struct outputs *sides, struct outputs *merged)
{
    struct output *next;

    for (struct output *o = sides[0].first; o && work_spend(work, 1); o = next) {
        next = o->next;
        if (o->name && has_column(work, &sides[1], o->name))
            merge(work, scope, join, holds, o->name, sides, merged);
    }
    for (size_t i = 0; i < 2; i++)
        if (sides[i].is_open) {
            merged->is_open = scope->merges_open = true;
            merge_unknown(work, &sides[1 - i], &sides[i].rest);
        }
}

static void
add_using_alias(struct plan_work *work, struct scope *scope, const PgQuery__Alias *alias,
                const struct outputs *merged)
{
    struct entry *entry = alias ? scope_add(work, scope, alias->aliasname) : NULL;

    if (!entry)
        return;
    entry->is_qualified_only = true;
    outputs_share(work, &entry->columns, merged);
}

/* A join with an alias is one table to everybody outside. */
static struct outputs
put_alias(struct plan_work *work, struct scope *scope, struct entry *before,
          const struct condition *conditions, const PgQuery__Alias *alias,
          const struct outputs *columns)
{
    struct outputs copy = {0};
    struct entry *entry;

    for (struct entry *e = before ? before->next : scope->entries; e; e = e->next) {
        e->is_hidden = true;
        if (!e->join)
            e->join = alias;
    }
    for (struct condition *c = scope->conditions; c != conditions; c = c->next)
        if (!c->join)
            c->join = alias;
    entry = scope_add(work, scope, alias->aliasname);
    if (entry) {
        outputs_share(work, &entry->columns, columns);
        outputs_rename(work, &entry->columns, alias->colnames, alias->n_colnames);
        outputs_share(work, &copy, &entry->columns);
    }
    return copy;
}

struct outputs
from_join(struct plan_work *work, struct scope *scope, const PgQuery__JoinExpr *join, bool holds)
{
    bool is_inner = join->jointype == PG_QUERY__JOIN_TYPE__JOIN_INNER;
    bool left_holds = is_inner || join->jointype == PG_QUERY__JOIN_TYPE__JOIN_LEFT;
    bool right_holds = is_inner || join->jointype == PG_QUERY__JOIN_TYPE__JOIN_RIGHT;
    struct entry *before = scope->last;
    const struct condition *conditions = scope->conditions;
    struct outputs sides[2], merged = {0};

    sides[0] = from_item(work, scope, join->larg, holds && left_holds);
    sides[1] = from_item(work, scope, join->rarg, holds && right_holds);
    if (join->is_natural)
        merge_natural(work, scope, join, holds, sides, &merged);
    for (size_t i = 0; i < join->n_using_clause; i++) {
        const char *name = sql_string(join->using_clause[i]);

        if (name)
            merge(work, scope, join, holds, name, sides, &merged);
    }
    add_using_alias(work, scope, join->join_using_alias, &merged);
    from_add_condition(work, scope, join->quals, holds && is_inner);
    outputs_append(&merged, &sides[0]);
    outputs_append(&merged, &sides[1]);
    return join->alias ? put_alias(work, scope, before, conditions, join->alias, &merged) : merged;
}
