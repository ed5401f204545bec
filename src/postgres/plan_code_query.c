/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a text, and what becomes of its row. */
#include "postgres/plan_code_part.h"

/* ---- queries ---- */

const PgQuery__SelectStmt *
code_parse(struct plan_work *work, const char *text)
{
    PgQuery__ParseResult *tree;
    struct sql_tokens tokens;

    if (!text || sql_scan(&work->memory, text, CODE_TOKENS_MAX, &tokens) != 0 ||
        sql_parse(&work->memory, text, &tree) != 0 || tree->n_stmts != 1 || !tree->stmts[0]->stmt ||
        tree->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return NULL;
    return tree->stmts[0]->stmt->select_stmt;
}

/* The text from `start` up to the semicolon at `end`, without the tokens from `out` to `out_end`.
 */
bool
code_take_query(struct reading *r, const struct sql_token *start, const struct sql_token *end,
                const struct sql_token *out, const struct sql_token *out_end)
{
    size_t from = start->start, length = end->start - from;
    char *text = arena_text(&r->work->memory, r->text + from, length);

    if (!text || r->code->query)
        return false;
    if (out)
        memset(text + out->start - from, ' ', out_end->start - out->start);
    r->code->query = code_parse(r->work, text);
    return r->code->query != NULL;
}

/* The inside of a plain literal, '' taken for '. */
static char *
literal_of(const struct reading *r, const struct sql_token *token)
{
    struct view text = code_text_of(r, token);
    size_t length = 0;
    char *inside;

    if (token->kind != PG_QUERY__TOKEN__SCONST || text.length < 2 || text.bytes[0] != '\'' ||
        memchr(text.bytes, '\\', text.length))
        return NULL;
    inside = arena_new(&r->work->memory, text.length, 1);
    for (size_t i = 1; inside && i + 1 < text.length; i++) {
        inside[length++] = (char)text.bytes[i];
        if (text.bytes[i] != '\'')
            continue;
        if (text.bytes[++i] != '\'' || i + 1 == text.length)
            return NULL; /* it goes on in the next line */
    }
    return inside;
}

struct given {
    size_t arguments[CATALOG_ARGUMENTS_MAX]; /* $1, $2, … are these of the function's */
    size_t count;
    bool has_other;
};

static void
give(void *context, const ProtobufCMessage *message)
{
    struct given *given = context;
    PgQuery__ParamRef *parameter = (PgQuery__ParamRef *)(uintptr_t)message;

    if (message->descriptor != &pg_query__param_ref__descriptor) {
        sql_each_child(message, give, given);
        return;
    }
    if (parameter->number < 1 || (size_t)parameter->number > given->count)
        given->has_other = true;
    else
        parameter->number = (int32_t)given->arguments[parameter->number - 1] + 1;
}

/* USING a, b: arguments of the function's, as they were given. */
static bool
take_using(struct reading *r, struct given *given)
{
    if (!code_take_word(r, "using"))
        return true;
    do {
        struct view name;
        size_t i = 0;

        if (given->count == COUNT_OF(given->arguments) || !code_take_name(r, &name))
            return false;
        while (i < r->routine->argument_count &&
               !view_equal(name, view_of_text(r->routine->argument_names[i])))
            i++;
        if (i == r->routine->argument_count)
            return false;
        given->arguments[given->count++] = i;
    } while (code_take_word(r, ","));
    return true;
}

/* EXECUTE 'SELECT …' [INTO n] [USING k]; `target` NULL: no INTO. */
bool
code_take_executed(struct reading *r, struct view *target)
{
    struct given given = {.count = 0};
    const char *text;

    if (!code_take_word(r, "execute") || r->at == r->end || r->code->query)
        return false;
    text = literal_of(r, r->at++);
    if (!text || (target && (!code_take_word(r, "into") || !code_take_name(r, target))) ||
        !take_using(r, &given))
        return false;
    r->code->query = code_parse(r->work, text);
    if (r->code->query)
        give(&given, &r->code->query->base);
    return r->code->query && !given.has_other;
}

/* A table's row has its columns in their order, whatever the query calls them: it must be a query
 * of all of that table. Both must say in which schema: a name alone stands for what it meant when
 * the session called the function first, and no catalog has the types that it can be. */
static bool
fits_row(const struct reading *r, const struct code_row *row)
{
    const PgQuery__SelectStmt *q = r->code->query;
    const PgQuery__Node *item = q->n_target_list == 1 ? q->target_list[0] : NULL;
    const PgQuery__Node *value =
        item && item->node_case == PG_QUERY__NODE__NODE_RES_TARGET ? item->res_target->val : NULL;

    return row->table.length == 0 ||
           (row->schema.length > 0 && value &&
            value->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
            value->column_ref->n_fields == 1 &&
            value->column_ref->fields[0]->node_case == PG_QUERY__NODE__NODE_A_STAR &&
            q->n_from_clause == 1 &&
            q->from_clause[0]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR &&
            q->from_clause[0]->range_var->schemaname &&
            view_equal(row->schema, view_of_text(q->from_clause[0]->range_var->schemaname)) &&
            view_equal(row->table, view_of_text(q->from_clause[0]->range_var->relname)));
}

/* What the query's row goes into: a record, a variable of one value, or all columns of the result
 * in their order. */
bool
code_set_targets(struct reading *r, const struct view *names, size_t count)
{
    const struct catalog_routine *routine = r->routine;

    if (count == 1 && code_record_named(r, names[0]) != SIZE_MAX) {
        r->record = names[0];
        return fits_row(r, &r->rows[code_record_named(r, names[0])]);
    }
    if (count == 1 && code_is_variable(r, names[0]) && r->code->query->n_target_list == 1) {
        r->value = names[0];
        return true;
    }
    if (count != routine->result_count || r->code->query->n_target_list != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (code_result_named(routine, names[i]) != i)
            return false;
    r->code->is_returned = true;
    return true;
}

bool
code_take_targets(struct reading *r, struct view names[CATALOG_RESULTS_MAX], size_t *count)
{
    *count = 0;
    do
        if (*count == CATALOG_RESULTS_MAX || !code_take_name(r, &names[(*count)++]))
            return false;
    while (code_take_word(r, ","));
    return true;
}

/* SELECT x INTO n FROM … */
bool
code_read_select(struct reading *r)
{
    const struct sql_token *start = r->at, *end = code_semicolon(r), *into = NULL;
    struct view names[CATALOG_RESULTS_MAX];
    size_t depth = 0, count;

    for (const struct sql_token *t = start; end && t < end; t++) {
        depth += t->kind == '(' || t->kind == '[';
        depth -= (t->kind == ')' || t->kind == ']') && depth > 0;
        if (code_is_word_at(r, t, "into") && (into || depth > 0))
            return false;
        if (code_is_word_at(r, t, "into"))
            into = t;
    }
    if (!into)
        return false;
    r->at = into + 1;
    (void)code_take_word(r, "strict");
    if (!code_take_targets(r, names, &count) || r->at->kind == '.' || r->at->kind == '[' ||
        !code_take_query(r, start, end, into, r->at) || !code_set_targets(r, names, count))
        return false;
    r->at = end;
    return true;
}

/* EXECUTE 'SELECT …' INTO n USING k */
bool
code_read_execute(struct reading *r)
{
    struct view name;

    return code_take_executed(r, &name) && code_set_targets(r, &name, 1);
}

/* (SELECT …) up to the semicolon */
bool
code_take_nested(struct reading *r)
{
    const struct sql_token *end = code_semicolon(r), *start = r->at + 1;
    size_t depth = 0;

    if (!end || end - r->at < 3 || r->at->kind != '(' || !code_is_word_at(r, start, "select") ||
        end[-1].kind != ')')
        return false;
    for (const struct sql_token *t = start; t < end - 1; t++) {
        depth += t->kind == '(';
        if (t->kind == ')' && depth-- == 0)
            return false;
        if (code_is_word_at(r, t, "into"))
            return false;
    }
    if (!code_take_query(r, start, end - 1, NULL, NULL) || r->code->query->n_target_list != 1)
        return false;
    r->at = end;
    return true;
}

/* ---- what becomes of its row ---- */

/* r.name, of the record that has it */
bool
code_take_field(struct reading *r, struct view *field)
{
    struct view name;

    return code_take_name(r, &name) && r->record.length > 0 && view_equal(name, r->record) &&
           code_take_word(r, ".") && code_take_name(r, field);
}

/* n := (SELECT …)   x := r.name */
bool
code_read_assignment(struct reading *r)
{
    struct view name;
    size_t result;

    if (!code_take_name(r, &name) || !code_take_word(r, ":="))
        return false;
    result = code_result_named(r->routine, name);
    if (r->at < r->end && r->at->kind == '(')
        return !r->is_in_loop && code_take_nested(r) && code_set_targets(r, &name, 1);
    if (result == SIZE_MAX || r->code->is_returned ||
        (r->column_count > 0 && r->columns[result].length > 0))
        return false;
    r->column_count = r->routine->result_count;
    return code_take_field(r, &r->columns[result]);
}

/* ---- the columns ---- */

/* The column that stands in the query's list by that name, or is one of its star's. */
static PgQuery__Node *
column_named(struct reading *r, struct view name)
{
    const PgQuery__SelectStmt *query = r->code->query;
    const char *text = arena_text(&r->work->memory, name.bytes, name.length);
    PgQuery__Node *found = NULL;

    for (size_t i = 0; text && i < query->n_target_list; i++) {
        PgQuery__ResTarget *target = query->target_list[i]->res_target;
        const PgQuery__ColumnRef *column = target->val->column_ref;
        const char *own =
            target->name[0] ? target->name : sql_last_name(column->fields, column->n_fields);

        if (own && strcmp(own, text) != 0)
            continue;
        if (found)
            return NULL;
        found = own ? query->target_list[i] : sql_column(&r->work->memory, text);
    }
    return found;
}

/* The query then has the result's columns for its own; all of its own stand there by themselves, so
 * that nothing is run for those that are left out. */
static bool
choose_columns(struct reading *r)
{
    PgQuery__SelectStmt *query = (PgQuery__SelectStmt *)(uintptr_t)r->code->query;
    PgQuery__Node **chosen = arena_new(&r->work->memory, r->column_count, sizeof(*chosen));

    if (!chosen || !query || query->larg || query->n_target_list == 0)
        return false;
    for (size_t i = 0; i < query->n_target_list; i++) {
        const PgQuery__Node *item = query->target_list[i];

        if (item->node_case != PG_QUERY__NODE__NODE_RES_TARGET || !item->res_target->val ||
            item->res_target->val->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
            return false;
    }
    for (size_t i = 0; i < r->column_count; i++) {
        chosen[i] =
            r->columns[i].length > 0 ? column_named(r, r->columns[i]) : sql_null(&r->work->memory);
        if (!chosen[i])
            return false;
    }
    query->target_list = chosen;
    query->n_target_list = r->column_count;
    return true;
}

/* OUT parameters that were given columns of a record are the result at the end. */
bool
code_settle(struct reading *r)
{
    if (r->column_count > 0 && !r->code->is_returned) {
        if (r->returns_set)
            return false;
        r->code->is_returned = true;
    }
    return r->column_count == 0 || choose_columns(r);
}
