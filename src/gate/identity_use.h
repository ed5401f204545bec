/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity index in a session: which view of it its results are looked up in, and what the
 * session writes.
 *
 * What a transaction reads may be older than what is asked now, but not than the transaction: so
 * the view is that which there was when it began. A snapshot that another session has exported may
 * be older: then nothing is looked up.
 */
#ifndef PASU_GATE_IDENTITY_USE_H
#define PASU_GATE_IDENTITY_USE_H

#include "gate/observer.h"

/* The session's observer is there. */
void identity_use_enter(struct session *session);
/* A message of the client's is read: where nothing is under way, the newest view is taken. */
void identity_use_begin(struct session *session);
/* A statement is about to be run. NULL: something that is none. */
void identity_use_ask(struct session *session, const struct plan_statement *statement);
/* The session's result is open: whether its values are looked up. */
void identity_use_open(struct session *session);
/* A batch of the session's begins: the worker's gather is for its result. */
void identity_use_batch(struct session *session);
/* Its transaction is over. */
void identity_use_over(struct session *session);
void identity_use_leave(struct session *session);

#endif
