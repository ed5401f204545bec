/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/sql_template.h"

/* ---- tokens ---- */

/* What is still to be read. */
struct sql_rest {
    struct view text;
    enum sql_language language;
};

static bool
is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool
begins_word(uint8_t byte)
{
    return byte == '_' || byte >= 0x80 || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

/* "-- ": of MySQL's only with a space behind it, or "5--1" would be a comment. */
static bool
begins_line_comment(const uint8_t *at, const uint8_t *end, bool is_mysql)
{
    if (is_mysql && *at == '#')
        return true;
    return end - at >= 2 && at[0] == '-' && at[1] == '-' &&
           (!is_mysql || end - at == 2 || at[2] <= ' ');
}

/* MySQL runs what stands in a comment that begins with an exclamation mark. */
static bool
begins_comment(const uint8_t *at, const uint8_t *end, bool is_mysql)
{
    if (end - at < 2 || at[0] != '/' || at[1] != '*')
        return false;
    return !is_mysql || end - at < 3 ||
           (at[2] != '!' && (end - at < 4 || at[2] != 'M' || at[3] != '!'));
}

/* NULL: it has no end. */
static const uint8_t *
pass_comment(const uint8_t *at, const uint8_t *end, bool is_nested)
{
    unsigned depth = 0;

    do {
        bool is_open = end - at >= 2 && at[0] == '/' && at[1] == '*' && (is_nested || depth == 0);
        bool is_close = end - at >= 2 && at[0] == '*' && at[1] == '/';

        depth = depth + is_open - is_close;
        at += is_open || is_close ? 2 : 1;
    } while (depth > 0 && at < end);
    return depth == 0 ? at : NULL;
}

/* Over space and comments. */
static const uint8_t *
pass_space(const uint8_t *at, const uint8_t *end, bool is_mysql)
{
    while (at < end) {
        if (*at <= ' ') {
            at++;
        } else if (begins_line_comment(at, end, is_mysql)) {
            const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));

            at = newline != NULL ? newline : end;
        } else if (begins_comment(at, end, is_mysql)) {
            const uint8_t *behind = pass_comment(at, end, !is_mysql);

            if (behind == NULL)
                break; /* signs, which no template has: the statement goes on elsewhere */
            at = behind;
        } else {
            break;
        }
    }
    return at;
}

/* Up to the quote that ends it; a doubled one is part of it. */
static const uint8_t *
pass_quoted(const uint8_t *at, const uint8_t *end, uint8_t quote, bool has_escapes)
{
    while (at < end) {
        if (has_escapes && *at == '\\' && end - at >= 2)
            at += 2;
        else if (*at != quote)
            at++;
        else if (end - at >= 2 && at[1] == quote)
            at += 2;
        else
            break;
    }
    return at;
}

/* The text that was read up to `at`, and whether it can be read otherwise. */
static bool
is_doubtful(struct view text, uint8_t quote, const uint8_t *at, const uint8_t *end)
{
    bool is_number = true;

    if (at == end || (text.length > 0 && memchr(text.bytes, '\\', text.length) != NULL))
        return true;
    for (size_t i = 0; i < text.length; i++)
        is_number &= is_digit(text.bytes[i]);
    return quote == '"' && !is_number;
}

static struct sql_token
next_token(struct sql_rest *rest)
{
    bool is_mysql = rest->language == SQL_OF_MYSQL;
    const uint8_t *end = rest->text.bytes + rest->text.length,
                  *at = pass_space(rest->text.bytes, end, is_mysql), *start = at;
    struct sql_token token = {.what = SQL_END};

    if (at == end) {
        rest->text = view_of(end, 0);
        return token;
    }
    if (is_mysql && (*at == '\'' || *at == '"')) {
        uint8_t quote = *at;

        start = at + 1;
        at = pass_quoted(start, end, quote, true);
        token.what = SQL_TEXT;
        token.text = view_of(start, (size_t)(at - start));
        token.is_doubtful = is_doubtful(token.text, quote, at, end);
        at += at < end;
    } else if (*at == '\'' ||
               (!is_mysql && (*at | 0x20) == 'e' && end - at >= 2 && at[1] == '\'')) {
        bool has_escapes = *at != '\'';

        start = at + 1 + has_escapes;
        at = pass_quoted(start, end, '\'', has_escapes);
        token.what = SQL_TEXT;
        token.text = view_of(start, (size_t)(at - start));
        token.is_doubtful = at == end || (!has_escapes && is_doubtful(token.text, '\'', at, end));
        at += at < end;
    } else if (*at == '"' || *at == '`') {
        start = at + 1;
        at = pass_quoted(start, end, *at, false);
        token.what = SQL_WORD;
        token.is_quoted = true;
        token.text = view_of(start, (size_t)(at - start));
        at += at < end;
    } else if (*at == '$' && end - at >= 2 && is_digit(at[1])) {
        for (at++; at < end && is_digit(*at) && token.number < 100000; at++)
            token.number = token.number * 10 + (*at - (uint32_t)'0');
        token.what = SQL_PARAMETER;
    } else if (is_digit(*at)) {
        while (at < end && (is_digit(*at) || *at == '.'))
            at++;
        token.what = SQL_NUMBER;
        token.text = view_of(start, (size_t)(at - start));
    } else if (begins_word(*at)) {
        while (at < end && (begins_word(*at) || is_digit(*at) || *at == '$'))
            at++;
        token.what = SQL_WORD;
        token.text = view_of(start, (size_t)(at - start));
    } else {
        at++;
        token.what = SQL_SIGN;
        token.text = view_of(start, 1);
    }
    rest->text = view_of(at, (size_t)(end - at));
    return token;
}

