/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules (policy/rule.h) make of a session's statements.
 *
 *      start-up packet   verdict_session   nothing that the session could ask would pass: it is
 *                                          refused before the server hears of it
 *      client ─▶ ask     verdict_ask       by its verb, and what its plan can show: not sent
 *      server ─▶ expose  verdict_judge     by what really comes: rows of EXECUTE and FETCH, columns
 *                                          that only the server knows, texts. Nothing of it leaves,
 *                                          or it leaves masked
 *               answer   verdict_done      it has shown nothing, and a rule alerts of it
 *
 * A rule that alerts or masks, or one in shadow, is in each record of what it concerns; statements
 * of which there is no other record share one of their own, of a minute, and so do lines of the
 * log: the first one at once, how many there were when the next one comes or the session ends.
 *
 * All of a session's worker.
 */
#ifndef PASU_GATE_VERDICT_H
#define PASU_GATE_VERDICT_H

#include "exposure/exposure.h"
#include "postgres/exchange.h"

#include <stdint.h>

struct judgement;
struct ruling;
struct session;
struct worker;

/* A statement, or rows, that a rule holds. */
struct verdict_hold {
    char rule[EXPOSURE_TEXT_MAX]; /* as records have it; "": none does */
    uint64_t fields;              /* that can be shown */
    bool is_blocked;              /* by another rule: nothing waits then */
};

/* Whether the session may begin. If not it has failed. */
PASU_MUST_USE bool verdict_session(struct session *session);
/* The request is refused by what verdict_judge has said last. */
void verdict_refuse(struct session *session, struct exchange_request *request);
/* Judges statements that the request is about to run, and sets is_refused and ruling where a rule
 * blocks one of them. Of an Execute the statement may be NULL: anything. PASU_E_NOMEM. */
PASU_MUST_USE int verdict_ask(struct session *session, struct exchange_request *request,
                              const struct plan *plan);
PASU_MUST_USE int verdict_execute(struct session *session, struct exchange_request *request,
                                  const struct plan_statement *statement);
/* The same of a function that is called by message; request->plan is its plan, or NULL. */
PASU_MUST_USE int verdict_call(struct session *session, struct exchange_request *request);
/* Whether a statement that is about to be asked for is held, or one before it that was added to the
 * same `hold` (at first zero), and none is blocked. NULL: anything. The scope is renewed. */
bool verdict_holds(struct session *session, const struct plan_statement *statement, uint64_t flags,
                   struct verdict_hold *hold);
/* The same of the result under way, before its first row; false where it is approved of. */
bool verdict_holds_rows(struct session *session, struct verdict_hold *hold);
/* Records that the request was refused by its ruling. */
PASU_MUST_USE int verdict_refused(struct session *session, const struct exchange_request *request);
/* What EXECUTE and FETCH stand for, as far as can be told before they are sent; NULL: anything.
 * Else the statement itself. */
const struct plan_statement *verdict_followed(const struct exchange *exchange,
                                              const struct plan_statement *statement);
/* Fields that its rows, or those of what it prepares or declares, can show; NULL: all there are. */
uint64_t verdict_fields(const struct session *session, const struct plan_statement *statement);
/* The same before it is sent: of EXECUTE and FETCH what they stand for (*meant, as
 * verdict_followed) shows, with what functions give to that; all, where the session does not know
 * that for sure. What was prepared is planned anew where the catalog has changed. */
uint64_t verdict_fields_asked(struct session *session, const struct plan_statement *statement,
                              const struct plan_statement **meant);
/* The same of one that is over, and has shown no rows: *meant is what it has run; NULL: anything.
 */
uint64_t verdict_fields_done(struct session *session, const struct plan_statement *statement,
                             const struct plan_statement **meant);
/* Whether by this error, the body of what the server has sent, nothing has the name that EXECUTE or
 * FETCH says: it has run nothing. */
bool verdict_names_nothing(const struct plan_statement *statement, struct view error);
/* What the client is told of a ruling. */
static inline const char *
verdict_message(const char *ruling)
{
    return ruling + strlen(ruling) + 1;
}
/* Judges what is about to be shown and recorded (`fields`; `flags` beside those of the exposure),
 * and puts it into the exposure; sets judgement->is_blocked and ruling where a rule blocks it, or
 * masks it and it cannot be masked; of rows that can be, masked; of a text, is_withheld.
 * `judgement` NULL: it is shown already, or shows nothing. PASU_E_NOMEM. */
PASU_MUST_USE int verdict_judge(struct session *session, struct exposure *exposure,
                                const struct plan_statement *statement, uint64_t fields,
                                uint64_t flags, struct judgement *judgement);
/* A statement was masked by a budget, and a record says so: the log is told, as of a rule. */
PASU_MUST_USE int verdict_masked(struct session *session, const char *rule, uint32_t minute);
/* The statement is over, and no record tells of it (but that of administration_ask). `is_nothing`:
 * as verdict_names_nothing has said. */
PASU_MUST_USE int verdict_done(struct session *session, const struct plan_statement *statement,
                               uint64_t flags, bool is_nothing);
/* The session ends: what has not been told of its rules is. */
void verdict_leave(struct session *session);
/* Other settings are in force: sessions that nobody observes end where their rules judge them. */
void verdict_settings(struct worker *worker);

#endif
