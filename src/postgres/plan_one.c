/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_one.h"

#include "postgres/plan_distinct.h"
#include "postgres/plan_inject.h"

enum { TEXT_ROOM = 16 * CATALOG_NAME_SIZE };

bool
one_has_key(const struct catalog_show *show)
{
    return show->key_part_count == 0 && show->key_type >= CATALOG_KEY_INT2 &&
           show->key_type <= CATALOG_KEY_INT8;
}

/* ---- groups of one person ---- */

struct search {
    const struct plan_work *work;
    const PgQuery__FuncCall *whole; /* the value itself, if it is a call */
    bool is_found;
};

/* What can speak of other rows: functions and operators of a user's, windows, queries. With a
 * FILTER an aggregate need not be of any row, and has to be null then. */
static void
find_stranger(void *context, const ProtobufCMessage *message)
{
    struct search *search = context;

    if (message->descriptor == &pg_query__func_call__descriptor) {
        const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)(const void *)message;
        struct function_facts facts =
            function_facts(search->work, call->funcname, call->n_funcname);

        search->is_found |= !facts.name || !facts.is_known || facts.is_user || facts.is_opaque ||
                            call->over || (call->agg_filter && call != search->whole);
    }
    if (message->descriptor == &pg_query__a__expr__descriptor) {
        const PgQuery__AExpr *expression = (const PgQuery__AExpr *)(const void *)message;

        search->is_found |=
            names_is_foreign_operator(search->work, expression->name, expression->n_name);
    }
    search->is_found |=
        message->descriptor == &pg_query__sub_link__descriptor ||
        (message->descriptor == &pg_query__type_cast__descriptor &&
         names_is_foreign_type(search->work,
                               ((const PgQuery__TypeCast *)(const void *)message)->type_name));
    if (!search->is_found)
        sql_each_child(message, find_stranger, search);
}

