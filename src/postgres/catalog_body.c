/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a function written in SQL or PL/pgSQL can show: whatever the relations, functions and
 * operators hold that its text names, in any schema. Of a table whose columns are all named one by
 * one (and the table nowhere else than behind FROM or JOIN, without an alias, and no star anywhere)
 * it is those columns; of any other table, all. SQL that it makes at run time is read where its
 * shape can be told (catalog_made.c), else it can show everything; so can a cursor that it has not
 * opened (cursor.h).
 */
#include "postgres/administer.h"
#include "postgres/catalog_part.h"
#include "postgres/catalog_scan.h"
#include "postgres/cursor.h"
#include "postgres/made.h"

enum { TOKENS_MAX = 1 << 18 };

struct token {
    enum scan_kind kind;
    bool has_high_bytes;
    char name[SCAN_NAME_SIZE];
};

struct body {
    struct catalog_builder *b;
    size_t node;    /* whose text it is */
    uint32_t stamp; /* what this body has touched */
    const struct token *tokens;
    size_t count;
    bool has_star;
    bool is_made;  /* a text that another one runs: what it runs in turn is not followed */
    bool has_made; /* it runs texts */
    bool has_fetch;
};

/* ---- tokens ---- */

static bool
is_word(const struct body *body, size_t at, const char *word)
{
    return at < body->count && body->tokens[at].kind == SCAN_WORD &&
           strcmp(body->tokens[at].name, word) == 0;
}

static bool
is_other(const struct body *body, size_t at, char c)
{
    return at < body->count && body->tokens[at].kind == SCAN_OTHER && body->tokens[at].name[0] == c;
}

static bool
is_name(const struct body *body, size_t at)
{
    return at < body->count &&
           (body->tokens[at].kind == SCAN_WORD || body->tokens[at].kind == SCAN_QUOTED);
}

static bool
is_star(const struct body *body, size_t at)
{
    return at < body->count && body->tokens[at].kind == SCAN_OPERATOR &&
           body->tokens[at].name[0] == '*' && body->tokens[at].name[1] == '\0';
}

/* False where the text has two readings, or is too long to be looked at. */
static bool
cut(struct catalog_builder *b, struct view text, int *result)
{
    struct scan scan = scan_of(text);

    b->tokens.count = 0;
    while (scan_next(&scan) != SCAN_END && scan.kind != SCAN_UNSURE) {
        struct token *token;

        if (b->tokens.count == TOKENS_MAX ||
            (scan.kind == SCAN_WORD && scan.has_high_bytes && !b->is_utf8))
            return false;
        token = catalog_pile_add(&b->tokens, sizeof(*token));
        if (!token) {
            *result = PASU_E_NOMEM;
            return false;
        }
        token->kind = scan.kind;
        if (scan.kind == SCAN_LITERAL || scan.kind == SCAN_NUMBER)
            continue;
        memcpy(token->name, scan.name, sizeof(token->name));
        if (scan.kind == SCAN_WORD || scan.kind == SCAN_QUOTED)
            catalog_speak(b->catalog, scan.name);
    }
    return scan.kind == SCAN_END;
}

/* ---- what makes a text opaque, or an exit ---- */

static bool
begins_statement(const struct body *body, size_t at)
{
    return at == 0 || is_other(body, at - 1, ';') || is_word(body, at - 1, "begin") ||
           is_word(body, at - 1, "then") || is_word(body, at - 1, "else") ||
           is_word(body, at - 1, "loop") || is_word(body, at - 1, "atomic");
}

/* DO with a text, and EXECUTE in a text that is run by another one. */
static bool
is_dynamic(const struct body *body, size_t at)
{
    return (body->is_made && is_word(body, at, "execute")) ||
           (is_word(body, at, "do") &&
            (is_word(body, at + 1, "language") ||
             (at + 1 < body->count && body->tokens[at + 1].kind == SCAN_LITERAL)));
}

/* A call that puts what it is given where it can be read by other ways than a result. */
static bool
is_keeping(const struct body *body, size_t at)
{
    bool is_constant = at + 2 < body->count && body->tokens[at + 2].kind == SCAN_LITERAL;

    return is_name(body, at) && is_other(body, at + 1, '(') &&
           made_keeps(body->tokens[at].name, is_constant);
}

/* Whether a table of PostgreSQL's own catalog is written to. */
static bool
writes_catalog(const struct body *body, size_t at)
{
    const struct catalog_relation *r;
    size_t next = 0, name = at + 1;
    bool is_delete = is_word(body, at, "from") && at > 0 && is_word(body, at - 1, "delete");

    if (!is_word(body, at, "update") && !is_word(body, at, "into") && !is_delete)
        return false;
    name += is_word(body, name, "only");
    name += is_word(body, name, "pg_catalog") && is_other(body, name + 1, '.') ? 2 : 0;
    if (!is_name(body, name) || is_word(body, name, "pg_settings"))
        return false;
    r = catalog_relation_named(body->b->catalog, "pg_catalog", body->tokens[name].name, &next);
    return r && !is_other(body, name + 1, '.');
}

