/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_code_part.h"

#include <strings.h>

enum { OID_VOID = 2278 };

/* ---- tokens ---- */

struct view
code_text_of(const struct reading *r, const struct sql_token *token)
{
    return view_of(r->text + token->start, token->end - token->start);
}

bool
code_is_word_at(const struct reading *r, const struct sql_token *token, const char *word)
{
    return token < r->end && token->end - token->start == strlen(word) &&
           strncasecmp(r->text + token->start, word, strlen(word)) == 0;
}

bool
code_take_word(struct reading *r, const char *word)
{
    if (!code_is_word_at(r, r->at, word))
        return false;
    r->at++;
    return true;
}

/* A name in lower case that needs no quotes: what a variable is called. */
bool
code_take_name(struct reading *r, struct view *name)
{
    if (r->at == r->end)
        return false;
    *name = code_text_of(r, r->at);
    for (size_t i = 0; i < name->length; i++) {
        uint8_t c = name->bytes[i];

        if ((c < 'a' || c > 'z') && c != '_' && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    r->at++;
    return name->length > 0;
}

bool
code_is_variable(const struct reading *r, struct view name)
{
    for (size_t i = 0; i < r->variable_count; i++)
        if (view_equal(r->variables[i], name))
            return true;
    return false;
}

/* SIZE_MAX: it is none. */
size_t
code_record_named(const struct reading *r, struct view name)
{
    for (size_t i = 0; i < r->variable_count; i++)
        if (view_equal(r->variables[i], name))
            return r->are_records[i] ? i : SIZE_MAX;
    return SIZE_MAX;
}

/* Of the result's columns; SIZE_MAX: none. */
size_t
code_result_named(const struct catalog_routine *routine, struct view name)
{
    for (size_t i = 0; i < routine->result_count; i++)
        if (view_equal(name, view_of_text(routine->result_names[i])))
            return i;
    return SIZE_MAX;
}

static bool
is_argument(const struct catalog_routine *routine, struct view name)
{
    for (size_t i = 0; i < routine->argument_count; i++)
        if (view_equal(name, view_of_text(routine->argument_names[i])))
            return true;
    return false;
}

/* Arguments are constants of the client's. */
static bool
is_value(const struct reading *r, struct view name)
{
    return code_is_variable(r, name) || is_argument(r->routine, name);
}

const struct sql_token *
code_semicolon(const struct reading *r)
{
    for (const struct sql_token *t = r->at; t < r->end; t++)
        if (t->kind == ';')
            return t;
    return NULL;
}

/* ---- RAISE ---- */

static void
skip_level(struct reading *r)
{
    static const char *const levels[] = {"debug", "log", "info", "notice", "warning", "exception"};

    for (size_t i = 0; i < COUNT_OF(levels); i++)
        if (code_take_word(r, levels[i]))
            return;
}

/* A plain literal, without quotes, backslashes and doubled signs in it. */
static bool
take_format(struct reading *r, struct view *format)
{
    if (r->at == r->end || r->at->kind != PG_QUERY__TOKEN__SCONST)
        return false;
    *format = code_text_of(r, r->at++);
    if (format->length < 2 || format->bytes[0] != '\'' || format->bytes[format->length - 1] != '\'')
        return false;
    *format = view_of(format->bytes + 1, format->length - 2);
    for (size_t i = 0; i < format->length; i++)
        if (format->bytes[i] == '\'' || format->bytes[i] == '\\' ||
            (format->bytes[i] == '%' && i + 1 < format->length && format->bytes[i + 1] == '%'))
            return false;
    return true;
}

/* Where the value stands, when it stands there alone. */
static void
note_told(struct reading *r, struct view format)
{
    size_t at = (size_t)((const uint8_t *)memchr(format.bytes, '%', format.length) - format.bytes);
    struct code *code = r->code;
    const char *text = arena_text(r->work->keep, format.bytes, format.length);

    if (!text)
        return;
    code->tells_more |= code->is_told;
    code->is_told = true;
    code->before = view_of(text, at);
    code->after = view_of(text + at + 1, format.length - at - 1);
}

static bool
read_raise(struct reading *r)
{
    struct view format, name = view_of("", 0);
    size_t values = 0, places = 0;
    bool has_value = false;

    r->at++;
    skip_level(r);
    if (!take_format(r, &format))
        return false;
    for (size_t i = 0; i < format.length; i++)
        places += format.bytes[i] == '%';
    while (r->at < r->end && r->at->kind == ',') {
        r->at++;
        if (!code_take_name(r, &name) || !is_value(r, name))
            return false;
        values++;
        has_value |= r->value.length > 0 && view_equal(name, r->value);
    }
    if (values != places)
        return false;
    if (has_value && values == 1)
        note_told(r, format);
    else if (values > 0)
        r->code->tells_more = true;
    return true;
}

/* ---- RETURN ---- */

static bool
read_return_query(struct reading *r, const struct sql_token *end)
{
    const struct sql_token *start = r->at;

    if (!r->returns_set || r->is_in_loop)
        return false;
    r->code->is_returned = true;
    if (code_is_word_at(r, start, "execute"))
        return code_take_executed(r, NULL) && r->at == end;
    if (!code_is_word_at(r, start, "select") || !code_take_query(r, start, end, NULL, NULL))
        return false;
    r->at = end;
    return true;
}

/* RETURN r, r.name, or what the result's columns were given. */
static bool
read_returned_row(struct reading *r, const struct sql_token *end)
{
    struct view name;

    if (r->code->is_returned || r->record.length == 0)
        return false;
    r->code->is_returned = true;
    if (r->at == end)
        return r->column_count > 0;
    if (r->column_count > 0 || r->routine->result_count > 0)
        return false;
    if (r->at + 1 == end)
        return code_take_name(r, &name) && view_equal(name, r->record);
    r->column_count = 1;
    return code_take_field(r, &r->columns[0]) && r->at == end;
}

/* RETURN NEXT, in a loop over the query's rows. */
static bool
read_next(struct reading *r, const struct sql_token *end)
{
    if (!r->is_in_loop)
        return false;
    if (r->record.length == 0) /* FOR a, b IN: is_returned already */
        return r->at == end && r->code->is_returned;
    return read_returned_row(r, end);
}

static bool
read_return(struct reading *r)
{
    const struct sql_token *end = code_semicolon(r);
    struct view name;

    r->at++;
    if (!end)
        return false;
    if (code_take_word(r, "query"))
        return read_return_query(r, end);
    if (code_take_word(r, "next"))
        return read_next(r, end);
    if (r->at == end)
        return !r->is_in_loop;
    if (r->returns_set || r->is_in_loop)
        return false;
    if (r->at->kind == '(') {
        r->code->is_returned = true;
        return code_take_nested(r);
    }
    if (r->record.length > 0)
        return read_returned_row(r, end);
    if (!code_take_name(r, &name) || !is_value(r, name))
        return false;
    r->code->is_returned |= r->value.length > 0 && view_equal(name, r->value);
    return r->at == end;
}

/* ---- loops ---- */

/* FOR r IN SELECT … LOOP … RETURN NEXT r.name; END LOOP */
static bool
read_loop(struct reading *r)
{
    const struct sql_token *start, *end;
    struct view names[CATALOG_RESULTS_MAX];
    size_t count;

    r->at++;
    if (!r->returns_set || r->is_in_loop || r->code->is_returned ||
        !code_take_targets(r, names, &count) || !code_take_word(r, "in"))
        return false;
    start = end = r->at;
    if (code_is_word_at(r, start, "execute")) {
        if (!code_take_executed(r, NULL))
            return false;
    } else {
        while (end < r->end && end->kind != ';' && !code_is_word_at(r, end, "loop"))
            end++;
        if (!code_is_word_at(r, start, "select") || end == r->end ||
            !code_take_query(r, start, end, NULL, NULL))
            return false;
        r->at = end;
    }
    if (!code_take_word(r, "loop") || !code_set_targets(r, names, count) || r->value.length > 0)
        return false;
    r->is_in_loop = true;
    while (!code_is_word_at(r, r->at, "end")) {
        bool is_next = code_is_word_at(r, r->at, "return");

        if (!(is_next ? read_return(r) : code_read_assignment(r)) || !code_take_word(r, ";"))
            return false;
        if (is_next && !code_is_word_at(r, r->at, "end")) /* rows are as the query's up to here */
            return false;
    }
    r->is_in_loop = false;
    r->at++;
    return code_take_word(r, "loop") && r->code->is_returned;
}

/* ---- the block ---- */

static bool
is_plain_type(struct view name)
{
    static const char *const names[] = {"text",     "varchar", "bigint",  "integer", "int",
                                        "smallint", "numeric", "boolean", "uuid",    "date"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (view_equal(name, view_of_text(names[i])))
            return true;
    return false;
}

/* record, or the row of a table */
static bool
take_record(struct reading *r, struct code_row *row)
{
    if (code_take_word(r, "record"))
        return true;
    if (!code_take_name(r, &row->table))
        return false;
    if (code_take_word(r, ".")) {
        row->schema = row->table;
        if (!code_take_name(r, &row->table))
            return false;
    }
    return !code_take_word(r, "%") || code_take_word(r, "rowtype");
}

static bool
read_variable(struct reading *r)
{
    struct view type, *name = &r->variables[r->variable_count];
    const struct sql_token *at;

    if (r->variable_count == CODE_VARIABLES_MAX || !code_take_name(r, name) ||
        code_is_variable(r, *name) || is_argument(r->routine, *name) ||
        code_result_named(r->routine, *name) != SIZE_MAX)
        return false;
    at = r->at;
    r->are_records[r->variable_count] = !code_take_name(r, &type) || !is_plain_type(type);
    if (r->are_records[r->variable_count]) {
        r->at = at;
        if (!take_record(r, &r->rows[r->variable_count]))
            return false;
    }
    r->variable_count++;
    if (!r->are_records[r->variable_count - 1] && code_take_word(r, ":=") &&
        !(code_take_nested(r) && code_set_targets(r, &r->variables[r->variable_count - 1], 1)))
        return false;
    return code_take_word(r, ";");
}

static bool
read_statement(struct reading *r)
{
    if (code_is_word_at(r, r->at, "select"))
        return code_read_select(r);
    if (code_is_word_at(r, r->at, "raise"))
        return read_raise(r);
    if (code_is_word_at(r, r->at, "return"))
        return read_return(r);
    if (code_is_word_at(r, r->at, "execute"))
        return code_read_execute(r);
    return code_is_word_at(r, r->at, "for") ? read_loop(r) : code_read_assignment(r);
}

static bool
read_block(struct reading *r)
{
    if (code_take_word(r, "declare"))
        while (!code_is_word_at(r, r->at, "begin"))
            if (!read_variable(r))
                return false;
    if (!code_take_word(r, "begin"))
        return false;
    while (!code_is_word_at(r, r->at, "end"))
        if (!read_statement(r) || !code_take_word(r, ";"))
            return false;
    r->at++;
    (void)code_take_word(r, ";");
    return r->at == r->end && code_settle(r);
}

bool
code_read(struct plan_work *work, const struct catalog_routine *routine, bool returns_set,
          struct code *code)
{
    struct reading r = {.work = work,
                        .routine = routine,
                        .returns_set = returns_set,
                        .text = routine->body,
                        .code = code};
    struct sql_tokens tokens;

    *code = (struct code){0};
    if (!routine->is_plpgsql) {
        code->query = code_parse(work, routine->body);
        code->is_returned = routine->result_type != OID_VOID;
        return code->query != NULL;
    }
    if (sql_scan(&work->memory, routine->body, CODE_TOKENS_MAX, &tokens) != 0)
        return false;
    r.at = tokens.tokens;
    r.end = tokens.tokens + tokens.count;
    return read_block(&r);
}
