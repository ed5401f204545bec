/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a statement is the first of its shape that its principal runs (exposure/usage.h), where
 * rules of the session ask for that.
 *
 *      asked, or its rows come ─▶ first_use_of     known, first, or not known
 *      recorded                ─▶ first_use_learn  from then on it is known
 *
 * What is refused, or waits and is not approved, is not known by that. A shape has no literals: of
 * DO, whose code is one, it is never known. EXECUTE and FETCH are the
 * statements that they stand for. A statement's rows are judged by what was said of the first of
 * them, also where a portal or a cursor is read in portions.
 *
 * All of a session's worker.
 */
#ifndef PASU_GATE_FIRST_USE_H
#define PASU_GATE_FIRST_USE_H

#include "policy/rule.h"

struct session;
struct plan_statement;

/* `meant`: what EXECUTE and FETCH stand for; NULL: anything. RULE_USE_UNKNOWN where nobody asks. */
enum rule_use first_use_of(const struct session *session, const struct plan_statement *meant);
/* The same of rows of the result under way. */
enum rule_use first_use_of_rows(struct session *session, const struct plan_statement *statement);
/* The flag of what is let pass. */
static inline uint64_t
first_use_flag(enum rule_use use)
{
    return use == RULE_USE_FIRST ? FLAG_BIT(FIRST_USE) : 0;
}
/* It is about to be recorded. PASU_E_NOMEM. */
PASU_MUST_USE int first_use_learn(struct session *session, const struct exposure *exposure);

#endif
