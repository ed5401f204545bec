/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that a text of PL/pgSQL fills: INSERT INTO, UPDATE, MERGE INTO, CREATE TABLE, also in the
 * strings that it may run, and in what it puts together of them. */
#include "postgres/made.h"
#include "postgres/plan_mark.h"
#include "postgres/plan_text.h"
#include "postgres/plan_tokens.h"

enum { FILL_DEPTH_MAX = 4 };

static bool
is_kind(const struct sql_token *t, struct token_range range, int kind)
{
    return t >= range.first && t < range.end && t->kind == kind;
}

/* Where the name of a filled table begins, or NULL. */
static const struct sql_token *
filled_at(const struct sql_token *t, struct token_range range)
{
    bool is_into = is_kind(t, range, PG_QUERY__TOKEN__INTO) &&
                   (is_kind(t - 1, range, PG_QUERY__TOKEN__INSERT) ||
                    is_kind(t - 1, range, PG_QUERY__TOKEN__MERGE));
    bool is_update = is_kind(t, range, PG_QUERY__TOKEN__UPDATE) &&
                     !is_kind(t - 1, range, PG_QUERY__TOKEN__FOR) &&
                     !is_kind(t - 1, range, PG_QUERY__TOKEN__DO);
    bool is_table = is_kind(t, range, PG_QUERY__TOKEN__TABLE) &&
                    (is_kind(t - 1, range, PG_QUERY__TOKEN__CREATE) ||
                     is_kind(t - 1, range, PG_QUERY__TOKEN__TEMP) ||
                     is_kind(t - 1, range, PG_QUERY__TOKEN__TEMPORARY) ||
                     is_kind(t - 1, range, PG_QUERY__TOKEN__UNLOGGED));

    bool is_renamed =
        is_kind(t, range, PG_QUERY__TOKEN__TO) && is_kind(t - 1, range, PG_QUERY__TOKEN__RENAME);

    if (!is_into && !is_update && !is_table && !is_renamed)
        return NULL;
    t++;
    if (is_table && is_kind(t, range, PG_QUERY__TOKEN__IF_P))
        t += 3; /* IF NOT EXISTS */
    return is_kind(t, range, PG_QUERY__TOKEN__ONLY) ? t + 1 : t;
}

/* ALTER TABLE … SET SCHEMA: what is filled can be in any. */
static bool
moves_schema(struct token_range range)
{
    for (const struct sql_token *t = range.first; t < range.end; t++)
        if (is_kind(t, range, PG_QUERY__TOKEN__SET) &&
            is_kind(t + 1, range, PG_QUERY__TOKEN__SCHEMA))
            return true;
    return false;
}

struct filling {
    struct plan_work *work;
    tokens_visit *visit;
    void *context;
    bool is_made; /* "?" is a name that is not constant */
};

static void
fill_one(const struct filling *filling, const char *text, const struct sql_token *t,
         struct token_range range)
{
    char schema[CATALOG_NAME_SIZE] = "", name[CATALOG_NAME_SIZE];

    if (t >= range.end || !tokens_name(text, t, name))
        return;
    if (is_kind(t + 1, range, '.') && t + 2 < range.end) {
        memcpy(schema, name, sizeof(schema));
        if (!tokens_name(text, t + 2, name))
            return;
    }
    if (filling->is_made && strcmp(name, "?") == 0)
        return; /* of any: mark_unread */
    if (moves_schema(range) || (filling->is_made && strcmp(schema, "?") == 0))
        schema[0] = '\0';
    filling->visit(filling->context, schema[0] ? schema : NULL, name);
}

static void
fill_text(const struct filling *filling, const char *text, unsigned depth)
{
    struct arena *memory = &filling->work->memory;
    struct sql_tokens tokens;
    struct token_range range;

    if (!text || depth > FILL_DEPTH_MAX || sql_scan(memory, text, PLAN_TOKENS_MAX, &tokens) != 0)
        return;
    range = (struct token_range){tokens.tokens, tokens.tokens + tokens.count};
    for (const struct sql_token *t = range.first; t < range.end; t++) {
        const struct sql_token *target = filled_at(t, range);

        if (target)
            fill_one(filling, text, target, range);
        if (t->kind == PG_QUERY__TOKEN__SCONST) {
            struct view inside = tokens_inside(text, t);

            fill_text(filling, arena_text(memory, (const char *)inside.bytes, inside.length),
                      depth + 1);
        }
    }
}

/* EXECUTE 'UPDATE ' || 't SET …': no string of it says both. */
static void
fill_made(const struct filling *filling, const char *body)
{
    struct arena *memory = &filling->work->memory;
    size_t length = strlen(body);
    char *space = arena_new(memory, made_size(length), 1);
    struct made made;

    if (!space)
        return;
    made_begin(&made, view_of(body, length), space);
    while (made_next(&made) == MADE_TEXT)
        fill_text(filling, arena_text(memory, made.text, made.length), 0);
}

void
tokens_filled(struct plan_work *work, const char *body, tokens_visit *visit, void *context)
{
    struct filling filling = {work, visit, context, false};

    fill_text(&filling, body, 0);
    filling.is_made = true;
    fill_made(&filling, body);
}

struct marking {
    struct plan_work *work;
    const struct reach *reach;
};

static void
mark_filled(void *context, const char *schema, const char *name)
{
    const struct marking *marking = context;
    struct plan_work *work = marking->work;
    char none[] = "", persistence[] = "p";
    PgQuery__RangeVar target = {.catalogname = none,
                                .schemaname = schema ? (char *)(uintptr_t)schema : none,
                                .relname = (char *)(uintptr_t)name,
                                .relpersistence = persistence};
    const struct catalog_relation *relation, *only = NULL;
    size_t at = 0, count = 0;

    while ((relation = names_next_relation(work, schema, name, &at)) != NULL) {
        only = relation;
        count++;
    }
    if (count == 1) {
        struct reach own = mark_known(only);

        if (reach_covers(&own, marking->reach))
            return; /* what it holds anyway */
    }
    mark_relation(work, &target, count == 1 ? only : NULL, marking->reach, NULL);
}

void
tokens_fill(struct plan_work *work, const char *body, const struct reach *reach)
{
    struct marking marking = {work, reach};

    if (reach_fields(reach) != 0)
        tokens_filled(work, body, mark_filled, &marking);
}
