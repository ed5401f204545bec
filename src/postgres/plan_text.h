/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of a statement from its tokens alone: its first word, and its text without
 * literals and comments. Every constant becomes "$n", whatever the statement is, so that a password
 * of ALTER ROLE, a body of DO and an argument of EXECUTE are in it as little as a name in a WHERE.
 * Where a text does not parse, its author may have quoted badly: a name that nobody knows is "?".
 */
#ifndef PASU_POSTGRES_PLAN_TEXT_H
#define PASU_POSTGRES_PLAN_TEXT_H

#include "postgres/plan_work.h"

enum { PLAN_NORMAL_MAX = 8192 };

/* The tokens of a statement. */
struct token_range {
    const struct sql_token *first, *end;
};

/* Those that begin in [start, end) of the text. */
struct token_range text_range(const struct plan_work *work, uint32_t start, uint32_t end);
/* The token behind what the parentheses at `token` hold; NULL where there are none, or no end. */
const struct sql_token *text_behind(const struct sql_token *token, const struct sql_token *end);
/* In the plan's arena, valid UTF-8 (what is not becomes "?"), cut at PLAN_NORMAL_MAX; "" where
 * there is no memory. */
const char *text_normal(const struct plan_work *work, struct token_range range);
enum plan_verb text_verb(struct token_range range);
/* 0 only where there is no memory. */
uint64_t text_fingerprint(struct plan_work *work, struct token_range range);
/* A literal, of any kind. */
bool text_is_constant(const struct sql_token *token);

#endif
