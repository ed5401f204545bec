/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that was given hidden columns, and for which the server does not find one of them: since
 * the snapshot somebody has made another table of that name, which comes first and has no such
 * column. The client must get what it would get without pasu, so the text is asked once more, as it
 * was:
 *
 *      client ─▶ SELECT name FROM customers
 *                SELECT "customers"."id", name FROM customers   ─▶ ERROR 42703, ReadyForQuery
 *                (a new snapshot)
 *                SELECT name FROM customers                     ─▶ what the client gets
 *
 * So is one for whose hidden columns the role has no right: it is not the one that it was taken for
 * (code of the server's can set one, and so can what the server knows of whoever logs in). From
 * then on it is not known, unless the server refuses the text as it was, too.
 *
 * Only where nothing has happened yet: the first text of a pipeline, or a Query's, outside of a
 * transaction block, refused by the server as it was read, and with nothing sent behind its Sync.
 * Until the answer is there the client's messages are kept, up to RETRY_MAX bytes. Of the session's
 * worker.
 */
#ifndef PASU_GATE_RETRY_H
#define PASU_GATE_RETRY_H

#include "gate/observer.h"

struct answering;

enum { RETRY_MAX = 64 << 10 };

/* The role that was known when its columns were refused counts no more. */
void retry_forget_role(struct observer *observer);

/* A message of the client's has been asked. PASU_E_NOMEM. */
PASU_MUST_USE int retry_asked(struct session *session, const uint8_t *message, size_t length);
/* Bytes that are not kept have gone to the server, or it has answered: too late. */
static inline void
retry_forget(struct observer *observer)
{
    if (observer->retry.state == RETRY_FAILED)
        return;
    observer->retry.state = RETRY_NONE;
    observer->retry.tries = 0;
    if (PASU_UNLIKELY(observer->retry.role != NULL))
        retry_forget_role(observer);
}
/* Whether this ErrorResponse is not the client's: from then on its bytes wait. */
PASU_MUST_USE int retry_takes(struct answering *answering, const uint8_t *message, size_t length,
                              bool *is_taken);
/* The ReadyForQuery behind it: it is not the client's either. */
bool retry_is_ready(const struct observer *observer);
/* Once the server's batch is through: asks again. */
void retry_resume(struct session *session);

#endif
