/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker waits with: an io_uring where the kernel allows one, which receives, sends and
 * waits in a single call, else an epoll set. Sessions see no difference: they are told that a peer
 * is ready, then read and write it (gate/peer.h).
 *
 * Events have epoll's names and meanings (EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR) and
 * are levels: who does not read everything is told again. Owned by the worker's thread.
 */
#ifndef PASU_GATE_POLLER_H
#define PASU_GATE_POLLER_H

#include "base/attributes.h"

struct peer;
struct uring;

enum {
    POLLER_RECEIVE_SIZE = 4096, /* what an io_uring receives ahead of a peer, at most */
    POLLER_SEND_MAX = 16 << 10, /* more than this is not worth copying to be sent later */
};

struct poller {
    struct uring *uring; /* NULL: epoll */
    int epoll;           /* -1: an io_uring */
    int wake;            /* the worker's eventfd: not owned */
};

struct poller_event {
    struct peer *peer; /* NULL: the eventfd has been written to */
    uint32_t events;
};

/* To be called by the thread that will wait. `allow_uring` false: epoll in any case. 0 or
 * PASU_E_NOMEM. */
PASU_MUST_USE int poller_init(struct poller *poller, int wake, bool allow_uring);
void poller_release(struct poller *poller);
/* Waits for up to so many milliseconds (-1: for ever) and tells up to `size` events: their number.
 * All that was to be sent later has been sent then, as far as it could be. */
int poller_wait(struct poller *poller, int milliseconds, struct poller_event *events, int size);
/* What is to be told of a peer, from now on. `may_receive`: its bytes may be received before they
 * are asked for, and what it is sent may wait for the end of the round; it is a relayed peer
 * without TLS, and stays one. A peer without a socket is passed over. */
void poller_watch(struct poller *poller, struct peer *peer, uint32_t interest, bool may_receive);
/* Before its socket is closed: nothing more is told of it, and nothing is on its way to it. */
void poller_forget(struct poller *poller, struct peer *peer);

#endif
