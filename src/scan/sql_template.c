/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/sql_template.h"

#include "scan/find.h"

enum { NAMES_LOOKED = 8 /* of relations */ };

static struct sql_token
peek(struct sql_rest rest)
{
    return sql_next_token(&rest);
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
        struct sql_token first = sql_next_token(&ahead), second = sql_next_token(&ahead);
        struct sql_token type = sql_next_token(&ahead), behind;

        if (!is_sign(&first, ':') || !is_sign(&second, ':') || type.what != SQL_WORD)
            return;
        *rest = ahead;
        behind = sql_next_token(&ahead);
        if (is_sign(&behind, '(') || is_sign(&behind, '[')) {
            while (behind.what != SQL_END && !is_sign(&behind, ')') && !is_sign(&behind, ']'))
                behind = sql_next_token(&ahead);
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
    struct sql_token name = sql_next_token(&ahead), close = name;
    int kind = 0;

    token->what = SQL_ANY;
    if (name.what == SQL_WORD) {
        kind = kind_of(arg, name.text);
        token->what = SQL_KEY;
        close = sql_next_token(&ahead);
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

static uint8_t
small(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

static bool
is_same_word(const struct sql_token *a, const struct sql_token *b)
{
    if (a->what != b->what || a->text.length != b->text.length)
        return false;
    if (a->is_quoted || b->is_quoted)
        return memcmp(a->text.bytes, b->text.bytes, a->text.length) == 0;
    for (size_t i = 0; i < a->text.length; i++) {
        if (small(a->text.bytes[i]) != small(b->text.bytes[i]))
            return false;
    }
    return true;
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
static void
find_relations(struct sql_template *template)
{
    for (const struct sql_token *t = template->tokens; t->what != SQL_END; t++) {
        if (!is_before_relation(t))
            continue;
        for (t++; t[0].what == SQL_WORD && is_sign(&t[1], '.') && t[2].what == SQL_WORD; t += 2)
            ;
        if (t->what == SQL_END)
            return;
        if (t->what == SQL_WORD)
            template->relations[template->relation_count++] = *t;
    }
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
    to->relations = store_new(store, strlen(sql) + 1, sizeof(*to->relations));
    to->relation_count = 0;
    if (to->sql == NULL || to->tokens == NULL || to->relations == NULL)
        return PASU_E_NOMEM;
    rest = (struct sql_rest){view_of_text(to->sql), SQL_OF_POSTGRESQL};
    for (;;) {
        struct sql_token token = sql_next_token(&rest);

        if (token.what == SQL_END)
            break;
        if (is_sign(&token, '{') && !take_place(&rest, &token, kind_of, arg, why))
            return PASU_E_MALFORMED;
        if (is_sign(&token, ';'))
            continue;
        has_key |= token.what == SQL_KEY;
        to->tokens[count++] = token;
    }
    find_relations(to);
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
    struct sql_token token = sql_next_token(&rest);

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
            token = sql_next_token(&rest); /* = */
            token = sql_next_token(&rest);
            *value = token.text;
            return token.what == SQL_TEXT;
        }
        token = sql_next_token(&rest);
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
    struct sql_token token = sql_next_token(&f->rest);
    struct view value = token.text;
    const uint8_t *minus = NULL;

    if (is_sign(&token, '-')) {
        minus = token.text.bytes;
        token = sql_next_token(&f->rest);
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
                (void)sql_next_token(&f->rest);
                if (!take_value(f, due))
                    return false;
            }
            continue;
        }
        token = sql_next_token(&f->rest);
        if (!is_same(due, &token))
            return false;
    }
    for (;;) {
        struct sql_token token = sql_next_token(&f->rest);

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

static bool
is_name_at(const uint8_t *at, struct view name)
{
    size_t same = 0;

    while (same < name.length && small(at[same]) == small(name.bytes[same]))
        same++;
    return same == name.length;
}

/* Whether the name's bytes stand anywhere in the statement, of whatever case. */
static bool
has_name(struct view sql, struct view name)
{
    const uint8_t *at = sql.bytes, *end = at + sql.length;

    if (name.length == 0)
        return true;
    while (end - at >= (ptrdiff_t)name.length) {
        if (name.length > 1)
            at = find_pair(at, end, name.bytes[0], name.bytes[1]);
        if (end - at < (ptrdiff_t)name.length)
            return false;
        if (is_name_at(at, name))
            return true;
        at++;
    }
    return false;
}

/* Few names are looked for before a statement is taken into words: most have none. */
bool
sql_templates_can_touch(const struct sql_template *templates, size_t count, struct view sql)
{
    size_t looked = 0;

    for (size_t i = 0; i < count; i++) {
        if (templates[i].relation_count == 0)
            return true;
        for (size_t r = 0; r < templates[i].relation_count; r++)
            if (++looked > NAMES_LOOKED || has_name(sql, templates[i].relations[r].text))
                return true;
    }
    return false;
}

bool
sql_templates_touch(const struct sql_template *templates, size_t count, enum sql_language language,
                    struct view sql)
{
    struct sql_rest rest = {sql, language};

    if (!sql_templates_can_touch(templates, count, sql))
        return false;
    for (struct sql_token token = sql_next_token(&rest); token.what != SQL_END;
         token = sql_next_token(&rest))
        for (size_t i = 0; i < count && token.what == SQL_WORD; i++)
            for (size_t r = 0; r < templates[i].relation_count; r++)
                if (is_same_word(&templates[i].relations[r], &token))
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

    for (struct sql_token token = sql_next_token(&rest); token.what != SQL_END && !p.is_full;
         before = token, token = sql_next_token(&rest)) {
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
            struct sql_token comma = sql_next_token(&ahead), value = sql_next_token(&ahead);

            if (!is_sign(&before, '(') || !is_sign(&comma, ',') || !is_value(&value) ||
                value.is_doubtful)
                break;
            rest = ahead;
            pass_cast(&rest);
        }
    }
    return p.is_full ? 0 : p.length;
}
