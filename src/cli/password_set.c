/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/password_set.h"

#include "postgres/plan_tokens.h"
#include "postgres/sql.h"

enum { TOKENS_MAX = 4096, ARENA_SIZE = 4096, HEAD = 3 /* ALTER ROLE name */ };

static bool
is_head(const struct sql_token *t)
{
    bool is_user = t[1].kind == PG_QUERY__TOKEN__USER;

    return (t[0].kind == PG_QUERY__TOKEN__CREATE || t[0].kind == PG_QUERY__TOKEN__ALTER) &&
           (is_user || t[1].kind == PG_QUERY__TOKEN__ROLE ||
            t[1].kind == PG_QUERY__TOKEN__GROUP_P) &&
           !(is_user && t[2].kind == PG_QUERY__TOKEN__MAPPING);
}

static bool
is_own(const struct sql_token *t)
{
    return t->kind == PG_QUERY__TOKEN__CURRENT_USER || t->kind == PG_QUERY__TOKEN__CURRENT_ROLE ||
           t->kind == PG_QUERY__TOKEN__SESSION_USER;
}

static bool
has_password(const struct sql_tokens *tokens)
{
    for (size_t i = HEAD; i + 1 < tokens->count; i++)
        if (tokens->tokens[i].kind == PG_QUERY__TOKEN__PASSWORD &&
            (tokens->tokens[i + 1].kind == PG_QUERY__TOKEN__PARAM ||
             tokens->tokens[i + 1].kind == PG_QUERY__TOKEN__SCONST))
            return true;
    return false;
}

bool
password_set(const char *sql, const char *own, char role[CATALOG_NAME_SIZE])
{
    struct arena arena;
    struct sql_tokens tokens;
    bool is_set;

    arena_init(&arena, ARENA_SIZE);
    is_set = sql_scan(&arena, sql, TOKENS_MAX, &tokens) == 0 && tokens.count > HEAD &&
             is_head(tokens.tokens) && has_password(&tokens);
    if (is_set && is_own(&tokens.tokens[2]))
        snprintf(role, CATALOG_NAME_SIZE, "%s", own);
    else if (is_set)
        is_set = tokens_name(sql, &tokens.tokens[2], role);
    arena_release(&arena);
    return is_set;
}
