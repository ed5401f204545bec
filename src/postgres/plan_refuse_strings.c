/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals of SQL that is put together at run time: what stands in the texts that a statement hands
 * to something that runs texts, taken as one, so that 'card_' || 'vault' is read as well. Only the
 * server knows what is really run; who hides a name better is counted, as everything.
 */
#include "postgres/plan_refuse.h"
#include "postgres/plan_tokens.h"

#include <strings.h>

/* The insides of all strings, one after the other. */
static char *
join_strings(struct plan_work *work, const char *text, struct token_range range)
{
    size_t length = 0, at = 0;
    char *joined;

    for (const struct sql_token *t = range.first; t < range.end; t++)
        if (t->kind == PG_QUERY__TOKEN__SCONST || t->kind == PG_QUERY__TOKEN__USCONST)
            length += t->end - t->start;
    if (length == 0)
        return NULL;
    joined = arena_new(&work->memory, length + 1, 1);
    for (const struct sql_token *t = range.first; joined && t < range.end; t++) {
        struct view inside;

        if (t->kind != PG_QUERY__TOKEN__SCONST && t->kind != PG_QUERY__TOKEN__USCONST)
            continue;
        inside = tokens_inside(text, t);
        memcpy(joined + at, inside.bytes, inside.length);
        at += inside.length;
    }
    return joined;
}

static void
add_never(struct plan_work *work, const char *joined)
{
    for (size_t i = 0; work->catalog && i < catalog_relation_count(work->catalog); i++) {
        const struct catalog_relation *r = catalog_relation_at(work->catalog, i);

        if (r->is_never && strcasestr(joined, r->name))
            work->names.never_relation = r;
    }
}

void
refuse_by_strings(struct plan_work *work, const char *text, struct token_range range)
{
    const char *joined = join_strings(work, text, range);
    struct sql_tokens tokens;

    if (!joined)
        return;
    add_never(work, joined);
    refuse_by_names(work);
    if (sql_scan(&work->memory, joined, PLAN_TOKENS_MAX, &tokens) == 0)
        refuse_by_tokens(work, joined,
                         (struct token_range){tokens.tokens, tokens.tokens + tokens.count});
}

static void
refuse_by_text(struct plan_work *work, const char *text)
{
    struct sql_tokens tokens;
    struct token_range range;

    if (!text || sql_scan(&work->memory, text, PLAN_TOKENS_MAX, &tokens) != 0)
        return;
    range = (struct token_range){tokens.tokens, tokens.tokens + tokens.count};
    for (const struct sql_token *t = range.first; t < range.end; t++)
        if (t->kind == PG_QUERY__TOKEN__EXECUTE) {
            refuse_by_strings(work, text, range);
            return;
        }
}

void
refuse_by_options(struct plan_work *work, PgQuery__Node *const *options, size_t count)
{
    refuse_by_text(work, sql_body(options, count));
}

/* ---- PostgreSQL's own functions that run a text, or read what an argument names ---- */

static bool
is_constant(const PgQuery__Node *node)
{
    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    return node && node->node_case == PG_QUERY__NODE__NODE_A_CONST;
}

static bool
begins_with(const char *name, const char *start)
{
    return strncmp(name, start, strlen(start)) == 0;
}

/* Whether a constant leaves open what is read by it: a table's number, escapes in a name. What else
 * it says is looked at as code is. */
static bool
is_hiding(struct plan_work *work, const PgQuery__Node *node)
{
    const char *text;

    while (node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    if (node->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
        return true;
    text = node->a_const->sval->sval;
    if (strspn(text, " 0123456789") == strlen(text) || strcasestr(text, "u&\""))
        return true;
    add_never(work, text);
    tokens_of_body(work, text);
    return false;
}

static bool
is_wide(const char *name)
{
    return begins_with(name, "schema_to_xml") || begins_with(name, "database_to_xml");
}

static bool
is_narrow(const char *name)
{
    return begins_with(name, "query_to_xml") || begins_with(name, "table_to_xml") ||
           strcmp(name, "ts_stat") == 0;
}

bool
refuse_runs_texts(const char *name)
{
    return is_wide(name) || is_narrow(name) || strcmp(name, "ts_rewrite") == 0;
}

/* Where something is shown to nobody, what such a function reads must be seen: a constant, whose
 * text is looked at with the others. */
void
refuse_by_call(struct plan_work *work, const PgQuery__FuncCall *call)
{
    const char *name = sql_last_name(call->funcname, call->n_funcname);
    const PgQuery__Node *read = NULL;

    if (!name)
        return;
    if (strcmp(name, "ts_rewrite") == 0 && call->n_args == 2)
        read = call->args[1];
    else if (is_narrow(name) && call->n_args > 0)
        read = call->args[0];
    if (!is_wide(name) && !is_narrow(name) && !read)
        return;
    if (refuse_has_never(work->catalog) && (!read || !is_constant(read) || is_hiding(work, read)))
        refuse(work, REFUSAL_UNSEEN);
}
