/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/receive_pool.h"

#include "base/memory.h"
#include "gate/poller.h"

void
receive_pool_give(struct receive_pool *pool, unsigned buffer)
{
    io_uring_buf_ring_add(pool->ring, pool->bytes + (size_t)buffer * POLLER_RECEIVE_SIZE,
                          POLLER_RECEIVE_SIZE, (unsigned short)buffer,
                          io_uring_buf_ring_mask(RECEIVE_BUFFERS), 0);
    io_uring_buf_ring_advance(pool->ring, 1);
}

void
receive_pool_init(struct receive_pool *pool, void *ring, uint8_t *bytes)
{
    pool->ring = ring;
    pool->bytes = bytes;
    io_uring_buf_ring_init(pool->ring);
    for (unsigned i = 0; i < RECEIVE_BUFFERS; i++)
        receive_pool_give(pool, i);
}

void
received_init(struct received *received)
{
    *received = (struct received){.first = RECEIVE_NONE};
}

void
received_add(struct received *received, struct receive_pool *pool, unsigned buffer, size_t length)
{
    pool->lengths[buffer] = (uint16_t)length;
    pool->next[buffer] = RECEIVE_NONE;
    if (received->first == RECEIVE_NONE) {
        received->first = (uint16_t)buffer;
        received->at = 0;
    } else {
        pool->next[received->last] = (uint16_t)buffer;
    }
    received->last = (uint16_t)buffer;
}

static size_t
take_buffers(struct received *received, struct receive_pool *pool, uint8_t *bytes, size_t size,
             bool *may_be_more)
{
    size_t got = 0;

    while (received->first != RECEIVE_NONE && got < size) {
        unsigned buffer = received->first;
        size_t n = pool->lengths[buffer] - received->at;

        if (n > size - got)
            n = size - got;
        memcpy(bytes + got, pool->bytes + (size_t)buffer * POLLER_RECEIVE_SIZE + received->at, n);
        got += n;
        received->at += (uint32_t)n;
        if (received->at < pool->lengths[buffer])
            break;
        *may_be_more = pool->lengths[buffer] == POLLER_RECEIVE_SIZE;
        received->first = pool->next[buffer];
        received->at = 0;
        receive_pool_give(pool, buffer);
    }
    return got;
}

size_t
received_take(struct received *received, struct receive_pool *pool, uint8_t *bytes, size_t size,
              bool *may_be_more)
{
    size_t n = 0;

    *may_be_more = true;
    if (PASU_UNLIKELY(received->aside != NULL)) {
        n = received->aside_end - received->aside_at;
        if (n > size)
            n = size;
        memcpy(bytes, received->aside + received->aside_at, n);
        received->aside_at += (uint32_t)n;
        if (received->aside_at < received->aside_end)
            return n;
        memory_free(received->aside);
        received->aside = NULL;
    }
    return n + take_buffers(received, pool, bytes + n, size - n, may_be_more);
}

void
received_put_aside(struct received *received, struct receive_pool *pool)
{
    size_t kept = received->aside ? received->aside_end - received->aside_at : 0, length = kept;
    bool unused;
    uint8_t *aside;

    if (received->first == RECEIVE_NONE)
        return;
    for (unsigned b = received->first; b != RECEIVE_NONE; b = pool->next[b])
        length += pool->lengths[b];
    length -= received->at;
    aside = length <= UINT32_MAX ? memory_new(length, 1) : NULL;
    if (!aside)
        return;
    if (kept > 0)
        memcpy(aside, received->aside + received->aside_at, kept);
    take_buffers(received, pool, aside + kept, length - kept, &unused);
    memory_free(received->aside);
    received->aside = aside;
    received->aside_at = 0;
    received->aside_end = (uint32_t)length;
}

void
received_drop(struct received *received, struct receive_pool *pool)
{
    while (received->first != RECEIVE_NONE) {
        unsigned buffer = received->first;

        received->first = pool->next[buffer];
        receive_pool_give(pool, buffer);
    }
    memory_free(received->aside);
    received->aside = NULL;
}
