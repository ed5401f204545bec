/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay: bytes from one side, looked at by message heads, and out to the other side. Bodies
 * pass as they come, however long; of a head cut by the end of a read its few bytes are held over.
 * Nothing is allocated here but for a peer that does not take what it is sent.
 */
#include "gate/approval.h"
#include "gate/bulk.h"
#include "gate/observer.h"
#include "gate/release.h"
#include "gate/walk.h"

#include <sys/epoll.h>

enum { ROUNDS = 4 };

static void
hold(struct flow *flow, const uint8_t *at, size_t length)
{
    memcpy(flow->held, at, length);
    flow->held_length = (uint8_t)length;
}

/* Bytes of the present message's body among the next `have`. */
static inline uint32_t
pass_body(struct flow *flow, size_t have)
{
    uint32_t n = have < flow->left ? (uint32_t)have : flow->left;

    flow->left -= n;
    return n;
}

static void
walk_client(struct session *s, const uint8_t *at, const uint8_t *end, struct walk *walk)
{
    struct flow *flow = &s->from_client;

    while (at < end) {
        size_t have = (size_t)(end - at);

        if (flow->left > 0) {
            at += pass_body(flow, have);
            continue;
        }
        if (have < WALK_HEAD) {
            hold(flow, at, have);
            break;
        }
        if (!walk_client_head(s, at, walk)) {
            at += walk->is_over ? WALK_HEAD : 0;
            break;
        }
        at += WALK_HEAD;
    }
    walk->end = at;
}

static void
walk_server(struct session *s, const uint8_t *at, const uint8_t *end, struct walk *walk)
{
    struct flow *flow = &s->from_server;

    while (at < end) {
        size_t have = (size_t)(end - at);

        if (flow->left > 0) {
            at += pass_body(flow, have);
            continue;
        }
        if (have < WALK_HEAD || (at[0] == 'Z' && have < WALK_READY)) {
            hold(flow, at, have);
            break;
        }
        if (!walk_server_head(s, at, walk))
            break;
        at += WALK_HEAD;
    }
    walk->end = at;
}

/* After a batch of the client's: what it has come to. False when the session takes no more. */
static bool
after(struct session *s, enum peer_side side, const struct walk *walk, int result)
{
    struct worker *w = s->worker;

    if (side == SIDE_CLIENT && result == PASU_E_EOF)
        return true; /* the server is gone: its last words and its end are still to be read */
    if (side == SIDE_SERVER && result == PASU_E_EOF) {
        session_close(s); /* nobody is left to read it */
        return false;
    }
    if (PASU_UNLIKELY(result != 0)) {
        session_fail(s, result, NULL);
        return false;
    }
    if (PASU_UNLIKELY(walk->is_over))
        session_event(s, EVENT_CLIENT_TERMINATE, VIEW(""));
    else if (PASU_UNLIKELY(walk->is_fault))
        session_event(s, walk->fault, VIEW(""));
    else if (PASU_UNLIKELY(w->shared->is_draining) && s->state == SESSION_IDLE)
        session_drain(s);
    return (session_state_reads(s->state) & (side == SIDE_CLIENT ? READS_CLIENT : READS_SERVER)) &&
           s->state != SESSION_CLOSED &&
           !(side == SIDE_CLIENT && s->observer && s->observer->is_waiting);
}

static void
count_client(struct session *s, size_t length, const struct walk *walk)
{
    s->counts.bytes_in += length;
    s->counts.statements += walk->statements;
    counter_add(&s->worker->bytes_in, length);
    counter_add(&s->worker->statements, walk->statements);
}

void
relay_asked(struct session *s, const struct walk *walk, int result)
{
    count_client(s, 0, walk);
    after(s, SIDE_CLIENT, walk, result);
}

/* One batch, from the first byte not yet passed on. False when the session takes no more. */
static bool
relay_client(struct session *s, const uint8_t *bytes, size_t length)
{
    struct walk walk = {0};
    int result;

    if (s->observer) {
        result = ask_walk(s, bytes, length, &walk);
    } else {
        walk_client(s, bytes, bytes + length, &walk);
        length = (size_t)(walk.end - bytes);
        result = length > 0 ? peer_write(&s->server, s->worker->os, bytes, length) : 0;
    }
    count_client(s, length, &walk);
    return after(s, SIDE_CLIENT, &walk, result);
}

static bool
relay_server(struct session *s, uint8_t *bytes, size_t length)
{
    struct worker *w = s->worker;
    struct walk walk = {0};
    struct batch batch = {.bytes = bytes};
    int result;

    if (s->observer) {
        result = answer_walk(s, bytes, length, &walk);
    } else {
        walk_server(s, bytes, bytes + length, &walk);
        batch.length = length = (size_t)(walk.end - bytes);
        batch.rows = walk.rows;
        result = length > 0 ? release_batch(s, &batch) : 0;
    }
    s->counts.bytes_out += length;
    s->counts.rows += walk.rows;
    counter_add(&w->bytes_out, length);
    counter_add(&w->rows, walk.rows);
    if (!after(s, SIDE_SERVER, &walk, result))
        return false;
    if (s->observer)
        observer_answered(s);
    return (session_state_reads(s->state) & READS_SERVER) && s->state != SESSION_CLOSED &&
           !approval_holds_server(s);
}

void
relay_server_bytes(struct session *s, uint8_t *bytes, size_t length)
{
    if (length > 0)
        relay_server(s, bytes, length);
}

void
relay_again(struct session *s)
{
    relay_server(s, s->worker->buffer + WORKER_BUFFER_HEAD, 0);
    if (s->state != SESSION_CLOSED)
        session_again(s);
}

void
session_again(struct session *s)
{
    if ((peer_has_pending(&s->client) || peer_has_pending(&s->server)) && list_is_empty(&s->again))
        list_append(&s->worker->again, &s->again);
}

void
relay_read(struct session *s, enum peer_side side)
{
    struct worker *w = s->worker;
    struct peer *from = side == SIDE_CLIENT ? &s->client : &s->server;
    struct peer *to = side == SIDE_CLIENT ? &s->server : &s->client;
    struct flow *flow = side == SIDE_CLIENT ? &s->from_client : &s->from_server;
    /* What is looked at row by row should still be in the processor's cache then. */
    size_t size = s->observer ? WORKER_SEEN_SIZE : WORKER_BUFFER_SIZE;

    for (int round = 0; round < ROUNDS; round++) {
        uint8_t *start = w->buffer + WORKER_BUFFER_HEAD;
        size_t held = flow->held_length;
        ssize_t n;

        if (peer_is_full(to) || (side == SIDE_SERVER && approval_holds_server(s)))
            return;
        n = peer_read(from, w->os, start, size);
        if (n < 0) {
            if (n == PASU_E_AGAIN)
                return;
            from->is_over = true;
            if (side == SIDE_CLIENT)
                approval_client_gone(s);
            session_event(s, side == SIDE_CLIENT ? EVENT_CLIENT_EOF : EVENT_SERVER_EOF, VIEW(""));
            return;
        }
        if (held > 0) {
            start -= held;
            memcpy(start, flow->held, held);
            flow->held_length = 0;
        }
        if (!(side == SIDE_CLIENT ? relay_client(s, start, held + (size_t)n)
                                  : relay_server(s, start, held + (size_t)n)))
            return;
        if (side == SIDE_SERVER)
            bulk_read(s, (size_t)n);
        else
            bulk_end(s);
        if ((size_t)n < size && !peer_has_pending(from))
            return;
    }
    session_again(s);
}