static struct sql_token
peek(struct sql_rest rest)
{
    return next_token(&rest);
}

static bool
is_sign(const struct sql_token *token, char sign)
{
    return token->what == SQL_SIGN && token->text.bytes[0] == (uint8_t)sign;
}

/* Behind a value: "::bigint", "::numeric(10, 2)", "::bigint[]". */
static void
pass_cast(struct sql_rest *rest)
{
    for (;;) {
        struct sql_rest ahead = *rest;
        struct sql_token first = next_token(&ahead), second = next_token(&ahead);
        struct sql_token type = next_token(&ahead), behind;

        if (!is_sign(&first, ':') || !is_sign(&second, ':') || type.what != SQL_WORD)
            return;
        *rest = ahead;
        behind = next_token(&ahead);
        if (is_sign(&behind, '(') || is_sign(&behind, '[')) {
            while (behind.what != SQL_END && !is_sign(&behind, ')') && !is_sign(&behind, ']'))
                behind = next_token(&ahead);
            *rest = ahead;
        }
    }
}

/* ---- templates ---- */

static bool
take_place(struct sql_rest *rest, struct sql_token *token, route_kind_fn *kind_of, void *arg,
           const char **why)
{
    struct sql_rest ahead = *rest;
    struct sql_token name = next_token(&ahead), close = name;
    int kind = 0;

    token->what = SQL_ANY;
    if (name.what == SQL_WORD) {
        kind = kind_of(arg, name.text);
        token->what = SQL_KEY;
        close = next_token(&ahead);
    }
    if (!is_sign(&close, '}') || kind < 0) {
        *why = kind < 0 ? "no such kind of subject" : "{ without }";
        return false;
    }
    token->kind = (uint8_t)kind;
    *rest = ahead;
    pass_cast(rest);
    return true;
}

int
sql_template_parse(struct sql_template *to, struct store *store, const char *sql,
                   route_kind_fn *kind_of, void *arg, const char **why)
{
    struct sql_rest rest;
    size_t count = 0;
    bool has_key = false;

    to->sql = store_dup(store, view_of_text(sql));
    to->tokens = store_new(store, strlen(sql) + 1, sizeof(*to->tokens));
    if (to->sql == NULL || to->tokens == NULL)
        return PASU_E_NOMEM;
    rest = (struct sql_rest){view_of_text(to->sql), SQL_OF_POSTGRESQL};
    for (;;) {
        struct sql_token token = next_token(&rest);

        if (token.what == SQL_END)
            break;
        if (is_sign(&token, '{') && !take_place(&rest, &token, kind_of, arg, why))
            return PASU_E_MALFORMED;
        if (is_sign(&token, ';'))
            continue;
        has_key |= token.what == SQL_KEY;
        to->tokens[count++] = token;
    }
    if (has_key)
        return 0;
    *why = "without the place of a key nobody can say whom it shows";
    return PASU_E_MALFORMED;
}

/* ---- a statement ---- */

struct fitting {
    const struct sql_parameters *parameters;
    struct sql_match *match;
    struct sql_rest rest;
    bool is_too_many;
};

static bool
is_same_word(const struct sql_token *a, const struct sql_token *b)
{
    if (a->what != b->what || a->text.length != b->text.length)
        return false;
    if (a->is_quoted || b->is_quoted)
        return memcmp(a->text.bytes, b->text.bytes, a->text.length) == 0;
    for (size_t i = 0; i < a->text.length; i++) {
        uint8_t x = a->text.bytes[i], y = b->text.bytes[i];

        if ((x >= 'A' && x <= 'Z' ? x | 0x20 : x) != (y >= 'A' && y <= 'Z' ? y | 0x20 : y))
            return false;
    }
    return true;
}

