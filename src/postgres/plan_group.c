/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_group.h"

#include "postgres/plan_distinct.h"
#include "postgres/plan_group_shown.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_one.h"
#include "postgres/plan_pin.h"
#include "postgres/plan_pool.h"

/* Conditions with a constant on one side: no column is equal to somebody's value by them. */
static bool
compares_constants(const PgQuery__Node *node)
{
    if (!node)
        return false;
    if (node->node_case == PG_QUERY__NODE__NODE_A_EXPR)
        return node->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP && node->a_expr->lexpr &&
               (pin_is_constant(node->a_expr->lexpr) || pin_is_constant(node->a_expr->rexpr));
    if (node->node_case != PG_QUERY__NODE__NODE_BOOL_EXPR)
        return false;
    for (size_t i = 0; i < node->bool_expr->n_args; i++)
        if (!compares_constants(node->bool_expr->args[i]))
            return false;
    return true;
}

/* HAVING that compares somebody's values with others': these show them then. */
static bool
compares_values(struct plan_work *work, const PgQuery__SelectStmt *select,
                const struct scope *scope)
{
    bool had_given = work->has_given, had_probe = work->has_probe;
    bool had_pin = work->has_pin, had_test = work->has_test;
    struct carry carry = {0};

    if (compares_constants(select->having_clause))
        return false;
    expression_carry(work, scope, select->having_clause, &carry);
    work->has_given = had_given; /* it was judged before */
    work->has_probe = had_probe;
    work->has_pin = had_pin;
    work->has_test = had_test;
    return !carry_is_empty(&carry);
}

bool
group_has_sets(const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < select->n_group_clause; i++)
        if (select->group_clause[i]->node_case == PG_QUERY__NODE__NODE_GROUPING_SET)
            return true;
    return false;
}

/* As an item, of a list in parentheses, too: in an expression it is a value. */
static void
look_for_number(void *context, const ProtobufCMessage *message)
{
    static const ProtobufCMessageDescriptor *const lists[] = {
        &pg_query__node__descriptor, &pg_query__grouping_set__descriptor,
        &pg_query__list__descriptor, &pg_query__row_expr__descriptor};
    bool *is_found = context;

    *is_found |= message->descriptor == &pg_query__a__const__descriptor;
    for (size_t i = 0; i < COUNT_OF(lists) && !*is_found; i++)
        if (lists[i] == message->descriptor)
            sql_each_child(message, look_for_number, context);
}

/* ROLLUP (1): of a target, by its number. */
static bool
has_numbers(const PgQuery__SelectStmt *select)
{
    bool is_found = false;

    for (size_t i = 0; i < select->n_group_clause; i++)
        look_for_number(&is_found, &select->group_clause[i]->base);
    return is_found;
}

/* Whether some of its groups are taken of an order that nothing says. */
static bool
takes_any(const struct plan_work *work, const PgQuery__SelectStmt *select,
          const struct scope *scope)
{
    return select->n_group_clause > 0 && select->n_sort_clause == 0 &&
           (select->limit_count || select->limit_offset || (work->is_declaring && scope->is_top));
}

bool
group_can(struct plan_work *work, const PgQuery__SelectStmt *select, const struct scope *scope)
{
    if (!scope || select->n_locking_clause > 0 || takes_any(work, select, scope) ||
        compares_values(work, select, scope))
        return false;
    if (select->n_distinct_clause > 0)
        return distinct_can(work, select, scope);
    if (group_has_sets(select) && has_numbers(select))
        return false;
    for (size_t i = 0; i < select->n_target_list; i++)
        if (select->target_list[i]->node_case != PG_QUERY__NODE__NODE_RES_TARGET)
            return false;
    return select->n_group_clause > 0 || *scope->has_aggregate;
}

/* ---- rows that are alike ---- */

struct search {
    const struct plan_work *work;
    bool is_found;
};

/* Aggregates, what can be one, and queries of their own. */
static void
find_aggregate(void *context, const ProtobufCMessage *message)
{
    struct search *search = context;

    if (message->descriptor == &pg_query__func_call__descriptor) {
        const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)(const void *)message;
        struct function_facts facts =
            function_facts(search->work, call->funcname, call->n_funcname);

        search->is_found |= !shown_is_ordinary(call) || facts.may_aggregate || facts.is_user;
    }
    search->is_found |= message->descriptor == &pg_query__sub_link__descriptor;
    if (!search->is_found)
        sql_each_child(message, find_aggregate, search);
}

bool
group_is_alike(const struct plan_work *work, const PgQuery__Node *value)
{
    struct search search = {.work = work};

    find_aggregate(&search, &value->base);
    return !search.is_found;
}

/* ---- the columns ---- */

/* False where it is not known who they are, or their keys cannot be had. */
static bool
write_columns(struct shown *s, const PgQuery__Node *target, struct group_within *within)
{
    struct plan_work *work = s->work;
    const char *key, *tableoid;

    if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
        !shown_add(s, target->res_target->val))
        return false;
    key = injection_of_key(work, s->scope, s->entry, s->show, false);
    tableoid = injection_of_key(work, s->scope, s->entry, s->show, true);
    if (s->is_extreme) {
        within->keys =
            one_write_extreme(work, s->scope, s->entry, s->show, target->res_target->val);
        within->origin = within->keys ? injection_meaning(work, s->entry->range) : NULL;
    } else {
        within->keys = s->peak.value ? peak_write(work, &s->peak, &s->rows, key, s->show->key_type)
                       : s->is_one   ? one_write(work, key, tableoid)
                                     : group_write_keys(work, &s->rows, key);
        within->origin = group_write_origin(work, &s->rows, tableoid, s->entry->relation);
    }
    within->is_one = s->is_one;
    return within->keys && (within->origin || (s->entry->is_certain && !s->needs_origin));
}

bool
group_take(struct plan_work *work, struct injection *injection, const struct scope *scope,
           const PgQuery__SelectStmt *select, size_t direct, size_t item, struct group_keys *keys)
{
    const struct direct *of = &work->direct[direct];
    struct shown shown = {.work = work,
                          .scope = scope,
                          .entry = of->entry,
                          .show = of->show,
                          .place = direct,
                          .select = select};
    struct group_within written;

    if (!write_columns(&shown, select->target_list[item], &written))
        return false;
    keys->keys = injection_add_expression(injection, injection->result, written.keys);
    keys->origin = injection_add_expression(injection, injection->result, written.origin);
    keys->is_one = written.is_one;
    return keys->keys >= 0 && (keys->origin >= 0 || (of->entry->is_certain && !shown.needs_origin));
}

bool
group_within(struct plan_work *work, const struct query *query, unsigned bit,
             const PgQuery__Node *target, struct group_within *within)
{
    const struct inner *inner = &work->inner[bit];
    struct shown shown = {.work = work,
                          .scope = query->scope,
                          .entry = inner->entry,
                          .show = inner->show,
                          .place = bit,
                          .is_inner = true,
                          .select = query->select};

    const struct entry *entry = pool_entry(work, query->scope, bit);

    if (inner->show->key_part_count > 0 || !entry)
        return false;
    *within = (struct group_within){.keys = NULL};
    if (entry != inner->entry) {
        struct pool *pool = arena_new(&work->memory, 1, sizeof(*pool));

        within->pool = pool;
        if (!pool ||
            !pool_rows(work, query->scope, query->select, bit, target->res_target->val, pool))
            return false;
        within->is_one = pool->peak.value != NULL;
    } else if (!write_columns(&shown, target, within)) {
        return false;
    }
    within->is_aggregate = !group_is_alike(work, target->res_target->val);
    return true;
}