static bool
is_exit(const struct body *body, size_t at)
{
    if (writes_catalog(body, at))
        return true;
    return (is_word(body, at, "copy") && begins_statement(body, at)) ||
           (is_word(body, at, "alter") && is_word(body, at + 1, "system")) ||
           (is_word(body, at, "load") && begins_statement(body, at));
}

/* Statements and cursors have names of the session's, which others use. */
static bool
is_renaming(const struct body *body, size_t at)
{
    static const char *const words[] = {"prepare", "deallocate", "open", "close"};
    bool is_labelled = at > 0 && body->tokens[at - 1].kind == SCAN_OPERATOR;

    if (!begins_statement(body, at) && !is_labelled)
        return false;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (is_word(body, at, words[i]))
            return true;
    return false;
}

/* ---- what gives names another meaning ---- */

static bool
is_one_of(const struct body *body, size_t at, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_word(body, at, words[i]))
            return true;
    return false;
}

/* Of what is made or changed by the DDL at that place: behind CREATE OR REPLACE and the like. */
static size_t
made_kind(const struct body *body, size_t at)
{
    static const char *const words[] = {"or",        "replace",   "temp",
                                        "temporary", "recursive", "constraint"};

    for (at++; is_one_of(body, at, words, COUNT_OF(words)); at++)
        ;
    return at;
}

/* By which the meaning changes of names that the text does not say. */
static bool
is_turning(const struct body *body, size_t at)
{
    static const char *const kinds[] = {"function", "procedure", "routine", "aggregate",
                                        "operator", "cast",      "domain"};
    bool is_create = is_word(body, at, "create"), is_alter = is_word(body, at, "alter");
    size_t kind = made_kind(body, at);

    if ((!is_create && !is_alter) || !begins_statement(body, at))
        return false;
    return is_one_of(body, kind, kinds, COUNT_OF(kinds)) ||
           (is_word(body, kind, "schema") && is_alter);
}

/* By which a relation that the text names comes under another name, or gives other rows. */
static bool
is_twisting(const struct body *body, size_t at)
{
    static const char *const made[] = {"view", "rule", "trigger"};
    static const char *const moves[] = {"rename", "schema", "inherit", "attach", "type", "enable"};

    if (!begins_statement(body, at))
        return false;
    if (is_word(body, at, "create"))
        return is_one_of(body, made_kind(body, at), made, COUNT_OF(made));
    if (!is_word(body, at, "alter"))
        return false;
    for (; at < body->count && !is_other(body, at, ';'); at++)
        if (is_one_of(body, at, moves, COUNT_OF(moves)))
            return true;
    return false;
}

/* ---- relations ---- */

static bool
has_column(const struct catalog_relation *r, const char *name)
{
    for (size_t i = 0; i < r->column_count; i++)
        if (strcmp(r->columns[i].name, name) == 0)
            return true;
    return false;
}

/* Words that stand behind a table's name and are no alias of it: reserved ones. */
static bool
ends_table(const struct body *body, size_t at)
{
    static const char *const words[] = {
        "where", "order",     "group",  "having", "limit",     "offset", "fetch", "for",
        "union", "intersect", "except", "join",   "inner",     "left",   "right", "full",
        "cross", "on",        "using",  "window", "returning", "then",   "into",
    };

    if (at >= body->count || is_other(body, at, ';') || is_other(body, at, ')') ||
        is_other(body, at, ','))
        return true;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (is_word(body, at, words[i]))
            return true;
    return false;
}

/* Whether this mention of a table lets nothing out but columns that are named elsewhere: as
 * FROM [schema.]table, or before a column of its own, table.column. */
static bool
is_plain_mention(const struct body *body, const struct catalog_relation *r, size_t at)
{
    size_t before = at;

    if (is_other(body, at + 1, '.'))
        return is_name(body, at + 2) && has_column(r, body->tokens[at + 2].name);
    if (before >= 2 && is_other(body, before - 1, '.') && is_name(body, before - 2))
        before -= 2;
    return before > 0 && (is_word(body, before - 1, "from") || is_word(body, before - 1, "join")) &&
           ends_table(body, at + 1);
}