static bool
is_same(const struct sql_token *a, const struct sql_token *b)
{
    if (a->what == SQL_WORD)
        return is_same_word(a, b);
    return a->what == b->what && a->number == b->number && view_equal(a->text, b->text) &&
           !b->is_doubtful;
}

/* The value of $number; false: it is not told, or null. */
static bool
find_parameter(const struct sql_parameters *parameters, uint32_t number, struct view *value)
{
    struct sql_rest rest = {parameters->text, SQL_OF_POSTGRESQL};
    struct sql_token token = next_token(&rest);

    if (parameters->is_list) {
        const uint8_t *at = parameters->text.bytes, *end = at + parameters->text.length;

        for (uint32_t i = 1; at <= end; i++) {
            const uint8_t *comma = at < end ? memchr(at, ',', (size_t)(end - at)) : NULL;
            const uint8_t *stop = comma != NULL ? comma : end;

            if (i == number) {
                *value = view_of(at, (size_t)(stop - at));
                return value->length > 0;
            }
            at = stop + 1;
        }
        return false;
    }
    while (token.what != SQL_END) {
        if (token.what == SQL_PARAMETER && token.number == number) {
            token = next_token(&rest); /* = */
            token = next_token(&rest);
            *value = token.text;
            return token.what == SQL_TEXT;
        }
        token = next_token(&rest);
    }
    return false;
}

static void
add_key(struct fitting *f, uint8_t kind, struct view key)
{
    struct sql_match *match = f->match;

    if (key.length == 0)
        return;
    if (match->key_count == SQL_KEYS) {
        f->is_too_many = true;
        return;
    }
    match->kinds[match->key_count] = kind;
    match->keys[match->key_count++] = key;
}

/* A key, or an array of them: "{1,2}", as PostgreSQL writes arrays. */
static void
add_keys(struct fitting *f, uint8_t kind, struct view value)
{
    const uint8_t *at = value.bytes + 1, *end = value.bytes + value.length - 1;

    if (value.length < 2 || value.bytes[0] != '{' || *end != '}') {
        add_key(f, kind, value);
        return;
    }
    while (at < end) {
        const uint8_t *comma = memchr(at, ',', (size_t)(end - at));
        const uint8_t *stop = comma != NULL ? comma : end;
        struct view key = view_of(at, (size_t)(stop - at));

        if (key.length >= 2 && key.bytes[0] == '"' && key.bytes[key.length - 1] == '"')
            key = view_of(key.bytes + 1, key.length - 2);
        add_key(f, kind, key);
        at = stop + 1;
    }
}

/* A value at the front of the statement. */
static bool
take_value(struct fitting *f, const struct sql_token *place)
{
    struct sql_token token = next_token(&f->rest);
    struct view value = token.text;
    const uint8_t *minus = NULL;

    if (is_sign(&token, '-')) {
        minus = token.text.bytes;
        token = next_token(&f->rest);
        value = view_of(minus, (size_t)(token.text.bytes + token.text.length - minus));
        if (token.what != SQL_NUMBER)
            return false;
    }
    if (token.what == SQL_PARAMETER) {
        bool is_known = find_parameter(f->parameters, token.number, &value);

        if (!is_known && place->what == SQL_KEY)
            return false; /* whom it shows is not told */
    } else if ((token.what != SQL_NUMBER && token.what != SQL_TEXT) || token.is_doubtful) {
        return false;
    }
    if (place->what == SQL_KEY)
        add_keys(f, place->kind, value);
    pass_cast(&f->rest);
    return true;
}

static bool
fits(struct fitting *f, const struct sql_template *template)
{
    const struct sql_token *due = template->tokens;

    f->match->key_count = 0;
    f->is_too_many = false;
    for (; due->what != SQL_END; due++) {
        struct sql_token token;

        if (due->what == SQL_KEY || due->what == SQL_ANY) {
            if (!take_value(f, due))
                return false;
            while (due[1].what == SQL_SIGN && is_sign(&due[1], ')')) {
                token = peek(f->rest);
                if (!is_sign(&token, ','))
                    break;
                (void)next_token(&f->rest);
                if (!take_value(f, due))
                    return false;
            }
            continue;
        }
        token = next_token(&f->rest);
        if (!is_same(due, &token))
            return false;
    }
    for (;;) {
        struct sql_token token = next_token(&f->rest);

        if (token.what == SQL_END)
            return !f->is_too_many;
        if (!is_sign(&token, ';'))
            return false;
    }
}

