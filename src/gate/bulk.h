/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk streams. A server sends a long result in pieces of 8 KiB, and each piece would wake the
 * worker. Once a result is longer than BULK_AFTER, its session's server socket reports itself
 * readable only with BULK_PIECE bytes (SO_RCVLOWAT), so that a wake-up carries more. What is less
 * than that is fetched after BULK_PATIENCE: the end of a result comes by so much later at most, and
 * a stream that has become slow is given up as a bulk stream.
 *
 * A session is a bulk stream from bulk_read on until its client asks for something, the server is
 * ready for the next query, or bulk_look finds it slow. Owned by the session's worker.
 */
#ifndef PASU_GATE_BULK_H
#define PASU_GATE_BULK_H

#include "base/attributes.h"

struct session;
struct worker;

enum {
    BULK_AFTER = 1 << 20,
    BULK_PIECE = 128 << 10,
    BULK_PATIENCE_MILLISECONDS = 1,
};

/* So many bytes of the server have passed on. */
void bulk_read(struct session *session, size_t length);
/* It is none any more: the next byte wakes the worker. */
void bulk_end(struct session *session);
/* Fetches what has waited for long enough. Once a round, while the worker has bulk streams. */
void bulk_look(struct worker *worker);

#endif