static void
touch_relation(struct body *body, size_t number, size_t at)
{
    struct catalog_builder *b = body->b;
    const struct catalog_relation *r = &b->catalog->relations[number];

    if (b->stamps[number] != body->stamp)
        b->is_whole[number] = false;
    b->stamps[number] = body->stamp;
    if (!is_plain_mention(body, r, at))
        b->is_whole[number] = true;
}

static void
touch_relations(struct body *body, size_t at)
{
    const struct catalog *c = body->b->catalog;
    const struct catalog_relation *r;
    size_t next = 0;

    while ((r = catalog_relation_named(c, NULL, body->tokens[at].name, &next)) != NULL)
        touch_relation(body, (size_t)(r - c->relations), at);
}

static int
hash_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* The hashes of all names in the text, sorted. Two names of one hash only make a set larger. */
static int
collect_names(struct body *body)
{
    struct catalog_builder *b = body->b;

    b->names.count = 0;
    for (size_t i = 0; i < body->count; i++) {
        uint64_t *hash = is_name(body, i) ? catalog_pile_add(&b->names, sizeof(*hash)) : NULL;
        const char *name = body->tokens[i].name;

        if (hash)
            *hash = catalog_hash_name(b, name, strlen(name));
        else if (is_name(body, i))
            return PASU_E_NOMEM;
    }
    if (b->names.count > 0)
        qsort(b->names.items, b->names.count, sizeof(uint64_t), hash_order);
    return 0;
}

static bool
is_named(const struct catalog_builder *b, const char *name)
{
    uint64_t hash = catalog_hash_name(b, name, strlen(name));

    return b->names.count > 0 &&
           bsearch(&hash, b->names.items, b->names.count, sizeof(hash), hash_order) != NULL;
}

/* A table that has been touched: some of its columns, or, by an edge, all that it is. */
static int
use_relation(struct body *body, size_t number)
{
    struct catalog_builder *b = body->b;
    const struct catalog_relation *r = &b->catalog->relations[number];
    struct catalog_taint *taint = &b->taints[body->node];

    if (b->is_whole[number] || body->has_star || r->kind == 'v' || r->kind == 'm' ||
        r->speaks_values || r->has_casts)
        return catalog_edge_add(b, number, body->node);
    catalog_taint_column(b, r, 0, taint);
    for (size_t i = 0; i < r->column_count; i++)
        if (is_named(b, r->columns[i].name))
            catalog_taint_column(b, r, r->columns[i].number, taint);
    return 0;
}

static int
use_relations(struct body *body)
{
    struct catalog_builder *b = body->b;
    const struct catalog *c = b->catalog;
    int result = 0;

    for (size_t i = 0; result == 0 && i < body->count; i++) {
        const struct catalog_relation *r;
        size_t next = 0;

        if (!is_name(body, i))
            continue;
        while (result == 0 &&
               (r = catalog_relation_named(c, NULL, body->tokens[i].name, &next)) != NULL) {
            size_t number = (size_t)(r - c->relations);

            if (b->stamps[number] == body->stamp) {
                b->stamps[number] = 0; /* once */
                result = use_relation(body, number);
            }
        }
    }
    return result;
}

/* ---- functions and operators ---- */

static int
use_function(struct body *body, size_t number)
{
    struct catalog_builder *b = body->b;
    size_t node = b->catalog->relation_count + number;

    if (b->stamps[node] == body->stamp || node == body->node)
        return 0;
    b->stamps[node] = body->stamp;
    return catalog_edge_add(b, node, body->node);
}

static int
use_functions(struct body *body, size_t at)
{
    const struct catalog *c = body->b->catalog;
    const struct catalog_source *sources = body->b->sources.items;
    const struct catalog_function *f;
    size_t next = 0;
    int result = 0;

    while (result == 0 &&
           (f = catalog_function_named(c, NULL, body->tokens[at].name, &next)) != NULL) {
        size_t number = (size_t)(f - c->functions);

        if (!f->is_system || sources[number].speaks || sources[number].exits)
            result = use_function(body, number);
    }
    return result;
}

static int
use_operators(struct body *body, size_t at)
{
    struct catalog_builder *b = body->b;
    const struct catalog_operator *operators = b->operators.items;
    const char *name = body->tokens[at].name;
    uint64_t hash = catalog_hash_name(b, name, strlen(name));
    uint32_t next = 0;
    int result = 0;

    while (result == 0 && (next = catalog_index_next(&b->operator_index, hash, next)) != 0) {
        size_t number;

        if (strcmp(operators[next - 1].name, name) != 0)
            continue;
        number = catalog_function_number(b->catalog, operators[next - 1].function);
        if (number == SIZE_MAX)
            catalog_taint_everything(b, &b->taints[body->node]);
        else
            result = use_function(body, number);
    }
    return result;
}

