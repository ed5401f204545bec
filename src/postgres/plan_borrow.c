/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_borrow.h"

#include "postgres/cursor.h"

#include <ctype.h>
#include <strings.h>

static enum plan_borrow
stronger(enum plan_borrow one, enum plan_borrow other)
{
    return one > other ? one : other;
}

/* ---- code ---- */

/* A language whose texts this here can read: others run SQL in ways of their own. */
static bool
is_readable(PgQuery__Node *const *options, size_t count)
{
    const char *language = "plpgsql";

    for (size_t i = 0; i < count; i++)
        if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
            strcmp(options[i]->def_elem->defname, "language") == 0)
            language = sql_string(options[i]->def_elem->arg);
    return language && (strcasecmp(language, "plpgsql") == 0 || strcasecmp(language, "sql") == 0);
}

static enum plan_borrow
borrow_of_body(const char *body, bool is_known)
{
    if (cursor_is_reached(body) || (!is_known && strcasestr(body, "fetch")))
        return BORROW_READS;
    return !is_known || strcasestr(body, "execute") ? BORROW_PERHAPS : BORROW_NOT;
}

static enum plan_borrow
borrow_of_code(PgQuery__Node *const *options, size_t count)
{
    const char *body = sql_body(options, count);

    return body ? borrow_of_body(body, is_readable(options, count)) : BORROW_NOT;
}

/* ---- texts ---- */

static enum plan_borrow
borrow_of_statement(const PgQuery__Node *node)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_DO_STMT:
        return borrow_of_code(node->do_stmt->args, node->do_stmt->n_args);
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        return borrow_of_code(node->create_function_stmt->options,
                              node->create_function_stmt->n_options);
    case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
    case PG_QUERY__NODE__NODE_ALTER_EXTENSION_STMT:
        return BORROW_PERHAPS;
    default:
        return BORROW_NOT;
    }
}

enum plan_borrow
borrow_of(const PgQuery__ParseResult *tree, const char *text)
{
    static const char *const readers[] = {"cursor_to_xml"};
    enum plan_borrow borrow = BORROW_NOT;

    /* With escapes, the name is in the tree alone. */
    if (cursor_is_read(text) ||
        (strcasestr(text, "u&") && sql_has_string(&tree->base, readers, COUNT_OF(readers))))
        return BORROW_READS;
    for (size_t i = 0; i < tree->n_stmts; i++)
        if (tree->stmts[i]->stmt)
            borrow = stronger(borrow, borrow_of_statement(tree->stmts[i]->stmt));
    return borrow;
}

bool
borrow_sees_prepared(const PgQuery__ParseResult *tree, const char *text)
{
    static const char *const readers[] = {CURSOR_PREPARED};

    return cursor_tells_prepared(text) ||
           (strcasestr(text, "u&") && sql_has_string(&tree->base, readers, COUNT_OF(readers)));
}

/* SET search_path = …, and SET SCHEMA '…', which is the same. */
bool
borrow_turns_names(const PgQuery__ParseResult *tree, const char *text)
{
    for (size_t i = 0; i < tree->n_stmts; i++) {
        const PgQuery__Node *node = tree->stmts[i]->stmt;

        if (node && node->node_case == PG_QUERY__NODE__NODE_VARIABLE_SET_STMT &&
            strcasecmp(node->variable_set_stmt->name, "search_path") == 0)
            return true;
    }
    return strcasestr(text, "search_path") != NULL;
}

/* ---- texts for code that runs what it is given ---- */

static bool
has_word(struct view text, const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i + length <= text.length; i++)
        if (strncasecmp((const char *)text.bytes + i, word, length) == 0)
            return true;
    return false;
}

enum plan_borrow
borrow_of_bytes(struct view text)
{
    return has_word(text, "cursor_to_xml") ? BORROW_READS : BORROW_PERHAPS;
}

/* FETCH, behind blanks, and a blank. */
static bool
begins_with_fetch(struct view text)
{
    static const char word[] = "fetch";
    size_t at = 0, length = sizeof(word) - 1;

    while (at < text.length && isspace(text.bytes[at]))
        at++;
    return text.length - at > length &&
           strncasecmp((const char *)text.bytes + at, word, length) == 0 &&
           isspace(text.bytes[at + length]);
}

bool
borrow_by_value(struct view value)
{
    return begins_with_fetch(value) || has_word(value, "cursor_to_xml");
}

/* A literal's text, between its quotes. */
static struct view
inside_of(const struct plan_work *work, const struct sql_token *token)
{
    const char *text = work->text + token->start;
    size_t length = token->end - token->start, skip = 0;

    while (skip < length && text[skip] != '\'')
        skip++;
    return skip + 1 < length ? view_of(text + skip + 1, length - skip - 1) : view_of("", 0);
}

bool
borrow_by_literal(const struct plan_work *work)
{
    for (size_t i = 0; i < work->tokens.count; i++)
        if (work->tokens.tokens[i].kind == PG_QUERY__TOKEN__SCONST &&
            begins_with_fetch(inside_of(work, &work->tokens.tokens[i])))
            return true;
    return false;
}
