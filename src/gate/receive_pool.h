/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buffers into which a worker's io_uring receives, shared by all its peers, and what has been
 * received for one of them: a chain of such buffers, and before it what was put aside in memory of
 * its own. Owned by the worker's thread; the kernel takes buffers from the ring that is shared with
 * it, and names in each result the one it has filled.
 */
#ifndef PASU_GATE_RECEIVE_POOL_H
#define PASU_GATE_RECEIVE_POOL_H

#include "base/attributes.h"

#include <liburing.h>

enum {
    RECEIVE_BUFFERS = 128, /* a power of two */
    RECEIVE_POOL_HEAD = (RECEIVE_BUFFERS * sizeof(struct io_uring_buf) + 4095) / 4096 * 4096,
    RECEIVE_NONE = UINT16_MAX,
};

struct receive_pool {
    struct io_uring_buf_ring *ring; /* shared with the kernel */
    uint8_t *bytes;                 /* RECEIVE_BUFFERS × POLLER_RECEIVE_SIZE */
    uint16_t lengths[RECEIVE_BUFFERS], next[RECEIVE_BUFFERS]; /* of those with bytes */
};

struct received {
    uint16_t first, last; /* buffers; RECEIVE_NONE */
    uint32_t at;          /* so much of the first is taken */
    uint32_t aside_at, aside_end;
    uint8_t *aside; /* comes before the buffers; NULL: nothing */
};

/* Gives the kernel all buffers of a ring that is registered with it. `ring` has RECEIVE_POOL_HEAD
 * bytes, the rest is as above; neither is owned. */
void receive_pool_init(struct receive_pool *pool, void *ring, uint8_t *bytes);
/* Gives the kernel one buffer back. */
void receive_pool_give(struct receive_pool *pool, unsigned buffer);

void received_init(struct received *received);
static inline bool
received_is_empty(const struct received *received)
{
    return received->first == RECEIVE_NONE && received->aside == NULL;
}
/* The kernel has put 1 … POLLER_RECEIVE_SIZE bytes into this buffer. */
void received_add(struct received *received, struct receive_pool *pool, unsigned buffer,
                  size_t length);
/* Takes up to `size` bytes: their number. `may_be_more`: the last buffer was full, or it cannot be
 * known. */
size_t received_take(struct received *received, struct receive_pool *pool, uint8_t *bytes,
                     size_t size, bool *may_be_more);
/* Moves all of it to memory of its own, so that others have the buffers. Without memory nothing is
 * moved. */
void received_put_aside(struct received *received, struct receive_pool *pool);
void received_drop(struct received *received, struct receive_pool *pool);

#endif