/* What an item of GROUP BY is: a number is that of a target. */
static const PgQuery__Node *
group_item(const PgQuery__SelectStmt *select, const PgQuery__Node *item)
{
    const PgQuery__Node *target;

    if (item->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return item;
    if (item->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL || item->a_const->ival->ival < 1 ||
        (size_t)item->a_const->ival->ival > select->n_target_list)
        return NULL;
    target = select->target_list[item->a_const->ival->ival - 1];
    return target->node_case == PG_QUERY__NODE__NODE_RES_TARGET ? target->res_target->val : NULL;
}

/* Or by what shows a person: of one name there is often one alone. */
static bool
is_by_person(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select)
{
    bool had_stray = work->has_stray, is_person = false;

    for (size_t i = 0; i < select->n_group_clause; i++) {
        const PgQuery__Node *item = group_item(select, select->group_clause[i]);
        struct found found;

        if (!item || item->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
            continue;
        scope_find(work, scope, item->column_ref, &found);
        is_person |= found.output && (found.output->is_key || !carry_is_empty(&found.carry));
    }
    work->has_stray = had_stray;
    return is_person;
}

bool
one_may_be(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select,
           const struct catalog_show *show, const PgQuery__Node *value)
{
    struct search search = {.work = work};

    if (!one_has_key(show) || !is_by_person(work, scope, select))
        return false;
    if (value->node_case == PG_QUERY__NODE__NODE_FUNC_CALL)
        search.whole = value->func_call;
    find_stranger(&search, &value->base);
    return !search.is_found;
}

const char *
one_write(struct plan_work *work, const char *key, const char *tableoid)
{
    char text[TEXT_ROOM];
    int length;

    if (!key || !tableoid)
        return NULL;
    length = snprintf(text, sizeof(text),
                      "CASE WHEN pg_catalog.count(%s) OPERATOR(pg_catalog.=) pg_catalog.count(%s)"
                      " AND pg_catalog.min(%s) OPERATOR(pg_catalog.=) pg_catalog.max(%s)"
                      " THEN ARRAY[pg_catalog.min(%s)] END",
                      key, tableoid, key, key, key);
    return length > 0 && (size_t)length < sizeof(text)
               ? arena_text(&work->memory, text, (size_t)length)
               : NULL;
}

/* ---- the least and the greatest of a table ---- */

/* The column that min or max is of. */
static const struct output *
extreme_column(struct plan_work *work, const struct scope *scope, const PgQuery__Node *value,
               const char **name)
{
    const PgQuery__FuncCall *call =
        value->node_case == PG_QUERY__NODE__NODE_FUNC_CALL ? value->func_call : NULL;
    struct function_facts facts;
    struct found found;

    if (!call || call->n_args != 1 || call->over || call->agg_filter || call->agg_within_group ||
        call->agg_distinct || call->n_agg_order > 0 || call->func_variadic ||
        call->args[0]->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return NULL;
    facts = function_facts(work, call->funcname, call->n_funcname);
    if (!facts.name || !facts.is_known || facts.is_user || facts.is_opaque ||
        (strcmp(facts.name, "min") != 0 && strcmp(facts.name, "max") != 0))
        return NULL;
    *name = facts.name;
    scope_find(work, scope, call->args[0]->column_ref, &found);
    return found.output;
}

bool
one_is_extreme(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select,
               const struct entry *entry, const PgQuery__Node *value)
{
    const struct output *column;
    const char *name;

    if (select->n_from_clause != 1 || select->where_clause || select->n_group_clause > 0 ||
        select->having_clause || select->with_clause || select->n_distinct_clause > 0 ||
        select->n_locking_clause > 0 || scope->outer || scope->entries != entry || entry->next ||
        !entry->is_only || !entry->relation || entry->relation->kind != 'r' || !entry->range ||
        !entry->range->inh || entry->alias_count > 0 ||
        select->from_clause[0]->node_case != PG_QUERY__NODE__NODE_RANGE_VAR)
        return false;
    column = extreme_column(work, scope, value, &name);
    return column && column->entry == entry && column->attribute > 0 && !column->is_written &&
           distinct_is_strict(entry->relation, column->attribute);
}

/* The name of a table of FROM, with its schema if it is there told. */
static bool
write_table(struct writer *w, const PgQuery__RangeVar *range)
{
    const char *names[2] = {range->schemaname, range->relname};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!names[i] || !names[i][0])
            continue;
        if (strchr(names[i], '"'))
            return false;
        writer_u8(w, '"');
        writer_bytes(w, names[i], strlen(names[i]));
        writer_bytes(w, "\".", i == 0 ? 2 : 1);
    }
    return true;
}

const char *
one_write_extreme(struct plan_work *work, const struct scope *scope, const struct entry *entry,
                  const struct catalog_show *show, const PgQuery__Node *value)
{
    const char *name = NULL;
    const struct output *column = extreme_column(work, scope, value, &name);
    const char *key = injection_of_table(work, scope, entry, show->key_column, false);
    const char *origin = injection_of_table(work, scope, entry, show->key_column, true);
    const char *meaning = injection_meaning(work, entry->range);
    const char *own = column ? injection_column(work, scope, entry, column->name) : NULL;
    const char *key_name = key ? strstr(key, "\".\"") : NULL;
    const char *own_name = own ? strstr(own, "\".\"") : NULL;
    char table[2 * CATALOG_NAME_SIZE + 8], text[TEXT_ROOM];
    struct writer w = writer_of(table, sizeof(table) - 1);
    int length;

    if (!key_name || !own_name || !origin || !meaning || !write_table(&w, entry->range) ||
        writer_end(&w) < 0)
        return NULL;
    table[writer_length(&w)] = '\0';
    length = snprintf(
        text, sizeof(text),
        "(SELECT CASE WHEN pg_catalog.count(q.k) OPERATOR(pg_catalog.=) pg_catalog.count(*)"
        " AND pg_catalog.min(q.k) OPERATOR(pg_catalog.=) pg_catalog.max(q.k)"
        " AND pg_catalog.min(q.t) OPERATOR(pg_catalog.=) %s"
        " AND pg_catalog.max(q.t) OPERATOR(pg_catalog.=) %s"
        " THEN ARRAY[pg_catalog.min(q.k)] END FROM (SELECT p.%s AS k, p.tableoid AS t FROM %s AS p"
        " WHERE p.%s OPERATOR(pg_catalog.=) pg_catalog.%s(%s)) AS q)",
        meaning, meaning, key_name + 2, table, own_name + 2, name, own);
    return length > 0 && (size_t)length < sizeof(text)
               ? arena_text(&work->memory, text, (size_t)length)
               : NULL;
}
