/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text in pieces is read as PostgreSQL's scanner reads it whole: a name that is refused is seen
 * wherever it stands, and never where the text is cut. The first byte says how it is cut.
 */
#include "postgres/long_text.h"
#include "postgres/plan.h"
#include "postgres/plan_tokens.h"

#include "../unit/shop_catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
passes(const char *sql, size_t length, size_t piece)
{
    struct long_text text;
    bool result = true;

    long_text_begin(&text, &shop, true, false);
    for (size_t at = 0; at < length && result; at += piece)
        result =
            long_text_read(&text, view_of(sql + at, length - at < piece ? length - at : piece));
    long_text_end(&text);
    return result;
}

/* Not what INSERT INTO names: that may be filled. */
static bool
names_never(const char *sql, const struct sql_tokens *tokens)
{
    char name[CATALOG_NAME_SIZE];

    for (size_t i = 0; i < tokens->count; i++) {
        const struct sql_token *t = &tokens->tokens[i];

        if (t->kind == PG_QUERY__TOKEN__INTO)
            return false;
        if (t->kind == PG_QUERY__TOKEN__IDENT && tokens_name(sql, t, name) &&
            strcmp(name, "card_vault") == 0)
            return true;
    }
    return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sql_tokens tokens;
    struct arena arena;
    char *sql;
    bool whole;

    if (size < 2 || memchr(data + 1, '\0', size - 1))
        return 0;
    arena_init(&arena, 4096);
    sql = arena_text(&arena, (const char *)data + 1, size - 1);
    if (sql) {
        whole = passes(sql, size, size);
        if (whole != passes(sql, size, data[0] % 13 + 1))
            __builtin_trap();
        if (whole && sql_scan(&arena, sql, PLAN_TOKENS_MAX, &tokens) == 0 &&
            names_never(sql, &tokens))
            __builtin_trap();
    }
    arena_release(&arena);
    return 0;
}
