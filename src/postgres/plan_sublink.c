/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_sublink.h"

#include "postgres/plan_call.h"
#include "postgres/plan_given.h"
#include "postgres/plan_group_shown.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_pool.h"
#include "postgres/plan_within.h"

/* ---- which ---- */

/* array_to_string(ARRAY(SELECT …), ','): the ARRAY. */
static const PgQuery__Node *
without_form(const struct plan_work *work, const PgQuery__Node *value)
{
    const PgQuery__Node *within = value ? shown_in_form(work, value) : NULL;

    return within && within->node_case == PG_QUERY__NODE__NODE_SUB_LINK &&
                   within->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK
               ? within
               : value;
}

static const PgQuery__SelectStmt *
query_of(const PgQuery__Node *value)
{
    const PgQuery__SubLink *link;

    if (!value || value->node_case != PG_QUERY__NODE__NODE_SUB_LINK)
        return NULL;
    link = value->sub_link;
    if ((link->sub_link_type != PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK &&
         link->sub_link_type != PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK) ||
        !link->subselect || link->subselect->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return NULL;
    return link->subselect->select_stmt;
}

/* All of its rows, of whatever it reads. */
static bool
takes_all(const PgQuery__SelectStmt *s)
{
    return s->op == PG_QUERY__SET_OPERATION__SETOP_NONE && !s->with_clause && !s->into_clause &&
           s->n_distinct_clause == 0 && s->n_group_clause == 0 && !s->having_clause &&
           s->n_window_clause == 0 && s->n_values_lists == 0 && !s->limit_count &&
           !s->limit_offset && s->n_locking_clause == 0 && s->n_from_clause > 0 &&
           s->n_target_list == 1 &&
           s->target_list[0]->node_case == PG_QUERY__NODE__NODE_RES_TARGET &&
           s->target_list[0]->res_target->val;
}

/* Tables and joins of them. */
static bool
is_steady_from(struct plan_work *work, const PgQuery__Node *from)
{
    const PgQuery__JoinExpr *join;

    if (!from)
        return false;
    if (from->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
        return true;
    if (from->node_case != PG_QUERY__NODE__NODE_JOIN_EXPR)
        return false;
    join = from->join_expr;
    return (!join->quals || group_is_steady(work, join->quals)) &&
           is_steady_from(work, join->larg) && is_steady_from(work, join->rarg);
}

static bool
is_steady(struct plan_work *work, const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < select->n_from_clause; i++)
        if (!is_steady_from(work, select->from_clause[i]))
            return false;
    return !select->where_clause || group_is_steady(work, select->where_clause);
}

/* Tables, and not all of them known by a condition: of an array that would not say whether it has
 * any row. */
static bool
may_ask(struct plan_work *work, const struct scope *scope, bool is_array)
{
    bool is_given = true;

    for (const struct entry *e = scope->entries; e; e = e->next) {
        if (!e->relation || !e->is_only || (e->relation->kind != 'r' && e->relation->kind != 'p'))
            return false;
        is_given &= given_is_of_one(work, scope, e);
    }
    return is_array || !is_given;
}

/* Its conditions: each row of what is around it is asked about twice. */
static bool
is_fixed_join(struct plan_work *work, const struct scope *scope, const PgQuery__Node *from)
{
    const PgQuery__JoinExpr *join =
        from->node_case == PG_QUERY__NODE__NODE_JOIN_EXPR ? from->join_expr : NULL;

    return !join ||
           ((!join->quals || group_is_fixed(work, scope, &join->quals->base)) &&
            is_fixed_join(work, scope, join->larg) && is_fixed_join(work, scope, join->rarg));
}

static bool
is_fixed(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < select->n_from_clause; i++)
        if (!is_fixed_join(work, scope, select->from_clause[i]))
            return false;
    return !select->where_clause || group_is_fixed(work, scope, &select->where_clause->base);
}

bool
sublink_read(struct plan_work *work, const struct scope *scope, const PgQuery__Node *value,
             struct sublink *sublink)
{
    const PgQuery__SelectStmt *select = query_of(value = without_form(work, value));
    struct plan_work before = *work;
    struct outputs columns = {0};
    bool is_array;

