/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's own scanner and parser, by libpg_query: the only file that calls it.
 *
 * Scanning is flat. Parsing recurses without a limit of its own, so that only texts go into it
 * whose tokens were counted (PLAN_TOKENS_MAX), on a stack of PLAN_STACK_SIZE. Trees are unpacked
 * into an arena and go with it. Any thread.
 */
#ifndef PASU_POSTGRES_SQL_H
#define PASU_POSTGRES_SQL_H

#include "postgres/arena.h"

#include "base/bytes.h"

#include <pg_query/pg_query.pb-c.h>

struct sql_token {
    uint32_t start, end; /* byte offsets */
    uint16_t kind;       /* PgQuery__Token */
    uint8_t keyword;     /* PgQuery__KeywordKind */
    bool is_unknown;     /* a name of nothing that is known (plan_tokens.h) */
};

struct sql_tokens {
    struct sql_token *tokens; /* without comments */
    size_t count;
};

/* `text` ends with a zero byte. PASU_E_MALFORMED where the scanner does not read it, PASU_E_RANGE
 * where it has more than `count_max` tokens, PASU_E_NOMEM. */
PASU_MUST_USE int sql_scan(struct arena *arena, const char *text, size_t count_max,
                           struct sql_tokens *tokens);
/* PASU_E_MALFORMED, PASU_E_NOMEM. */
PASU_MUST_USE int sql_parse(struct arena *arena, const char *text, PgQuery__ParseResult **tree);
/* ---- the tree, whatever its nodes are ---- */
typedef void sql_visit(void *context, const ProtobufCMessage *message);
/* Calls for each message directly below. */
void sql_each_child(const ProtobufCMessage *message, sql_visit *visit, void *context);

/* The text of a String node, or NULL. */
const char *sql_string(const PgQuery__Node *node);
/* The text of a function or a DO among its options; NULL where it has none. */
const char *sql_body(PgQuery__Node *const *options, size_t count);
/* The last name of a list of String nodes, or NULL. */
const char *sql_last_name(PgQuery__Node *const *names, size_t count);

/* Whether a string anywhere in it contains one of these. */
bool sql_has_string(const ProtobufCMessage *message, const char *const *parts, size_t count);

/* ---- two trees ---- */

/* What stands around, or instead of, one item of a list of the old tree. */
struct sql_change {
    const struct sql_change *next;
    const PgQuery__Node *node;
    PgQuery__Node *const *before, *const *instead, *const *after;
    size_t before_count, instead_count, after_count; /* instead NULL: the item itself */
};
/* Whether the new tree is the old one with just these changes, wherever in the text its parts
 * stand. */
bool sql_is_changed(const PgQuery__ParseResult *old, const PgQuery__ParseResult *new,
                    const struct sql_change *changes);

#endif