/* ---- what a text fills ---- */

/* Where the name of a table stands whose rows are written; 0: nowhere. */
static size_t
written_name(const struct body *body, size_t at)
{
    bool is_new = is_word(body, at, "table") && at > 0 &&
                  (is_word(body, at - 1, "create") || is_word(body, at - 1, "temp") ||
                   is_word(body, at - 1, "temporary") || is_word(body, at - 1, "unlogged"));

    bool is_renamed = is_word(body, at, "to") && at > 0 && is_word(body, at - 1, "rename");

    if (!is_new && !is_renamed && !is_word(body, at, "into") && !is_word(body, at, "update"))
        return 0;
    at++;
    if (is_new && is_word(body, at, "if"))
        at += 3; /* IF NOT EXISTS */
    if (is_word(body, at, "only"))
        at++;
    if (is_other(body, at + 1, '.'))
        at += 2;
    return is_name(body, at) ? at : 0;
}

static int
note_fill(struct body *body, size_t number)
{
    struct catalog_pair *fill = catalog_pile_add(&body->b->fills, sizeof(*fill));

    if (!fill)
        return PASU_E_NOMEM;
    *fill = (struct catalog_pair){(uint32_t)body->node, (uint32_t)number};
    return 0;
}

/* What can come out of the text can be in the table afterwards, and what acts on the table speaks
 * out of the text. */
static int
fill_relations(struct body *body, size_t at)
{
    const struct catalog *c = body->b->catalog;
    const struct catalog_relation *r;
    size_t name = written_name(body, at), next = 0;
    int result = 0;

    if (name != 0 && (is_word(body, at, "update") || is_word(body, at, "table") ||
                      is_word(body, at - 1, "insert") || is_word(body, at - 1, "merge")))
        body->b->taints[body->node].fills = true;
    while (name != 0 && result == 0 &&
           (r = catalog_relation_named(c, NULL, body->tokens[name].name, &next)) != NULL) {
        size_t number = (size_t)(r - c->relations);

        if (r->is_system)
            continue;
        result = catalog_edge_add(body->b, body->node, number);
        if (result == 0)
            result = note_fill(body, number);
        if (result == 0 && catalog_act_node(body->b, number) != body->node)
            result = catalog_edge_add(body->b, catalog_act_node(body->b, number), body->node);
    }
    return result;
}

/* ---- the whole ---- */

static int
read_tokens(struct body *body)
{
    struct catalog_taint *taint = &body->b->taints[body->node];
    int result = 0;

    for (size_t i = 0; result == 0 && i < body->count; i++) {
        if (is_dynamic(body, i) || is_turning(body, i)) {
            catalog_taint_everything(body->b, taint);
            taint->keeps |= is_dynamic(body, i);
        }
        taint->twists |= is_twisting(body, i);
        taint->is_exit |= is_exit(body, i);
        taint->renames |= is_renaming(body, i);
        taint->keeps |= is_keeping(body, i);
        body->has_made |= is_word(body, i, "execute");
        body->has_fetch |= is_word(body, i, "fetch");
        /* (*) is count's; any other star may be all columns. */
        body->has_star |= is_star(body, i) &&
                          !(i > 0 && is_other(body, i - 1, '(') && is_other(body, i + 1, ')'));
        if (is_name(body, i)) {
            touch_relations(body, i);
            result = use_functions(body, i);
            if (result == 0)
                result = fill_relations(body, i);
        } else if (body->tokens[i].kind == SCAN_OPERATOR) {
            result = use_operators(body, i);
        }
    }
    return result;
}

int
catalog_body_read_made(struct catalog_builder *b, size_t node, struct view text, bool is_made)
{
    struct body body = {.b = b, .node = node, .stamp = ++b->stamp, .is_made = is_made};
    int result = 0;

    b->taints[node].administers |= administer_words(text);
    if (!cut(b, text, &result)) {
        catalog_taint_everything(b, &b->taints[body.node]);
        b->taints[body.node].keeps = true;
        return result;
    }
    body.tokens = b->tokens.items;
    body.count = b->tokens.count;
    result = collect_names(&body);
    if (result == 0)
        result = read_tokens(&body);
    if (result == 0)
        result = use_relations(&body);
    if (result == 0 && b->has_cast_code)
        result = catalog_edge_add(b, catalog_cast_node(b), node);
    if (body.has_fetch && cursor_is_borrowed(text))
        catalog_taint_everything(b, &b->taints[node]);
    return result == 0 && body.has_made && !is_made ? catalog_made_read(b, node, text) : result;
}

int
catalog_body_read(struct catalog_builder *b, size_t node, struct view text)
{
    return catalog_body_read_made(b, node, text, false);
}