    if (!select || work->view_depth > 0 || call_is_text(work, select) || !takes_all(select) ||
        !is_steady(work, select))
        return false;
    is_array = value->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK;
    work->keeps_rows = true;
    *sublink = (struct sublink){.select = select};
    sublink->scope = query_columns(work, scope, scope->ctes, select, false, &columns);
    within_end_rows(work, &before);
    if (!sublink->scope || columns.is_open || columns.count != 1 || !columns.first->carry ||
        !may_ask(work, sublink->scope, is_array) || !is_fixed(work, sublink->scope, select))
        return false;
    sublink->is_array = is_array;
    within_rows(work, sublink->scope, select->target_list[0]->res_target->val, &sublink->rows);
    memset(sublink->rows.direct, 0, sizeof(sublink->rows.direct));
    sublink->tables = pool_tables(work, &sublink->rows);
    return sublink->tables != 0;
}

/* ---- how it is written ---- */

/* What stands behind the list of targets, up to an order. */
static const char *
tables_text(struct plan_work *work, const PgQuery__SelectStmt *select)
{
    int32_t at = select->target_list[0]->res_target->location;
    const struct sql_token *list, *tables;

    if (at < 0)
        return NULL;
    list = rewrite_last_token(work, (uint32_t)at, false);
    tables = rewrite_last_token(work, (uint32_t)at, true);
    if (!list || !tables || tables <= list ||
        !rewrite_note_copy(work, list->end, tables->end - list->end))
        return NULL;
    return arena_text(&work->memory, work->text + list->end, tables->end - list->end);
}

/* Whether those are the query's tables and condition, when they stand by themselves. */
static bool
is_meant(struct plan_work *work, const char *query, const PgQuery__SelectStmt *select)
{
    const PgQuery__SelectStmt *again;
    PgQuery__ParseResult *tree;

    if (sql_parse(&work->memory, query, &tree) != 0 || tree->n_stmts != 1 ||
        tree->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return false;
    again = tree->stmts[0]->stmt->select_stmt;
    if (!takes_all(again) || again->n_sort_clause > 0 ||
        again->n_from_clause != select->n_from_clause ||
        !again->where_clause != !select->where_clause)
        return false;
    for (size_t i = 0; i < again->n_from_clause; i++)
        if (!sql_is_same(&again->from_clause[i]->base, &select->from_clause[i]->base))
            return false;
    return !again->where_clause ||
           sql_is_same(&again->where_clause->base, &select->where_clause->base);
}

/* (SELECT … FROM …) */
static const char *
write_query(struct plan_work *work, const struct sublink *sublink, const char *value)
{
    const char *tables = tables_text(work, sublink->select);
    size_t size = (tables ? strlen(tables) : 0) + (value ? strlen(value) : 0) + 16;
    char *text = tables && value ? arena_new(&work->memory, size, 1) : NULL;

    if (!text)
        return NULL;
    snprintf(text, size, "SELECT %s%s", value, tables);
    if (!is_meant(work, text, sublink->select))
        return NULL;
    snprintf(text, size, "(SELECT %s%s)", value, tables);
    return text;
}

bool
sublink_take(struct plan_work *work, struct injection *injection, const struct sublink *sublink,
             unsigned bit, int columns[2])
{
    const struct inner *inner = &work->inner[bit];
    struct shown shown = {.work = work,
                          .scope = sublink->scope,
                          .entry = pool_entry(work, sublink->scope, bit),
                          .show = inner->show,
                          .place = bit,
                          .is_inner = true,
                          .select = sublink->select};
    const char *key, *origin;

    if (!shown.entry || shown.entry != inner->entry || inner->show->key_part_count > 0 ||
        inner->show->key_type == CATALOG_KEY_NONE ||
        !shown_add(&shown, sublink->select->target_list[0]->res_target->val) || shown.is_one ||
        (sublink->is_array && shown.rows.count == 0)) /* elements do not tell which are null */
        return false;
    key = injection_of_key(work, sublink->scope, shown.entry, shown.show, false);
    origin = injection_of_key(work, sublink->scope, shown.entry, shown.show, true);
    if (!key || !origin)
        return false;
    key = write_query(work, sublink, group_write_keys(work, &shown.rows, key));
    origin = write_query(work, sublink,
                         group_write_origin(work, &shown.rows, origin, shown.entry->relation));
    columns[0] = injection_add_expression(injection, injection->result, key);
    columns[1] = injection_add_expression(injection, injection->result, origin);
    return columns[0] >= 0 && columns[1] >= 0;
}
