/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of a session: a nonblocking socket, with or without TLS, and what could not be sent yet.
 *
 * A peer that takes no bytes holds its counterpart back: nobody reads from a side while the other
 * side's outbox holds anything, so an outbox never holds more than one read's worth, and an idle
 * peer has none at all. Owned by its session's worker thread.
 */
#ifndef PASU_GATE_PEER_H
#define PASU_GATE_PEER_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/os.h"

#include <openssl/ssl.h>

struct poller;

enum peer_side { SIDE_CLIENT, SIDE_SERVER };

struct peer {
    int fd;                /* -1: none */
    uint8_t side;          /* enum peer_side */
    bool is_over;          /* it has sent its last byte */
    bool is_held;          /* nothing may be sent yet: what is written stays in the outbox */
    bool wants_write;      /* TLS must write before it can read on */
    bool is_relayed;       /* the poller may receive ahead of it */
    bool may_defer;        /* what is sent may leave at the end of the round */
    bool is_sending;       /* some of it waits for that; the outbox is empty then */
    bool is_broken;        /* a send has failed after its call: it takes no more */
    bool is_hung;          /* the poller has said that it is gone: asked again, it says so again */
    bool has_received;     /* the poller has bytes of it */
    uint32_t interest;     /* what the poller watches now; UINT32_MAX: nothing */
    uint32_t slot;         /* the poller's; 0: none */
    struct poller *poller; /* NULL: who uses it waits by himself */
    SSL *tls;              /* NULL: plain */
    uint8_t *out;          /* unsent bytes, or NULL */
    uint32_t out_at, out_end, out_size;
};

void peer_init(struct peer *peer, enum peer_side side, struct poller *poller);
/* Takes the socket, which has just been accepted from that address or is about to connect to it,
 * and sets what pasu wants of every one. */
void peer_open(struct peer *peer, int fd, const struct address *address);
/* Closes the socket, ends TLS, frees the outbox. May be called twice. */
void peer_close(struct peer *peer, const struct os *os);
/* Up to `size` bytes: their number; PASU_E_AGAIN; PASU_E_EOF at the end, orderly or not;
 * PASU_E_TLS_FAILED. */
PASU_MUST_USE ssize_t peer_read(struct peer *peer, const struct os *os, void *bytes, size_t size);
/* Whether TLS has decrypted bytes that no poller knows of. */
static inline bool
peer_has_pending(const struct peer *peer)
{
    return peer->tls && SSL_pending(peer->tls) > 0;
}
static inline bool
peer_is_full(const struct peer *peer)
{
    return peer->out != NULL || peer->is_held;
}
/* Sends, or keeps in the outbox what cannot be sent now. 0; PASU_E_EOF if the peer is gone;
 * PASU_E_NOMEM. */
PASU_MUST_USE int peer_write(struct peer *peer, const struct os *os, const void *bytes,
                             size_t length);
/* Sends from the outbox. 0 when it is empty, PASU_E_AGAIN while it is not, PASU_E_EOF. */
PASU_MUST_USE int peer_flush(struct peer *peer, const struct os *os);
/* From now on what is sent may leave at the end of the round, where the poller can do that. Of a
 * peer that will not begin with TLS any more. */
void peer_defer(struct peer *peer);
/* Sends now what was to leave at the end of the round. What cannot be sent is in the outbox then,
 * and peer_is_full says so. */
void peer_settle(struct peer *peer);
/* The poller's word on a send of `length` bytes: how many went, or an errno below 0. */
void peer_sent(struct peer *peer, int result, const uint8_t *bytes, size_t length);
/* Forgets what could not be sent yet. */
void peer_discard(struct peer *peer);
/* Tells the peer that no more comes. It must be settled and its outbox empty. */
void peer_shutdown(struct peer *peer);
/* One step of a TLS handshake: 0 done, PASU_E_AGAIN, PASU_E_EOF, PASU_E_TLS_FAILED. */
PASU_MUST_USE int peer_handshake(struct peer *peer);

#endif
