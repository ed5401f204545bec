/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A poller by io_uring (gate/poller.h): receiving, sending and waiting of all sessions of a worker
 * in one system call a round.
 *
 * Receiving: each relayed peer has a receive under way, into small buffers of a pool that all
 * share, and peer_read takes them. Of a peer that is not read for now it is stopped with the first
 * bytes that come, and these are put aside. Everything else (handshakes, TLS, bulk streams, room to
 * send) is asked for as with epoll, once at a time.
 *
 * The kernel works for the ring only inside of uring_wait and uring_settle, and all results are
 * taken there: so whoever reads a socket himself, after what has been received, reads what follows.
 *
 * Sending: bytes are copied and leave at the end of the round, never later than the worker waits.
 * A send that the socket does not take whole is no failure: the rest goes to the peer's outbox
 * (peer_sent). At most one send of a peer is under way, so nothing can overtake.
 *
 * The kernel is told that this ring receives, sends, polls and cancels and does nothing else: the
 * system-call filter does not see what is asked of a ring.
 *
 * Needs Linux 6.1. Owned by the thread that made it.
 */
#ifndef PASU_GATE_URING_H
#define PASU_GATE_URING_H

#include "gate/poller.h"

/* `wake`: told as an event without a peer when it becomes readable. 0; PASU_E_NOMEM;
 * PASU_E_UNAVAILABLE where the kernel has none for us. */
PASU_MUST_USE int uring_new(struct uring **uring, int wake);
/* NULL is allowed. */
void uring_free(struct uring *uring);
/* As poller_wait, poller_watch, poller_forget. */
int uring_wait(struct uring *uring, int milliseconds, struct poller_event *events, int size);
void uring_watch(struct uring *uring, struct peer *peer, uint32_t interest, bool may_receive);
void uring_forget(struct uring *uring, struct peer *peer);
/* Takes up to `size` bytes that were received for the peer, and says whether the socket may have
 * more. peer->has_received must be set, and says afterwards whether some are left. */
size_t uring_take(struct uring *uring, struct peer *peer, void *bytes, size_t size,
                  bool *may_be_more);
/* Bytes (up to POLLER_SEND_MAX) to be sent at the end of the round, after what waits for that
 * already. Only where peer->may_defer is set, and the outbox empty. False: they cannot be taken,
 * and uring_settle must be called. */
PASU_MUST_USE bool uring_send(struct uring *uring, struct peer *peer, const void *bytes,
                              size_t length);
/* Sends now what was to be sent at the end of the round. */
void uring_settle(struct uring *uring);

#endif