void
sql_templates_find(const struct sql_template *templates, size_t count, enum sql_language language,
                   struct view sql, const struct sql_parameters *parameters,
                   struct sql_match *match)
{
    match->found = NULL;
    match->key_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct fitting f = {parameters, match, {sql, language}, false};

        if (fits(&f, &templates[i])) {
            match->found = &templates[i];
            return;
        }
    }
    match->key_count = 0;
}

/* The words that stand where relations stand. */
static bool
is_before_relation(const struct sql_token *token)
{
    static const struct view words[] = {{(const uint8_t *)"from", 4},
                                        {(const uint8_t *)"join", 4},
                                        {(const uint8_t *)"update", 6},
                                        {(const uint8_t *)"into", 4}};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct sql_token word = {.what = SQL_WORD, .text = words[i]};

        if (token->what == SQL_WORD && !token->is_quoted && is_same_word(&word, token))
            return true;
    }
    return false;
}

/* Of "public.members" the last part is the relation. */
static bool
names_relation(const struct sql_template *template, const struct sql_token *word)
{
    for (const struct sql_token *t = template->tokens; t->what != SQL_END; t++) {
        if (!is_before_relation(t))
            continue;
        for (t++; t[0].what == SQL_WORD && is_sign(&t[1], '.') && t[2].what == SQL_WORD; t += 2)
            ;
        if (t->what == SQL_END)
            return false;
        if (t->what == SQL_WORD && is_same_word(t, word))
            return true;
    }
    return false;
}

bool
sql_templates_touch(const struct sql_template *templates, size_t count, enum sql_language language,
                    struct view sql)
{
    struct sql_rest rest = {sql, language};

    for (struct sql_token token = next_token(&rest); token.what != SQL_END;
         token = next_token(&rest))
        for (size_t i = 0; i < count && token.what == SQL_WORD; i++)
            if (names_relation(&templates[i], &token))
                return true;
    return false;
}

/* ---- patterns ---- */

struct pattern {
    char *to;
    size_t size, length;
    bool is_full;
};

static void
put(struct pattern *p, const void *bytes, size_t length)
{
    if (p->length + length + 1 > p->size) {
        p->is_full = true;
        return;
    }
    memcpy(p->to + p->length, bytes, length);
    p->length += length;
}

static void
put_word(struct pattern *p, const struct sql_token *token)
{
    if (token->is_quoted)
        put(p, "\"", 1);
    put(p, token->text.bytes, token->text.length);
    if (token->is_quoted)
        put(p, "\"", 1);
}

static bool
is_value(const struct sql_token *token)
{
    return token->what == SQL_NUMBER || token->what == SQL_TEXT || token->what == SQL_PARAMETER;
}

size_t
sql_pattern(enum sql_language language, struct view sql, char *to, size_t size)
{
    struct pattern p = {to, size, 0, false};
    struct sql_rest rest = {sql, language};
    struct sql_token before = {.what = SQL_END};

    for (struct sql_token token = next_token(&rest); token.what != SQL_END && !p.is_full;
         before = token, token = next_token(&rest)) {
        bool is_close = is_sign(&token, ',') || is_sign(&token, ')') || is_sign(&token, '.');

        if (token.is_doubtful || is_sign(&token, '{') || is_sign(&token, '}') ||
            (token.is_quoted && memchr(token.text.bytes, '"', token.text.length) != NULL))
            return 0;
        if (is_sign(&token, ';'))
            continue;
        if (is_value(&token) && is_value(&before))
            return 0;
        if (before.what != SQL_END && !is_close && !is_sign(&before, '(') && !is_sign(&before, '.'))
            put(&p, " ", 1);
        if (!is_value(&token)) {
            if (token.what == SQL_WORD)
                put_word(&p, &token);
            else
                put(&p, token.text.bytes, token.text.length);
            continue;
        }
        put(&p, "{}", 2);
        pass_cast(&rest);
        for (;;) { /* a list of them is one */
            struct sql_rest ahead = rest;
            struct sql_token comma = next_token(&ahead), value = next_token(&ahead);

            if (!is_sign(&before, '(') || !is_sign(&comma, ',') || !is_value(&value) ||
                value.is_doubtful)
                break;
            rest = ahead;
            pass_cast(&rest);
        }
    }
    return p.is_full ? 0 : p.length;
}
