/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_unread.h"

#include <ctype.h>
#include <strings.h>

/* ---- by its tokens ---- */

static int
kind_before(const struct sql_token *first, const struct sql_token *t)
{
    return t > first ? t[-1].kind : ';';
}

/* It changes rows, or has them made out of what is there, or for later. */
static bool
is_storing(const struct sql_token *first, const struct sql_token *t)
{
    int before = kind_before(first, t);

    switch (t->kind) {
    case PG_QUERY__TOKEN__MERGE:
    case PG_QUERY__TOKEN__CALL:
    case PG_QUERY__TOKEN__EXECUTE:
    case PG_QUERY__TOKEN__PREPARE:
    case PG_QUERY__TOKEN__REFRESH:
    case PG_QUERY__TOKEN__ALTER:
        return true;
    case PG_QUERY__TOKEN__DO: /* not ON CONFLICT DO */
        return before == ';';
    case PG_QUERY__TOKEN__UPDATE: /* not FOR UPDATE, FOR NO KEY UPDATE */
        return before != PG_QUERY__TOKEN__FOR && before != PG_QUERY__TOKEN__KEY;
    case PG_QUERY__TOKEN__INTO:
        return before != PG_QUERY__TOKEN__INSERT;
    default:
        return false;
    }
}

/* It stores what is read beside it. */
static bool
is_filling(const struct sql_token *t)
{
    return t->kind == PG_QUERY__TOKEN__INSERT || t->kind == PG_QUERY__TOKEN__CREATE;
}

static bool
is_reading(const struct sql_token *first, const struct sql_token *t)
{
    int before = kind_before(first, t);

    if (t->kind == PG_QUERY__TOKEN__TABLE)
        return before != PG_QUERY__TOKEN__CREATE && before != PG_QUERY__TOKEN__TEMP &&
               before != PG_QUERY__TOKEN__TEMPORARY && before != PG_QUERY__TOKEN__UNLOGGED;
    return t->kind == PG_QUERY__TOKEN__SELECT;
}

static bool
tokens_store(const struct plan_work *work)
{
    const struct sql_token *first = work->tokens.tokens, *end = first + work->tokens.count;
    bool fills = false;
    bool reads = (work->names.flags & (PLAN_CALLS | PLAN_OPAQUE)) != 0 ||
                 reach_fields(&work->names.functions) != 0;

    for (const struct sql_token *t = first; t < end; t++) {
        if (is_storing(first, t))
            return true;
        fills |= is_filling(t);
        reads |= is_reading(first, t);
    }
    return fills && reads;
}

/* ---- by its bytes ---- */

static bool
is_in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Each text is followed by a zero. */
static bool
has_word(const struct plan_work *work, const char *word)
{
    size_t length = strlen(word);
    const char *text = work->text, *end = text + work->length;

    for (const char *at = text; (size_t)(end - at) >= length; at++)
        if (strncasecmp(at, word, length) == 0 && (at == text || !is_in_word(at[-1])) &&
            (at + length == end || !is_in_word(at[length])))
            return true;
    return false;
}

static bool
bytes_store(const struct plan_work *work)
{
    static const char *const words[] = {"insert", "update",  "merge",   "into",  "create", "do",
                                        "call",   "execute", "prepare", "alter", "refresh"};

    if (memchr(work->text, '\0', work->length))
        return true;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (has_word(work, words[i]))
            return true;
    return false;
}

bool
unread_stores(const struct plan_work *work, bool has_words)
{
    return has_words ? tokens_store(work) : bytes_store(work);
}
