/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result under way: from the request that the server answers to the statement, the showing and
 * the keys it pins; and what a statement's success does to the session's names.
 *
 * A statement that stands for another (EXECUTE of a prepared one, FETCH from a cursor) is followed
 * to it; where it is not known, it can be anything.
 */
#ifndef PASU_GATE_RESULT_H
#define PASU_GATE_RESULT_H

#include "gate/observer.h"

/* The plan of what the request at the front is about, and the statement in it; NULL for none. */
struct plan *result_plan(const struct observer *observer, const struct exchange_request *request,
                         const struct plan_statement **statement);
const struct plan_statement *result_statement(const struct observer *observer,
                                              const struct exchange_request *request);
/* The same as it is meant with the tables that are blank: borrowed until the next call. */
const struct plan_statement *result_meant(struct session *session,
                                          const struct exchange_request *request);
/* A query's next result begins with this RowDescription. */
PASU_MUST_USE int result_open_query(struct session *session, struct exchange_request *request,
                                    struct view description);
/* The portal of the Execute at the front sends rows. */
PASU_MUST_USE int result_open_portal(struct session *session);
/* A result without rows, unless one is open. */
PASU_MUST_USE int result_open_silent(struct session *session, struct exchange_request *request);
/* The first row of it: persons that are pinned are shown by it. */
void result_begin_rows(struct session *session, uint32_t start);
void result_close(struct observer *observer);
/* What a portal or cursor has shown so far is remembered with it: it may be read on, also when the
 * server says that it is at its end. */
void result_remember(struct observer *observer);

/* The statement that the request runs: that of the prepared one or the cursor that it names. */
const struct plan_statement *result_followed(const struct observer *observer,
                                             const struct plan_statement *statement);
/* The keys that a statement's literals pin, or with EXECUTE its arguments: the result's own. */
PASU_MUST_USE int result_pin_literals(struct session *session, const struct plan *plan,
                                      const struct plan_statement *statement,
                                      const struct plan *execute_plan,
                                      const struct plan_statement *execute);
/* What is known of the columns of the statement or portal that the request asked about: how many of
 * them are hidden, and whose they are, or NULL. */
PASU_MUST_USE int result_described(struct observer *observer, struct exchange_request *request,
                                   struct view description, uint8_t *hidden,
                                   const struct plan_statement **described);
/* Puts the origins of a view's columns that was read through where the client looks for them: in a
 * RowDescription's body, in our own buffer, once it was read. `statement` may be NULL. */
void result_put_origins(const struct plan_statement *statement, struct view description);
/* Bytes of a RowDescription's body up to the first column that is not hidden; 0: malformed. */
size_t result_description_skip(struct view description, uint8_t hidden);

/* ParseComplete, BindComplete, CloseComplete. */
PASU_MUST_USE int result_confirm(struct session *session, struct exchange_request *request);
/* The statement of the request has succeeded. */
PASU_MUST_USE int result_effects(struct session *session, const struct exchange_request *request);
/* What a statement that has been done does beside showing rows: the one that the request names, or
 * the one that it stands for. */
PASU_MUST_USE int result_done(struct session *session, struct plan *plan,
                              const struct plan_statement *statement);
/* It has failed: what it did to names stays, all the same, and what its code has committed. */
PASU_MUST_USE int result_failed(struct session *session, const struct exchange_request *request);
PASU_MUST_USE int result_transaction_over(struct session *session);

/* The most that a stream without a RowDescription can carry. */
void result_most(const struct session *session, const struct plan_statement *statement,
                 uint64_t *fields, uint64_t *kinds);
/* The most that a function can return. */
void result_function(const struct session *session, uint32_t function, uint64_t *fields,
                     uint64_t *kinds);

#endif
