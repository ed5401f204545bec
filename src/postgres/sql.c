/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/sql.h"

#include <pg_query.h>

static void *
take(void *arena, size_t size)
{
    return arena_new(arena, 1, size);
}

static void
leave(void *arena PASU_UNUSED, void *piece PASU_UNUSED)
{
}

static ProtobufCAllocator
allocator_of(struct arena *arena)
{
    return (ProtobufCAllocator){.alloc = take, .free = leave, .allocator_data = arena};
}

/* Comments are no tokens to us. */
static int
copy_tokens(struct arena *arena, const PgQuery__ScanResult *result, struct sql_tokens *tokens)
{
    struct sql_token *copy = arena_new(arena, result->n_tokens, sizeof(*copy));
    size_t count = 0;

    if (!copy)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < result->n_tokens; i++) {
        const PgQuery__ScanToken *token = result->tokens[i];

        if (token->token == PG_QUERY__TOKEN__SQL_COMMENT ||
            token->token == PG_QUERY__TOKEN__C_COMMENT)
            continue;
        copy[count++] = (struct sql_token){.start = (uint32_t)token->start,
                                           .end = (uint32_t)token->end,
                                           .kind = (uint16_t)token->token,
                                           .keyword = (uint8_t)token->keyword_kind};
    }
    *tokens = (struct sql_tokens){copy, count};
    return 0;
}

int
sql_scan(struct arena *arena, const char *text, size_t count_max, struct sql_tokens *tokens)
{
    PgQueryScanResult scan = pg_query_scan(text);
    ProtobufCAllocator allocator = allocator_of(arena);
    PgQuery__ScanResult *result = NULL;
    int status = PASU_E_MALFORMED;

    *tokens = (struct sql_tokens){0};
    if (!scan.error)
        result =
            pg_query__scan_result__unpack(&allocator, scan.pbuf.len, (uint8_t *)scan.pbuf.data);
    if (result)
        status = copy_tokens(arena, result, tokens);
    else if (arena->failed)
        status = PASU_E_NOMEM;
    if (status == 0 && tokens->count > count_max)
        status = PASU_E_RANGE;
    pg_query_free_scan_result(scan);
    return status;
}

int
sql_parse(struct arena *arena, const char *text, PgQuery__ParseResult **tree)
{
    PgQueryProtobufParseResult parsed = pg_query_parse_protobuf(text);
    ProtobufCAllocator allocator = allocator_of(arena);

    *tree = NULL;
    if (!parsed.error)
        *tree = pg_query__parse_result__unpack(&allocator, parsed.parse_tree.len,
                                               (uint8_t *)parsed.parse_tree.data);
    pg_query_free_protobuf_parse_result(parsed);
    if (*tree)
        return 0;
    return arena->failed ? PASU_E_NOMEM : PASU_E_MALFORMED;
}

char *
sql_parse_json(struct arena *arena, const char *text)
{
    PgQueryParseResult parsed = pg_query_parse(text);
    char *json =
        parsed.error ? NULL : arena_text(arena, parsed.parse_tree, strlen(parsed.parse_tree));

    pg_query_free_parse_result(parsed);
    return json;
}

char *
sql_write(struct arena *arena, const PgQuery__ParseResult *tree)
{
    size_t length = pg_query__parse_result__get_packed_size(tree);
    uint8_t *packed = arena_new(arena, length + 1, 1);
    PgQueryDeparseResult written;
    char *text;

    if (!packed)
        return NULL;
    pg_query__parse_result__pack(tree, packed);
    written = pg_query_deparse_protobuf((PgQueryProtobuf){length, (char *)packed});
    text = written.error ? NULL : arena_text(arena, written.query, strlen(written.query));
    pg_query_free_deparse_result(written);
    return text;
}
