/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of a statement from its tokens alone: its first word, and its text without
 * literals and comments. Every constant becomes "$n", whatever the statement is, so that a password
 * of ALTER ROLE, a body of DO and an argument of EXECUTE are in it as little as a name in a WHERE.
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
/* In the plan's arena, valid UTF-8 (what is not becomes "?"), cut at PLAN_NORMAL_MAX; "" where
 * there is no memory. */
const char *text_normal(const struct plan_work *work, struct token_range range);
enum plan_verb text_verb(struct token_range range);
/* Of what does not parse: a hash of its normal text. */
uint64_t text_hash(const char *normal);

#endif
