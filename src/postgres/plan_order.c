/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_order.h"

#include "postgres/plan_distinct.h"
#include "postgres/shadow_query.h"

enum { CHAIN_MAX = 32, NAMES_MAX = 64 };

static bool
is_cut(const PgQuery__SelectStmt *select)
{
    return select->limit_count || select->limit_offset;
}

/* ---- groups that are read ---- */

struct seeing {
    const struct plan_work *work;
    const char *names[NAMES_MAX]; /* of queries in WITH, whatever they are */
    size_t name_count;
    size_t groups, readings; /* queries with groups, and names that can be such queries, so far */
    bool is_seen;
};

static void
list_names(void *context, const ProtobufCMessage *message)
{
    struct seeing *s = context;

    if (message->descriptor == &pg_query__common_table_expr__descriptor) {
        s->is_seen |= s->name_count == NAMES_MAX;
        if (!s->is_seen)
            s->names[s->name_count++] = ((const PgQuery__CommonTableExpr *)message)->ctename;
    }
    if (!s->is_seen)
        sql_each_child(message, list_names, s);
}

static bool
is_listed(const struct seeing *s, const PgQuery__RangeVar *range)
{
    for (size_t i = 0; i < s->name_count; i++)
        if (strcmp(s->names[i], range->relname) == 0)
            return true;
    return false;
}

/* Windows and aggregates of a query's own. */
static void
look_for_order(void *context, const ProtobufCMessage *message)
{
    struct seeing *s = context;

    if (message->descriptor == &pg_query__select_stmt__descriptor)
        return;
    if (message->descriptor == &pg_query__func_call__descriptor) {
        const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)message;

        s->is_seen |= call->over || call->agg_within_group ||
                      function_facts(s->work, call->funcname, call->n_funcname).may_aggregate;
    }
    if (!s->is_seen)
        sql_each_child(message, look_for_order, s);
}

static void
look_at_queries(void *context, const ProtobufCMessage *message)
{
    struct seeing *s = context;
    const PgQuery__SelectStmt *select = (const PgQuery__SelectStmt *)message;
    size_t groups = s->groups, readings = s->readings;

    if (s->is_seen)
        return;
    sql_each_child(message, look_at_queries, s);
    if (message->descriptor == &pg_query__range_var__descriptor)
        s->readings += is_listed(s, (const PgQuery__RangeVar *)message);
    if (message->descriptor != &pg_query__select_stmt__descriptor)
        return;
    if (s->groups > groups || s->readings > readings) {
        s->is_seen |= is_cut(select) || select->n_window_clause > 0 ||
                      (select->n_distinct_clause > 0 && !distinct_is(select));
        sql_each_child(message, look_for_order, s);
    }
    s->groups += select->n_group_clause > 0;
}

bool
order_is_seen(const struct plan_work *work, const PgQuery__SelectStmt *select)
{
    struct seeing s = {.work = work};

    list_names(&s, &select->base);
    look_at_queries(&s, &select->base);
    return s.is_seen;
}

/* ---- rows that are handed on ---- */

static void
look_for_query(void *context, const ProtobufCMessage *message)
{
    bool *has_query = context;

    *has_query |= message->descriptor == &pg_query__sub_link__descriptor;
    if (!*has_query)
        sql_each_child(message, look_for_query, context);
}

/* Its own lists and conditions have no queries (which could make joins), windows or aggregates. */
static bool
is_row_by_row(const struct plan_work *work, const PgQuery__SelectStmt *select)
{
    struct seeing s = {.work = work};
    bool has_query = false;

    for (size_t i = 0; i < select->n_target_list; i++) {
        look_for_query(&has_query, &select->target_list[i]->base);
        look_for_order(&s, &select->target_list[i]->base);
    }
    if (select->where_clause)
        look_for_query(&has_query, &select->where_clause->base);
    return !has_query && !s.is_seen && select->op == PG_QUERY__SET_OPERATION__SETOP_NONE &&
           select->n_from_clause == 1 && select->n_values_lists == 0 &&
           select->n_distinct_clause == 0 && select->n_group_clause == 0 &&
           !select->having_clause && select->n_window_clause == 0 && select->n_sort_clause == 0 &&
           select->n_locking_clause == 0;
}

static bool
hands_on(const struct plan_work *work, const PgQuery__Node *query, unsigned depth)
{
    const PgQuery__SelectStmt *select;
    const PgQuery__Node *from;

    if (!query || query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT || depth > CHAIN_MAX)
        return false;
    select = query->select_stmt;
    if (distinct_is(select)) /* itself in an order, or it is left as it is */
        return true;
    if (!is_row_by_row(work, select))
        return false;
    for (size_t i = 0; select->with_clause && i < select->with_clause->n_ctes; i++)
        if (select->with_clause->recursive ||
            !hands_on(work, select->with_clause->ctes[i]->common_table_expr->ctequery, depth + 1))
            return false;
    from = select->from_clause[0];
    return from->node_case == PG_QUERY__NODE__NODE_RANGE_VAR ||
           (from->node_case == PG_QUERY__NODE__NODE_RANGE_SUBSELECT &&
            hands_on(work, from->range_subselect->subquery, depth + 1));
}

static void
look_for_cut(void *context, const ProtobufCMessage *message)
{
    bool *is_found = context;

    if (message->descriptor == &pg_query__select_stmt__descriptor)
        *is_found |= is_cut((const PgQuery__SelectStmt *)message);
    if (!*is_found)
        sql_each_child(message, look_for_cut, context);
}

bool
order_has_cut(const PgQuery__SelectStmt *select)
{
    bool is_found = false;

    for (size_t i = 0; i < select->n_from_clause; i++)
        look_for_cut(&is_found, &select->from_clause[i]->base);
    if (select->with_clause)
        look_for_cut(&is_found, &select->with_clause->base);
    return is_found;
}

/* Whether it cannot fail; what DISTINCT itself shows plan_distinct.c looks at. */
static bool
cannot_fail(struct plan_work *work, const PgQuery__SelectStmt *select)
{
    PgQuery__SelectStmt rows = *select;

    if (distinct_is(select))
        rows.n_target_list = rows.n_distinct_clause = 0;
    return shadow_cannot_fail(work, &rows);
}

bool
order_is_kept(struct plan_work *work, const PgQuery__SelectStmt *select)
{
    PgQuery__Node query = PG_QUERY__NODE__INIT;
    bool has_cut = false;

    query.node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    query.select_stmt = (PgQuery__SelectStmt *)(uintptr_t)select;
    look_for_cut(&has_cut, &select->base);
    return hands_on(work, &query, 0) && (!has_cut || cannot_fail(work, select));
}
