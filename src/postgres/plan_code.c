/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_code.h"

#include <strings.h>

enum { CODE_TOKENS_MAX = 1024, CODE_VARIABLES_MAX = 16, OID_VOID = 2278 };

struct reading {
    struct plan_work *work;
    const struct catalog_routine *routine;
    bool returns_set;
    const char *text;
    const struct sql_token *at, *end;
    struct view variables[CODE_VARIABLES_MAX]; /* names */
    size_t variable_count;
    struct view value; /* the variable that the query's value goes into; empty: none */
    struct code *code;
};

/* ---- tokens ---- */

static struct view
text_of(const struct reading *r, const struct sql_token *token)
{
    return view_of(r->text + token->start, token->end - token->start);
}

static bool
is_word_at(const struct reading *r, const struct sql_token *token, const char *word)
{
    return token < r->end && token->end - token->start == strlen(word) &&
           strncasecmp(r->text + token->start, word, strlen(word)) == 0;
}

static bool
take_word(struct reading *r, const char *word)
{
    if (!is_word_at(r, r->at, word))
        return false;
    r->at++;
    return true;
}

/* A name in lower case that needs no quotes: what a variable is called. */
static bool
take_name(struct reading *r, struct view *name)
{
    if (r->at == r->end)
        return false;
    *name = text_of(r, r->at);
    for (size_t i = 0; i < name->length; i++) {
        uint8_t c = name->bytes[i];

        if ((c < 'a' || c > 'z') && c != '_' && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    r->at++;
    return name->length > 0;
}

static bool
is_variable(const struct reading *r, struct view name)
{
    for (size_t i = 0; i < r->variable_count; i++)
        if (view_equal(r->variables[i], name))
            return true;
    return false;
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
    return is_variable(r, name) || is_argument(r->routine, name);
}

/* ---- queries ---- */

static const PgQuery__SelectStmt *
parse(struct plan_work *work, const char *text)
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
static bool
take_query(struct reading *r, const struct sql_token *start, const struct sql_token *end,
           const struct sql_token *out, const struct sql_token *out_end)
{
    size_t from = start->start, length = end->start - from;
    char *text = arena_text(&r->work->memory, r->text + from, length);

    if (!text || r->code->query)
        return false;
    if (out)
        memset(text + out->start - from, ' ', out_end->start - out->start);
    r->code->query = parse(r->work, text);
    return r->code->query != NULL;
}

static const struct sql_token *
semicolon(const struct reading *r)
{
    for (const struct sql_token *t = r->at; t < r->end; t++)
        if (t->kind == ';')
            return t;
    return NULL;
}

/* SELECT x INTO n FROM … */
static bool
read_select(struct reading *r)
{
    const struct sql_token *start = r->at, *end = semicolon(r), *into = NULL;
    size_t depth = 0;

    for (const struct sql_token *t = start; end && t < end; t++) {
        depth += t->kind == '(' || t->kind == '[';
        depth -= (t->kind == ')' || t->kind == ']') && depth > 0;
        if (is_word_at(r, t, "into") && (into || depth > 0))
            return false;
        if (is_word_at(r, t, "into"))
            into = t;
    }
    if (!into)
        return false;
    r->at = into + 1;
    if (!take_name(r, &r->value) || !is_variable(r, r->value) || r->at->kind == ',' ||
        r->at->kind == '.' || r->at->kind == '[' || !take_query(r, start, end, into, into + 2) ||
        r->code->query->n_target_list != 1)
        return false;
    r->at = end;
    return true;
}

/* ---- RAISE ---- */

static void
skip_level(struct reading *r)
{
    static const char *const levels[] = {"debug", "log", "info", "notice", "warning", "exception"};

    for (size_t i = 0; i < COUNT_OF(levels); i++)
        if (take_word(r, levels[i]))
            return;
}

/* A plain literal, without quotes, backslashes and doubled signs in it. */
static bool
take_format(struct reading *r, struct view *format)
{
    if (r->at == r->end || r->at->kind != PG_QUERY__TOKEN__SCONST)
        return false;
    *format = text_of(r, r->at++);
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
        if (!take_name(r, &name) || !is_value(r, name))
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
read_return(struct reading *r)
{
    const struct sql_token *end = semicolon(r);
    struct view name;

    r->at++;
    if (!end)
        return false;
    if (take_word(r, "query")) {
        const struct sql_token *start = r->at;

        if (!r->returns_set || !is_word_at(r, start, "select") ||
            !take_query(r, start, end, NULL, NULL))
            return false;
        r->code->is_returned = true;
        r->at = end;
        return true;
    }
    if (r->at == end)
        return true;
    if (r->returns_set || !take_name(r, &name) || !is_value(r, name))
        return false;
    r->code->is_returned |= r->value.length > 0 && view_equal(name, r->value);
    return r->at == end;
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

static bool
read_variable(struct reading *r)
{
    struct view type, *name = &r->variables[r->variable_count];

    if (r->variable_count == CODE_VARIABLES_MAX || !take_name(r, name) || !take_name(r, &type) ||
        !is_plain_type(type) || is_variable(r, *name) || is_argument(r->routine, *name))
        return false;
    r->variable_count++;
    return take_word(r, ";");
}

static bool
read_statement(struct reading *r)
{
    if (is_word_at(r, r->at, "select"))
        return read_select(r);
    if (is_word_at(r, r->at, "raise"))
        return read_raise(r);
    return is_word_at(r, r->at, "return") && read_return(r);
}

static bool
read_block(struct reading *r)
{
    if (take_word(r, "declare"))
        while (!is_word_at(r, r->at, "begin"))
            if (!read_variable(r))
                return false;
    if (!take_word(r, "begin"))
        return false;
    while (!is_word_at(r, r->at, "end"))
        if (!read_statement(r) || !take_word(r, ";"))
            return false;
    r->at++;
    (void)take_word(r, ";");
    return r->at == r->end;
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
        code->query = parse(work, routine->body);
        code->is_returned = routine->result_type != OID_VOID;
        return code->query != NULL;
    }
    if (sql_scan(&work->memory, routine->body, CODE_TOKENS_MAX, &tokens) != 0)
        return false;
    r.at = tokens.tokens;
    r.end = tokens.tokens + tokens.count;
    return read_block(&r);
}
