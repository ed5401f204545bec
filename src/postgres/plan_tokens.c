/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_tokens.h"

#include "postgres/cursor.h"
#include "postgres/made.h"
#include "postgres/plan_refuse.h"

enum { BODY_DEPTH_MAX = 4, RELATIONS_MAX = 64, ALIASES_MAX = 256 };

struct reading {
    struct plan_work *work;
    const char *text;
    struct token_range range;
    /* Relations that were named, for their columns, and aliases. Too many: nothing is explained. */
    const struct catalog_relation *relations[RELATIONS_MAX];
    size_t relation_count;
    struct view aliases[ALIASES_MAX];
    size_t alias_count;
    bool is_full;
};

/* ---- words ---- */

static bool
is_word(const struct sql_token *token)
{
    enum { RESERVED = PG_QUERY__KEYWORD_KIND__RESERVED_KEYWORD };

    return token->kind == PG_QUERY__TOKEN__IDENT ||
           (token->keyword != PG_QUERY__KEYWORD_KIND__NO_KEYWORD && token->keyword != RESERVED);
}

bool
tokens_name(const char *text, const struct sql_token *token, char name[CATALOG_NAME_SIZE])
{
    const char *at = text + token->start, *end = text + token->end;
    size_t length = 0;
    bool is_quoted = at < end && *at == '"';

    if (is_quoted) {
        at++;
        end--;
    }
    for (; at < end; at++) {
        char c = *at;

        if (is_quoted && c == '"' && at + 1 < end)
            at++;
        if (!is_quoted && c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (length == CATALOG_NAME_SIZE - 1)
            return false;
        name[length++] = c;
    }
    name[length] = '\0';
    return true;
}

/* ---- relations and functions ---- */

static bool
add_relation(struct reading *r, const char *name)
{
    const struct catalog_relation *relation;
    bool is_known = false;
    size_t at = 0;

    while ((relation = names_next_relation(r->work, NULL, name, &at)) != NULL) {
        is_known = true;
        if (r->relation_count == RELATIONS_MAX) {
            r->is_full = true;
            break;
        }
        r->relations[r->relation_count++] = relation;
    }
    if (is_known) {
        (void)names_add_relation(r->work, NULL, name);
        names_add_acts(r->work, NULL, name, true);
    }
    return is_known;
}

/* A user's function counts wherever its name stands; PostgreSQL's own where it is called. */
static bool
add_function(struct reading *r, const char *name, bool is_call)
{
    const struct catalog_function *function;
    struct function_facts facts;
    bool is_user = false, is_known = false;
    size_t at = 0;

    while (r->work->catalog &&
           (function = catalog_function_named(r->work->catalog, NULL, name, &at)) != NULL) {
        is_known = true;
        is_user |= !function->is_system;
    }
    if (!is_known || (!is_user && !is_call))
        return is_known && is_call;
    facts = function_facts_named(r->work, NULL, name);
    names_add_function(r->work, &facts);
    return true;
}

static bool
is_followed_by(const struct reading *r, const struct sql_token *token, int kind)
{
    return token + 1 < r->range.end && token[1].kind == kind;
}

/* ---- what explains a word ---- */

static bool
is_column(const struct reading *r, const char *name)
{
    for (size_t i = 0; i < r->relation_count; i++)
        for (size_t k = 0; k < r->relations[i]->column_count; k++)
            if (strcmp(r->relations[i]->columns[k].name, name) == 0)
                return true;
    return false;
}

static bool
is_relation(const struct reading *r, const char *name)
{
    for (size_t i = 0; i < r->relation_count; i++)
        if (strcmp(r->relations[i]->name, name) == 0 || strcmp(r->relations[i]->schema, name) == 0)
            return true;
    return false;
}

static struct view
word_of(const struct reading *r, const struct sql_token *token)
{
    return view_of(r->text + token->start, token->end - token->start);
}

static bool
is_alias(const struct reading *r, const struct sql_token *token)
{
    for (size_t i = 0; i < r->alias_count; i++)
        if (view_equal(r->aliases[i], word_of(r, token)))
            return true;
    return false;
}

/* Behind AS, a closing parenthesis, or a relation's name. */
static void
note_alias(struct reading *r, const struct sql_token *token)
{
    char before[CATALOG_NAME_SIZE];
    const struct sql_token *last = token - 1;

    if (token == r->range.first)
        return;
    if (last->kind != PG_QUERY__TOKEN__AS && last->kind != ')' &&
        !(is_word(last) && tokens_name(r->text, last, before) && is_relation(r, before)))
        return;
    if (r->alias_count == ALIASES_MAX)
        r->is_full = true;
    else
        r->aliases[r->alias_count++] = word_of(r, token);
}

/* A word of a newer version in the place where it is one. */
static bool
is_newer_word(const struct reading *r, const struct sql_token *token, const char *name)
{
    enum { PG_QUERY__TOKEN__0 = 0 };
    static const struct {
        const char *word;
        int before, behind;
    } words[] = {
#define X(word, before, behind) {word, PG_QUERY__TOKEN__##before, PG_QUERY__TOKEN__##behind},
#include "postgres/newer_word.def"
#undef X
    };
    int before = token > r->range.first ? token[-1].kind : 0;
    int behind = token + 1 < r->range.end ? token[1].kind : 0;

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if ((words[i].before == 0 || words[i].before == before) &&
            (words[i].behind == 0 || words[i].behind == behind) && strcmp(words[i].word, name) == 0)
            return true;
    return false;
}

static bool
is_explained(const struct reading *r, const struct sql_token *token)
{
    char name[CATALOG_NAME_SIZE];

    if (token->kind != PG_QUERY__TOKEN__IDENT)
        return true; /* a key word */
    if (!tokens_name(r->text, token, name))
        return false;
    return is_relation(r, name) || is_column(r, name) || is_alias(r, token) ||
           is_newer_word(r, token, name) || is_followed_by(r, token, '(');
}

/* ---- texts ---- */

/* Operators have no names that a word could say. */
static void
add_operator(struct reading *r, const struct sql_token *token)
{
    const struct catalog *catalog = r->work->catalog;
    char name[CATALOG_NAME_SIZE];
    size_t length = token->end - token->start;

    if (!catalog || length >= sizeof(name) ||
        strspn(r->text + token->start, "+-*/<>=~!@#%^&|`?") < length)
        return;
    text_from_view(name, sizeof(name),
                   view_equal(word_of(r, token), VIEW("!=")) ? VIEW("<>") : word_of(r, token));
    if (catalog_operator_is_foreign(catalog, name))
        names_add_foreign(r->work, name);
}

/* Relations first: what they explain comes in any order. False where a word cannot be read. */
static bool
read_words(struct reading *r, bool is_body)
{
    bool is_clear = true;

    /* Types need not be named where values are given to variables. */
    if (is_body && r->work->catalog && catalog_has_cast_code(r->work->catalog))
        names_add_foreign(r->work, NULL);
    for (const struct sql_token *t = r->range.first; t < r->range.end; t++) {
        char name[CATALOG_NAME_SIZE];

        if (t->kind == PG_QUERY__TOKEN__UIDENT)
            is_clear = false;
        if (!is_word(t)) {
            add_operator(r, t);
            continue;
        }
        if (!tokens_name(r->text, t, name)) {
            is_clear &= is_body;
            continue;
        }
        add_relation(r, name);
        if (!add_function(r, name, is_followed_by(r, t, '(')) &&
            t->kind == PG_QUERY__TOKEN__IDENT && is_followed_by(r, t, '(') &&
            !is_newer_word(r, t, name)) {
            is_clear &= is_body;
            r->work->names.flags |= PLAN_CALLS; /* one that no snapshot shows */
        }
    }
    return is_clear;
}

static struct reading *
begin(struct plan_work *work, const char *text, struct token_range range)
{
    struct reading *r = arena_new(&work->memory, 1, sizeof(*r));

    if (r) {
        r->work = work;
        r->text = text;
        r->range = range;
    }
    return r;
}

void
tokens_of_statement(struct plan_work *work)
{
    struct token_range range = {work->tokens.tokens, work->tokens.tokens + work->tokens.count};
    struct sql_token *tokens = work->tokens.tokens;
    struct reading *r = begin(work, work->text, range);
    bool is_clear;

    work->names = (struct names){0};
    if (!r)
        return;
    is_clear = read_words(r, false);
    for (const struct sql_token *t = range.first; t < range.end; t++)
        if (is_word(t))
            note_alias(r, t);
    for (size_t i = 0; i < work->tokens.count; i++) {
        tokens[i].is_unknown = is_word(&tokens[i]) && !is_explained(r, &tokens[i]);
        is_clear &= !tokens[i].is_unknown;
    }
    if (!is_clear || r->is_full)
        names_add_everything(work, 0);
    refuse_by_names(work);
    refuse_by_tokens(work, work->text, range);
}

struct view
tokens_inside(const char *text, const struct sql_token *token)
{
    const char *at = text + token->start, *end = text + token->end;
    size_t length = 1; /* of what encloses it, on either side */

    while (at < end && *at != '\'' && *at != '$')
        at++;
    if (at < end && *at == '$') {
        const char *tag = memchr(at + 1, '$', (size_t)(end - at - 1));

        length = tag ? (size_t)(tag + 1 - at) : (size_t)(end - at);
    }
    if ((size_t)(end - at) < 2 * length)
        return view_of("", 0);
    return view_of(at + length, (size_t)(end - at) - 2 * length);
}

/* ---- code: the body of DO ---- */

/* It can run any SQL, and put what that reads anywhere. */
static void
add_anything(struct plan_work *work)
{
    names_add_everything(work, PLAN_OPAQUE);
    reach_add(&work->names.code, &work->everything);
    reach_add(&work->names.kept, &work->everything);
}

static bool
is_kind(const struct sql_token *t, struct token_range range, int kind)
{
    return t >= range.first && t < range.end && t->kind == kind;
}

static bool
has_token(struct token_range range, int kind)
{
    for (const struct sql_token *t = range.first; t < range.end; t++)
        if (t->kind == kind)
            return true;
    return false;
}

/* DO within code: not that of ON CONFLICT, or of a rule. */
static bool
runs_code(struct token_range range)
{
    for (const struct sql_token *t = range.first; t < range.end; t++)
        if (t->kind == PG_QUERY__TOKEN__DO && (is_kind(t + 1, range, PG_QUERY__TOKEN__SCONST) ||
                                               is_kind(t + 1, range, PG_QUERY__TOKEN__LANGUAGE)))
            return true;
    return false;
}

/* Whether this mention of a table lets nothing out but columns that are named elsewhere: behind
 * FROM, JOIN, INTO or UPDATE, without an alias, or before a column of its own. */
static bool
is_plain_mention(const struct reading *r, const struct sql_token *t)
{
    static const int before[] = {PG_QUERY__TOKEN__FROM, PG_QUERY__TOKEN__JOIN,
                                 PG_QUERY__TOKEN__INTO, PG_QUERY__TOKEN__UPDATE};
    static const int behind[] = {';',
                                 ')',
                                 '(',
                                 ',',
                                 PG_QUERY__TOKEN__SET,
                                 PG_QUERY__TOKEN__VALUES,
                                 PG_QUERY__TOKEN__JOIN,
                                 PG_QUERY__TOKEN__INNER_P,
                                 PG_QUERY__TOKEN__LEFT,
                                 PG_QUERY__TOKEN__RIGHT,
                                 PG_QUERY__TOKEN__CROSS};
    bool is_behind = false, is_ended;
    char next[CATALOG_NAME_SIZE];

    if (is_kind(t + 1, r->range, '.'))
        return true;
    is_ended =
        t + 1 == r->range.end || t[1].keyword == (int)PG_QUERY__KEYWORD_KIND__RESERVED_KEYWORD;
    is_ended |= t + 1 < r->range.end && is_word(t + 1) && tokens_name(r->text, t + 1, next) &&
                strcmp(next, "loop") == 0;
    for (size_t i = 0; i < COUNT_OF(behind); i++)
        is_ended |= is_kind(t + 1, r->range, behind[i]);
    if (is_kind(t - 1, r->range, '.'))
        t -= 2;
    for (size_t i = 0; i < COUNT_OF(before); i++)
        is_behind |= is_kind(t - 1, r->range, before[i]);
    return is_behind && is_ended && !is_kind(t + 1, r->range, PG_QUERY__TOKEN__AS);
}

/* "(*)" is count's; any other star may be all columns. */
static bool
has_star(struct token_range range)
{
    for (const struct sql_token *t = range.first; t < range.end; t++)
        if (t->kind == '*' && !(is_kind(t - 1, range, '(') && is_kind(t + 1, range, ')')))
            return true;
    return false;
}

static bool
is_whole(const struct reading *r, const struct catalog_relation *relation, bool is_starred)
{
    bool whole = is_starred || relation->kind == 'v' || relation->kind == 'm' ||
                 relation->speaks_values || relation->marked_fields != 0;

    for (const struct sql_token *t = r->range.first; t < r->range.end && !whole; t++) {
        char name[CATALOG_NAME_SIZE];

        whole = is_word(t) && tokens_name(r->text, t, name) && strcmp(name, relation->name) == 0 &&
                !is_plain_mention(r, t);
    }
    return whole;
}

/* What code can read, by the columns that it names. */
static void
add_columns(struct reading *r, const struct catalog_relation *relation, struct reach *reach)
{
    for (const struct sql_token *t = r->range.first; t < r->range.end; t++) {
        char name[CATALOG_NAME_SIZE];

        if (!is_word(t) || !tokens_name(r->text, t, name))
            continue;
        for (size_t i = 0; i < relation->column_count; i++) {
            int16_t number = relation->columns[i].number;

            if (strcmp(relation->columns[i].name, name) != 0 || number < 1 ||
                number > relation->column_limit)
                continue;
            for (size_t k = 0; k < relation->show_count; k++)
                reach->fields[relation->shows[k].kind % CATALOG_KINDS_MAX] |=
                    relation->shows[k].column_fields[number];
        }
    }
}

static struct reach
reach_of_words(struct reading *r)
{
    bool is_starred = has_star(r->range) || r->is_full;
    struct reach reach = r->work->names.functions;

    for (size_t i = 0; i < r->relation_count; i++) {
        const struct catalog_relation *relation = r->relations[i];
        struct reach all = names_reach(r->work, relation);

        if (reach_covers(&reach, &all))
            continue;
        if (is_whole(r, relation, is_starred))
            reach_add(&reach, &all);
        else
            add_columns(r, relation, &reach);
    }
    return reach;
}

/* A call that puts what it is given elsewhere. */
static bool
is_keeping(const struct reading *r, const struct sql_token *t)
{
    char name[CATALOG_NAME_SIZE];

    return is_word(t) && is_followed_by(r, t, '(') && tokens_name(r->text, t, name) &&
           made_keeps(name, is_kind(t + 2, r->range, PG_QUERY__TOKEN__SCONST));
}

static void
read_keepers(struct reading *r)
{
    for (const struct sql_token *t = r->range.first; t < r->range.end; t++)
        r->work->names.keeps |= is_keeping(r, t);
}

static void read_body(struct plan_work *work, const char *body, unsigned depth, bool is_made);

/* Texts that it may run when nobody can tell: what they touch is everything already, but some are
 * refused. */
static void
read_strings(struct plan_work *work, const char *body, struct token_range range, unsigned depth)
{
    for (const struct sql_token *t = range.first; t < range.end; t++) {
        struct view inside;
        const char *copy;

        if (t->kind != PG_QUERY__TOKEN__SCONST)
            continue;
        inside = tokens_inside(body, t);
        copy = arena_text(&work->memory, (const char *)inside.bytes, inside.length);
        if (copy)
            read_body(work, copy, depth + 1, false);
    }
}

/* Texts that it makes at run time; false where one can be anything. */
static bool
read_made(struct plan_work *work, const char *body)
{
    size_t length = strlen(body);
    char *space = arena_new(&work->memory, made_size(length), 1);
    enum made_kind kind;
    struct made made;

    if (!space || !work->catalog || made_is_own(work->catalog) ||
        catalog_operator_is_foreign(work->catalog, "||"))
        return false;
    made_begin(&made, view_of(body, length), space);
    while ((kind = made_next(&made)) == MADE_TEXT) {
        const char *copy = arena_text(&work->memory, made.text, made.length);

        work->names.keeps |= made.has_values;
        work->names.flags |= PLAN_CALLS; /* format() can be another one by now */
        if (!copy || !made_is_plain(&made))
            return false;
        read_body(work, copy, 0, true);
    }
    return kind == MADE_END;
}

static void
read_body(struct plan_work *work, const char *body, unsigned depth, bool is_made)
{
    struct sql_tokens tokens;
    struct token_range range;
    struct reading *r;
    struct reach reach;

    if (depth > BODY_DEPTH_MAX)
        return;
    if (sql_scan(&work->memory, body, PLAN_TOKENS_MAX, &tokens) != 0) {
        if (depth == 0)
            add_anything(work);
        return;
    }
    range = (struct token_range){tokens.tokens, tokens.tokens + tokens.count};
    r = begin(work, body, range);
    if (!r)
        return;
    if (!read_words(r, true) || r->is_full)
        add_anything(work);
    if (has_token(range, PG_QUERY__TOKEN__FETCH) &&
        cursor_is_borrowed(view_of(body, strlen(body)))) {
        names_add_everything(work, PLAN_OPAQUE);
        reach_add(&work->names.code, &work->everything);
    }
    refuse_by_tokens(work, body, range);
    read_keepers(r);
    reach = reach_of_words(r);
    reach_add(&work->names.code, &reach);
    if (depth == 0 && !has_token(range, PG_QUERY__TOKEN__EXECUTE) && !runs_code(range))
        return;
    refuse_by_strings(work, body, range);
    if (depth == 0 && !is_made && !runs_code(range) && read_made(work, body))
        return;
    add_anything(work);
    read_strings(work, body, range, depth);
}

void
tokens_of_body(struct plan_work *work, const char *body)
{
    read_body(work, body, 0, false);
    if (work->names.keeps)
        reach_add(&work->names.kept, &work->names.code);
}
