/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals by words alone: of what is not understood, of code, and of texts that code runs. */
#include "postgres/plan_refuse.h"
#include "postgres/plan_tokens.h"

static bool
is_pair(const struct sql_token *at, struct token_range range, int first, int second)
{
    return at->kind == first && at + 1 < range.end && at[1].kind == second;
}

static bool
is_copy_side(const struct sql_token *at)
{
    return at->kind == PG_QUERY__TOKEN__TO || at->kind == PG_QUERY__TOKEN__FROM;
}

/* What follows COPY up to the end of that statement. */
static void
refuse_copy(struct plan_work *work, const struct sql_token *at, struct token_range range)
{
    for (; at < range.end && at->kind != ';'; at++) {
        if (!is_copy_side(at) || at + 1 == range.end)
            continue;
        if (at[1].kind == PG_QUERY__TOKEN__PROGRAM)
            refuse(work, REFUSAL_COPY_PROGRAM);
        else if (at[1].kind == PG_QUERY__TOKEN__SCONST)
            refuse(work, REFUSAL_COPY_FILE);
    }
}

/* "set_config('x', …", "SET x", "SET LOCAL x" */
static void
refuse_set(struct plan_work *work, const char *text, const struct sql_token *at,
           struct token_range range)
{
    char name[CATALOG_NAME_SIZE];

    if (at->kind == PG_QUERY__TOKEN__SET) {
        at++;
        while (at < range.end &&
               (at->kind == PG_QUERY__TOKEN__LOCAL || at->kind == PG_QUERY__TOKEN__SESSION))
            at++;
        if (at < range.end && tokens_name(text, at, name) && is_library_setting(view_of_text(name)))
            refuse(work, REFUSAL_LIBRARY);
    } else if (range.end - at > 2 && at[1].kind == '(' && at[2].kind == PG_QUERY__TOKEN__SCONST &&
               tokens_name(text, at, name) && strcmp(name, "set_config") == 0 &&
               is_library_setting(tokens_inside(text, &at[2]))) {
        refuse(work, REFUSAL_LIBRARY);
    }
}

static bool
begins_writing(const struct sql_token *at, struct token_range range)
{
    return at->kind == PG_QUERY__TOKEN__UPDATE ||
           is_pair(at, range, PG_QUERY__TOKEN__INSERT, PG_QUERY__TOKEN__INTO) ||
           is_pair(at, range, PG_QUERY__TOKEN__MERGE, PG_QUERY__TOKEN__INTO) ||
           is_pair(at, range, PG_QUERY__TOKEN__DELETE_P, PG_QUERY__TOKEN__FROM);
}

/* UPDATE, INSERT INTO, DELETE FROM [ONLY] [schema.]table */
static void
refuse_writing(struct plan_work *work, const char *text, const struct sql_token *at,
               struct token_range range)
{
    char schema[CATALOG_NAME_SIZE], name[CATALOG_NAME_SIZE];
    bool has_schema;

    at += at->kind == PG_QUERY__TOKEN__UPDATE ? 1 : 2;
    if (at < range.end && at->kind == PG_QUERY__TOKEN__ONLY)
        at++;
    has_schema = range.end - at > 2 && at[1].kind == '.';
    if (at >= range.end || (has_schema && !tokens_name(text, at, schema)) ||
        !tokens_name(text, has_schema ? at + 2 : at, name))
        return;
    refuse_by_written(work, has_schema ? schema : NULL, name);
}

/* A value of statistics, or all columns of them, wherever they stand. */
static void
refuse_statistics(struct plan_work *work, const char *text, struct token_range range)
{
    bool has_statistics = false, shows = false;
    char name[CATALOG_NAME_SIZE];

    for (const struct sql_token *t = range.first; t < range.end; t++) {
        if (t->kind == '*' || t->kind == PG_QUERY__TOKEN__TABLE) {
            shows |= t == range.first || t[-1].kind != '(';
        } else if (tokens_name(text, t, name)) {
            has_statistics |= refuse_is_statistics(work, NULL, name);
            shows |= refuse_is_statistics_value(name);
        }
    }
    if (has_statistics && shows && refuse_has_never(work->catalog))
        refuse(work, REFUSAL_STATISTICS);
}

void
refuse_by_tokens(struct plan_work *work, const char *text, struct token_range range)
{
    if (work->catalog)
        refuse_statistics(work, text, range);
    for (const struct sql_token *t = range.first; t < range.end; t++) {
        refuse_set(work, text, t, range);
        if (begins_writing(t, range))
            refuse_writing(work, text, t, range);
        else if (t->kind == PG_QUERY__TOKEN__COPY)
            refuse_copy(work, t, range);
        else if (is_pair(t, range, PG_QUERY__TOKEN__ALTER, PG_QUERY__TOKEN__SYSTEM_P))
            refuse(work, REFUSAL_ALTER_SYSTEM);
        else if (is_pair(t, range, PG_QUERY__TOKEN__LOAD, PG_QUERY__TOKEN__SCONST))
            refuse(work, REFUSAL_LOAD);
        else if (is_pair(t, range, PG_QUERY__TOKEN__CREATE, PG_QUERY__TOKEN__FOREIGN) ||
                 is_pair(t, range, PG_QUERY__TOKEN__CREATE, PG_QUERY__TOKEN__SERVER) ||
                 is_pair(t, range, PG_QUERY__TOKEN__IMPORT_P, PG_QUERY__TOKEN__FOREIGN))
            refuse(work, REFUSAL_FOREIGN);
    }
}
