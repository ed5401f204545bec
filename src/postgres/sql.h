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
/* The text of a string constant, whatever it is cast to; NULL where it is none. */
const char *sql_constant_text(const PgQuery__Node *node);
/* The last name of a list of String nodes, or NULL. */
const char *sql_last_name(PgQuery__Node *const *names, size_t count);

/* A String, and a column by its table (NULL: by its name alone); what they say is borrowed. NULL:
 * no memory. */
PgQuery__Node *sql_name(struct arena *arena, const char *text);
PgQuery__Node *sql_reference(struct arena *arena, const char *table, const char *column);
/* Items of a list of targets: a column by its name (borrowed), and a null. NULL: no memory. */
PgQuery__Node *sql_column(struct arena *arena, const char *name);
PgQuery__Node *sql_null(struct arena *arena);

/* Whether a string anywhere in it contains one of these. */
bool sql_has_string(const ProtobufCMessage *message, const char *const *parts, size_t count);

/*
 * The tree as JSON, five times as fast as sql_parse; NULL where it does not parse, or memory is
 * missing. Strings in it have their quotes escaped, so that `"location":` is always a place in the
 * text, and all else says what is meant.
 */
char *sql_parse_json(struct arena *arena, const char *text);

/* A tree as a text. What it means is to be seen by parsing it: whether the trees are the same. NULL
 * where it cannot be written, or memory is missing. */
char *sql_write(struct arena *arena, const PgQuery__ParseResult *tree);
/* Whether two trees are the same but for places in their texts. */
bool sql_is_same(const ProtobufCMessage *one, const ProtobufCMessage *other);

#endif
