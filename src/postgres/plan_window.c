/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_window.h"

#include "postgres/plan_lineage.h"
#include "postgres/plan_one.h"
#include "postgres/plan_peak.h"
#include "postgres/plan_pin.h"
#include "postgres/plan_text.h"
#include "postgres/plan_within.h"

enum { TEXT_ROOM = 4096 };

/* ---- which ---- */

/* Of these it is one row's value, or null where there is no such row. */
static const char *const of_a_row[] = {"lag", "lead", "first_value", "last_value", "nth_value"};
/* Of these it is null where all values are. */
static const char *const of_many[] = {"sum",        "avg",       "min",      "max",
                                      "string_agg", "array_agg", "json_agg", "jsonb_agg"};
/* Of these each value is in it. */
static const char *const of_all[] = {"string_agg", "array_agg", "json_agg", "jsonb_agg"};

static bool
is_of_a_row(const struct plan_work *work, const PgQuery__FuncCall *call)
{
    return function_is_one_of(work, call, of_a_row, COUNT_OF(of_a_row));
}

static bool
is_number(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
           node->a_const->val_case == PG_QUERY__A__CONST__VAL_IVAL && !node->a_const->isnull;
}

static bool
has_plain_arguments(const struct plan_work *work, const PgQuery__FuncCall *call)
{
    if (call->agg_star || call->agg_distinct || call->agg_within_group || call->func_variadic ||
        call->n_agg_order > 0 || call->n_args == 0 || call->n_args > 3)
        return false;
    if (is_of_a_row(work, call)) /* a default is nobody's */
        return !call->agg_filter && (call->n_args == 1 || is_number(call->args[1])) &&
               (call->n_args < 3 || call->args[2]->node_case == PG_QUERY__NODE__NODE_A_CONST);
    if (call->n_args > 2 || call->args[0]->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return false;
    return function_is_one_of(work, call, of_many, COUNT_OF(of_many)) &&
           (call->n_args == 1 || pin_is_constant(call->args[1]));
}

/* ---- its window ---- */

/* What WINDOW says of the name that it has, or builds upon. */
static const PgQuery__WindowDef *
definition_of(const PgQuery__SelectStmt *select, const PgQuery__WindowDef *window)
{
    const char *name = window->name[0] ? window->name : window->refname;

    for (size_t i = 0; name[0] && i < select->n_window_clause; i++)
        if (select->window_clause[i]->node_case == PG_QUERY__NODE__NODE_WINDOW_DEF &&
            strcmp(select->window_clause[i]->window_def->name, name) == 0)
            return select->window_clause[i]->window_def;
    return window;
}

/* Whether rows that it takes together can well be of one person. */
static bool
is_by_key(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select,
          const PgQuery__WindowDef *window)
{
    bool had_stray = work->has_stray, is_key = false;

    window = definition_of(select, window);
    for (size_t i = 0; i < window->n_partition_clause; i++) {
        const PgQuery__Node *item = window->partition_clause[i];
        struct found found;

        if (!item || item->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
            continue;
        scope_find(work, scope, item->column_ref, &found);
        is_key |= found.output && found.output->is_key;
    }
    work->has_stray = had_stray;
    return is_key;
}

struct windows {
    const PgQuery__WindowDef *first;
    bool are_several;
};

static void
look_for_window(void *context, const ProtobufCMessage *message)
{
    struct windows *windows = context;

    if (message->descriptor == &pg_query__func_call__descriptor) {
        const PgQuery__WindowDef *over = ((const PgQuery__FuncCall *)(const void *)message)->over;

        if (over && !windows->first)
            windows->first = over;
        else if (over && !sql_is_same(&over->base, &windows->first->base))
            windows->are_several = true;
    }
    if (!windows->are_several)
        sql_each_child(message, look_for_window, windows);
}

static bool
may_come_first(const PgQuery__SelectStmt *select)
{
    struct windows windows = {NULL, false};

    if (select->n_sort_clause > 0)
        return true;
    for (size_t i = 0; i < select->n_target_list; i++)
        look_for_window(&windows, &select->target_list[i]->base);
    return !windows.are_several;
}

/* What must not stand in the text twice: queries, in which columns may be hidden, and parameters
 * whose types may hang upon where they come first. */
static void
look_for_obstacle(void *context, const ProtobufCMessage *message)
{
    bool *is_found = context;

    *is_found |= message->descriptor == &pg_query__sub_link__descriptor ||
                 message->descriptor == &pg_query__param_ref__descriptor;
    if (!*is_found)
        sql_each_child(message, look_for_obstacle, context);
}

/* ---- how it is written ---- */

/* OVER (…), as it stands behind the call; NULL where that is not found. */
static const char *
written(struct plan_work *work, const PgQuery__FuncCall *call)
{
    struct token_range range = text_range(work, (uint32_t)call->location, (uint32_t)work->length);
    const struct sql_token *t = range.first, *end = range.end, *last;
    const uint8_t *text = (const uint8_t *)work->text;

    while (t < end && t->kind != '(')
        t++;
    t = text_behind(t, end);
    if (t && t < end && t->kind == PG_QUERY__TOKEN__FILTER)
        t = text_behind(t + 1, end);
    if (!t || t + 1 >= end || t->kind != PG_QUERY__TOKEN__OVER)
        return NULL;
    last = call->over->name[0] ? t + 2 : text_behind(t + 1, end);
    return last ? arena_text(&work->memory, (const char *)text + t->start, last[-1].end - t->start)
                : NULL;
}

/* Whether that text is the call's window, when it stands by itself. */
static bool
is_meant(struct plan_work *work, const char *over, const PgQuery__WindowDef *window)
{
    static const char before[] = "SELECT count(*) ";
    size_t size = sizeof(before) + strlen(over);
    char *query = arena_new(&work->memory, size, 1);
    PgQuery__ParseResult *tree = NULL;
    const PgQuery__Node *node;

    if (!query)
        return false;
    snprintf(query, size, "%s%s", before, over);
    if (sql_parse(&work->memory, query, &tree) != 0 || tree->n_stmts != 1)
        return false;
    node = tree->stmts[0]->stmt;
    if (!node || node->node_case != PG_QUERY__NODE__NODE_SELECT_STMT ||
        node->select_stmt->n_target_list != 1)
        return false;
    node = node->select_stmt->target_list[0]->res_target->val;
    return node && node->node_case == PG_QUERY__NODE__NODE_FUNC_CALL && node->func_call->over &&
           sql_is_same(&node->func_call->over->base, &window->base);
}

static const char *
over_of(struct plan_work *work, const PgQuery__FuncCall *call)
{
    bool is_found = false;
    const char *over;

    look_for_obstacle(&is_found, &call->over->base);
    if (is_found || call->location < 0 || work->view_depth > 0)
        return NULL;
    over = written(work, call);
    return over && is_meant(work, over, call->over) ? over : NULL;
}

static const char *
keep(struct plan_work *work, const char *text, int length)
{
    return length > 0 && length < TEXT_ROOM ? arena_text(&work->memory, text, (size_t)length)
                                            : NULL;
}

/* The same function's value, of another column of the row that it takes. */
static const char *
write_row(struct plan_work *work, const PgQuery__FuncCall *call, const char *column,
          const char *over, bool is_array)
{
    char text[TEXT_ROOM], number[32] = "";
    struct function_facts facts = function_facts(work, call->funcname, call->n_funcname);

    if (!column)
        return NULL;
    if (call->n_args > 1)
        snprintf(number, sizeof(number), ", %d", call->args[1]->a_const->ival->ival);
    return keep(work, text,
                snprintf(text, sizeof(text),
                         is_array ? "ARRAY[pg_catalog.%s(%s%s) %s]" : "pg_catalog.%s(%s%s) %s",
                         facts.name, column, number, over));
}

/* As one_write, over the window. */
static const char *
write_one(struct plan_work *work, const char *key, const char *tableoid, const char *over)
{
    char text[TEXT_ROOM];

    if (!key || !tableoid)
        return NULL;
    return keep(work, text,
                snprintf(text, sizeof(text),
                         "CASE WHEN pg_catalog.count(%s) %s OPERATOR(pg_catalog.=) "
                         "pg_catalog.count(%s) %s AND pg_catalog.min(%s) %s "
                         "OPERATOR(pg_catalog.=) pg_catalog.max(%s) %s "
                         "THEN ARRAY[pg_catalog.min(%s) %s] END",
                         key, over, tableoid, over, key, over, key, over, key, over));
}

static const char *
write_origin(struct plan_work *work, const char *tableoid, const char *over)
{
    char text[TEXT_ROOM];

    if (!tableoid)
        return NULL;
    return keep(work, text,
                snprintf(text, sizeof(text),
                         "CASE WHEN pg_catalog.min(%s) %s OPERATOR(pg_catalog.<>) "
                         "pg_catalog.max(%s) %s THEN '0'::pg_catalog.oid "
                         "ELSE pg_catalog.min(%s) %s END",
                         tableoid, over, tableoid, over, tableoid, over));
}

/* Of the rows of the window whose value is not null: all keys where the call has each value, of min
 * and max that of the one whose value it is. False where it is neither of these. */
static bool
write_rows(struct plan_work *work, const struct scope *scope, const struct direct *of,
           const PgQuery__FuncCall *call, const char *over, struct group_within *within)
{
    const struct entry *entry = of->entry;
    struct group_rows rows = {.count = 1, .over = over};
    bool had_stray = work->has_stray;
    struct peak peak = {.value = NULL};
    const char *key, *tableoid;
    struct found found;

    scope_find(work, scope, call->args[0]->column_ref, &found);
    work->has_stray = had_stray;
    rows.values[0] = injection_column(work, scope, entry, found.output ? found.output->name : NULL);
    key = injection_of_key(work, scope, entry, of->show, false);
    tableoid = injection_of_key(work, scope, entry, of->show, true);
    if (!rows.values[0] || !key || !tableoid || call->agg_filter)
        return false;
    within->origin = group_write_origin(work, &rows, tableoid, entry->relation);
    if (function_is_one_of(work, call, of_all, COUNT_OF(of_all))) {
        within->keys = group_write_keys(work, &rows, key);
        return within->keys && within->origin;
    }
    peak.family = (uint8_t)peak_family_of(entry->relation, found.output->attribute);
    if (!peak_is_call(work, call, &peak.is_max) || peak.family == PEAK_NONE ||
        !one_has_key(of->show))
        return false;
    peak.value = rows.values[0];
    within->keys = peak_write(work, &peak, &rows, key, of->show->key_type);
    within->is_one = true;
    return within->keys && within->origin;
}

/* ---- what it shows ---- */

/* The table of whose row what one of these functions takes is made, and of nothing else; NULL: it
 * is none. The key can be had of each row that there is. */
static const struct entry *
made_of(struct plan_work *work, const struct scope *scope, const PgQuery__Node *value,
        struct carry *carry)
{
    struct plan_work before = *work;
    const struct entry *entry = NULL;
    bool is_other = false;

    expression_carry(work, scope, value, carry);
    within_end_rows(work, &before);
    is_other = carry->tables != 0 || reach_fields(&carry->bound) != 0;
    for (size_t i = 0; i < work->direct_count; i++) {
        const struct entry *of = carry->direct[i] != 0 ? work->direct[i].entry : NULL;

        is_other |= of && entry && of != entry;
        entry = of ? of : entry;
    }
    return is_other ? NULL : entry;
}

const PgQuery__FuncCall *
window_call(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select,
            size_t item, struct carry *carry)
{
    const PgQuery__Node *target = select->target_list[item], *value;
    bool had_stray = work->has_stray;
    const PgQuery__FuncCall *call;
    struct found found;

    value = target->node_case == PG_QUERY__NODE__NODE_RES_TARGET ? target->res_target->val : NULL;
    call = value && value->node_case == PG_QUERY__NODE__NODE_FUNC_CALL ? value->func_call : NULL;
    if (!call || !call->over || !has_plain_arguments(work, call) || !may_come_first(select))
        return NULL;
    if (call->args[0]->node_case != PG_QUERY__NODE__NODE_COLUMN_REF) {
        const struct entry *entry = made_of(work, scope, call->args[0], carry);

        return entry && entry->is_only ? call : NULL;
    }
    scope_find(work, scope, call->args[0]->column_ref, &found);
    work->has_stray = had_stray;
    if (!found.output || !found.output->entry || !found.output->entry->is_only ||
        found.output->attribute <= 0 || found.output->is_written)
        return NULL;
    for (size_t i = 0; i < work->direct_count; i++)
        if (found.carry.direct[i] != 0 && work->direct[i].entry != found.output->entry)
            return NULL;
    *carry = found.carry;
    return call;
}

bool
window_take(struct plan_work *work, struct injection *injection, const struct scope *scope,
            const PgQuery__SelectStmt *select, const PgQuery__FuncCall *call, size_t direct,
            struct group_keys *keys)
{
    const struct direct *of = &work->direct[direct];
    const char *over = over_of(work, call), *key, *tableoid, *array, *origin;
    struct group_within within = {.is_one = false};

    if (!over || of->show->key_part_count > 0 || of->show->key_type == CATALOG_KEY_NONE)
        return false;
    key = injection_of_key(work, scope, of->entry, of->show, false);
    tableoid = injection_of_key(work, scope, of->entry, of->show, true);
    if (is_of_a_row(work, call)) {
        array = key ? write_row(work, call, key, over, true) : NULL;
        origin = write_row(work, call, tableoid, over, false);
        within.is_one = true;
    } else if (one_has_key(of->show) && is_by_key(work, scope, select, call->over)) {
        array = write_one(work, key, tableoid, over);
        origin = write_origin(work, tableoid, over);
        within.is_one = true;
    } else {
        if (!write_rows(work, scope, of, call, over, &within))
            return false;
        array = within.keys;
        origin = within.origin;
    }
    if (!array || !origin)
        return false;
    keys->keys = injection_add_expression(injection, injection->result, array);
    keys->origin = injection_add_expression(injection, injection->result, origin);
    keys->is_one = within.is_one;
    return keys->keys >= 0 && keys->origin >= 0;
}
