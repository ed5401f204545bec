/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rest of a pipeline, behind an Execute whose rows a budget may end. To the client that is an
 * error: what comes before the next Sync is skipped and what came since the last one undone. The
 * server knows of no error:
 *
 *      Execute SELECT   Execute UPDATE   Sync
 *         └ rows: blocked  └ must not run   └ must not commit
 *
 * Where a limit can block, an Execute that changes something, and the Sync behind one, wait until
 * the rows asked for before them have been judged (a Flush of ours takes their place). After a
 * block nothing more of the pipeline is sent on but a Bind that fails, so that the server is where
 * the client believes it to be, and the Sync.
 *
 * Where a statement that was not sent ends the session, nothing that the client has sent behind it
 * goes to the server.
 *
 * What remains: statements that only read run if they were on their way, unseen; several statements
 * of one Query cannot be stopped but by the cancel request, which can come too late, and is not
 * made where it could hit what the client has sent behind the Query; and so it is with what a
 * blocked Query has changed itself (UPDATE … RETURNING).
 */
#ifndef PASU_GATE_REST_H
#define PASU_GATE_REST_H

#include "gate/ask.h"

/* Whether a message must wait because of one before it, whose refusal ends the session: it is not
 * sent, unless that one was skipped, and nobody refused (an error before it in its pipeline). */
static inline bool
rest_is_last(struct observer *observer)
{
    if (PASU_UNLIKELY(observer->is_ending))
        observer->is_ending = observer->exchange.count > 0;
    return observer->is_ending;
}
/* Whether a whole message (of a valid length) must wait for the answers to what was asked before
 * it. */
bool rest_must_wait(const struct asking *asking, const uint8_t *message, size_t length);
/* The statement of an Execute, which goes to the server (NULL: not known). */
void rest_execute(struct observer *observer, const struct plan_statement *statement);
/* A result has been ended. */
void rest_block(struct session *session);
/* A message behind that, whole or the start of one that goes in pieces. 1: it has been dealt with;
 * 0: it is to be handled as any; PASU_E_NOMEM. */
PASU_MUST_USE int rest_take(struct asking *asking, uint8_t type);

#endif
