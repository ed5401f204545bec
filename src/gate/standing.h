/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the roster says of those who have sessions, or want one. It is the roster in force, which
 * can change at any time, not the one of the configuration that a session began with:
 *
 *      who has left        is refused before the server is contacted; a running session ends, in
 *                          the middle of a result too, and its statement is cancelled
 *      a service whose     goes on, and the keeper is told, unless the configuration says to block
 *      owner has left
 *      a kind that is      counts from the session's next statement on, and so do other rules,
 *      another one now     budgets and databases of addresses: one statement is judged by one
 *                          roster and one configuration, to the end of its result, whatever
 *                          changes meanwhile: of rules and databases, by those in force when its
 *                          first row came. Each FETCH, and each Execute of a portal, is one
 *
 * Owned by the session's worker.
 */
#ifndef PASU_GATE_STANDING_H
#define PASU_GATE_STANDING_H

#include "policy/roster.h"

struct session;
struct worker;

/* The roster in force; NULL: there is none. */
const struct roster *standing_roster(const struct session *session);
enum principal_standing standing_of(const struct session *session);
/* The kind that counts for what the session asks now; by the roster in force where nobody observes
 * it. */
enum principal_kind standing_kind(const struct session *session);
/* Whether it goes on where nothing can be recorded of it (on_failure, on_failure_for). */
bool standing_fails_open(const struct session *session);
/* What a session that begins is judged by: its observer holds it. */
void standing_begin(struct session *session);
/* Bytes of either side are to be handled: by what is in force, unless statements are on their way,
 * which are judged by what held when they began. */
void standing_follow(struct session *session);
/* A session has begun: the keeper is told where it is one of a service whose owner has left. */
void standing_tell(struct session *session);
/* The roster may be another one, or somebody's time has come: ends sessions of those who have left,
 * and tells of the services that they have left behind. */
void standing_look(struct worker *worker);
/* The first row of a result is to be handled: rules and databases that came since the statement was
 * sent judge it from there on, where its principal's kind and budgets are still the same. */
void standing_begin_rows(struct session *session);
/* The client's next message is to be handled. Whether it must wait, because what holds for its
 * principal has changed, and statements that were judged by what held before are still on their
 * way. */
bool standing_must_wait(struct session *session, uint8_t type);

#endif
