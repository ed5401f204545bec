/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk streams are read by the clock. A server sends a long result in pieces of 8 KiB, and each
 * would wake the worker, and meet it at the socket's lock. Once a result is longer than BULK_AFTER,
 * its session's server socket is not watched any more but read every BULK_TICK_MILLISECONDS: the
 * server, which is what most results wait for, then spends a tenth less on them (bench/relay). The
 * end of a result comes by one tick later at most.
 *
 * A tick that brings less than BULK_LITTLE is the last, whether the server has no more or the
 * client takes no more: the stream is watched again, and is no bulk stream until BULK_AFTER has
 * passed anew. One that finds the socket half full is followed by the next without a pause. One
 * that brings BULK_MUCH at more than 1 GB/s shows a server that is not what the result waits for:
 * for BULK_FAST_TICKS its socket is watched, too, with BULK_PIECE bytes at least (SO_RCVLOWAT).
 * What comes over a Unix socket, which holds little, is never a bulk stream.
 *
 * A session is a bulk stream from bulk_read on until its client asks for something, the server is
 * ready for the next query, or bulk_look ends it. Owned by the session's worker.
 */
#ifndef PASU_GATE_BULK_H
#define PASU_GATE_BULK_H

#include "gate/session.h"

enum {
    BULK_AFTER = 4 << 20,
    BULK_TICK_MILLISECONDS = 2,
    BULK_PIECE = 128 << 10,
    BULK_LITTLE = 64 << 10,
    BULK_MUCH = 3 << 19,
    BULK_FAST_TICKS = 16,
};

static inline bool
bulk_is(const struct session *session)
{
    return !list_is_empty(&session->bulk);
}
/* Whether its server's socket is read by the clock alone. */
static inline bool
bulk_is_timed(const struct session *session)
{
    return bulk_is(session) && session->bulk_fast == 0;
}
/* So many bytes of the server have passed on. */
void bulk_read(struct session *session, size_t length);
/* It is none any more: the next byte wakes the worker, once the session is watched. */
void bulk_end(struct session *session);
/* Reads what is due. Once a round, while the worker has bulk streams. */
void bulk_look(struct worker *worker);
/* Milliseconds until bulk_look has something to do, while the worker has bulk streams. */
int bulk_wait(const struct worker *worker);

#endif
