/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_copy_list.h"

#include "postgres/plan_text.h"

/* Behind the parenthesis that opens the list: nothing but the table's name stands before it. */
static const struct sql_token *
opening(const struct plan_work *work, const PgQuery__RangeVar *table)
{
    struct token_range range;
    const struct sql_token *t;

    if (table->location < 0)
        return NULL;
    range = text_range(work, (uint32_t)table->location, (uint32_t)work->length);
    for (t = range.first; t < range.end && t->kind != '('; t++)
        if (t->kind == ';' || t->kind == PG_QUERY__TOKEN__TO)
            return NULL;
    return t < range.end ? t : NULL;
}

/* "id", "key" */
static const char *
write_names(struct plan_work *work, const struct addition *addition)
{
    const char *text = "";

    for (size_t i = 0; text && i < addition->count; i++) {
        const char *name = addition->hidden[i].expression;

        if (name[0] != '"')
            return NULL;
        text = rewrite_join(work, text, name);
        text = text ? rewrite_join(work, text, ", ") : NULL;
    }
    return text;
}

/* The name behind its quotes, none of which a name of a key that is added holds. */
static bool
is_name(const char *written, const char *name)
{
    size_t length = strlen(name);

    return strlen(written) == length + 2 && memcmp(written + 1, name, length) == 0;
}

static const PgQuery__CopyStmt *
copy_of(const PgQuery__RawStmt *raw)
{
    return raw->stmt && raw->stmt->node_case == PG_QUERY__NODE__NODE_COPY_STMT
               ? raw->stmt->copy_stmt
               : NULL;
}

static bool
is_list_as_meant(const struct addition *addition, const PgQuery__CopyStmt *client,
                 const PgQuery__CopyStmt *made)
{
    size_t added = addition->count;

    if (!made || made->n_attlist != client->n_attlist + added)
        return false;
    for (size_t i = 0; i < made->n_attlist; i++) {
        const char *name = sql_string(made->attlist[i]);
        const char *meant = i < added ? NULL : sql_string(client->attlist[i - added]);

        if (!name || (i < added ? !is_name(addition->hidden[i].expression, name)
                                : !meant || strcmp(name, meant) != 0))
            return false;
    }
    return true;
}

/* By itself, so that the tree of what stands there is seen whatever else is changed in the text. */
static bool
is_as_meant(struct plan_work *work, const struct injection *injection,
            const PgQuery__ParseResult *tree, const struct sql_token *open, const char *names)
{
    struct rewrite alone = {0};
    PgQuery__ParseResult *again;
    const char *text;

    if (!rewrite_replace(work, &alone, open->end, 0, names, NULL))
        return false;
    text = rewrite_text(work, &alone);
    if (!text || sql_parse(&work->memory, text, &again) != 0 || again->n_stmts != tree->n_stmts)
        return false;
    for (size_t i = 0; i < tree->n_stmts; i++)
        if (copy_of(tree->stmts[i]) == injection->copy)
            return is_list_as_meant(injection->result, injection->copy, copy_of(again->stmts[i]));
    return false;
}

bool
copy_list_apply(struct plan_work *work, const struct injection *injection,
                const PgQuery__ParseResult *tree, struct rewrite *rewrite)
{
    const struct sql_token *open = opening(work, injection->copy->relation);
    const char *names = write_names(work, injection->result);

    return open && names && is_as_meant(work, injection, tree, open, names) &&
           rewrite_replace(work, rewrite, open->end, 0, names, "");
}
