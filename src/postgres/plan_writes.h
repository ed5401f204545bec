/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement can write to, by its verb, its flags and the words of its normalized text. */
#ifndef PASU_POSTGRES_PLAN_WRITES_H
#define PASU_POSTGRES_PLAN_WRITES_H

#include "postgres/plan.h"

/* Of a statement that is complete but for this. */
enum plan_writes plan_writes_of(const struct plan_statement *statement);

/* The verbs that it is, as bits (1 << VERB_SELECT): that of its first word, and those of statements
 * inside it, which its words name. 0: it can be any. What a function does that it calls is not one.
 */
uint64_t plan_verbs_of(const struct plan_statement *statement);

#endif
