/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay: bytes from one side, looked at by message heads, and out to the other side. Bodies
 * pass as they come, however long; of a head cut by the end of a read its few bytes are held over.
 * Nothing is allocated here but for a peer that does not take what it is sent.
 */
#include "gate/bulk.h"
#include "gate/release.h"
#include "gate/session.h"

#include <sys/epoll.h>

enum { ROUNDS = 4, HEAD_LENGTH = 5, READY_LENGTH = 6 };

/* What a walk over a batch found. */
struct walk {
    const uint8_t *end;       /* up to here the batch may leave */
    enum session_event fault; /* valid when is_fault */
    bool is_fault, is_over;   /* is_over: the client said Terminate */
    uint64_t statements, rows;
};

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

static inline void
pass_head(struct flow *flow, uint8_t type, uint32_t length)
{
    flow->type = type;
    flow->left = length - 4;
}

static inline bool
length_is_valid(uint32_t length)
{
    return length >= 4 && length <= INT32_MAX;
}

static void
walk_client(struct session *s, const uint8_t *at, const uint8_t *end, struct walk *walk)
{
    struct flow *flow = &s->from_client;

    while (at < end) {
        size_t have = (size_t)(end - at);
        struct session_step step;
        enum session_event event;
        uint32_t length;

        if (flow->left > 0) {
            at += pass_body(flow, have);
            continue;
        }
        if (have < HEAD_LENGTH) {
            hold(flow, at, have);
            break;
        }
        length = bytes_get_u32(at + 1);
        event = length_is_valid(length) ? session_client_event[at[0]] : EVENT_CLIENT_JUNK;
        step = session_table[s->state][event];
        if (PASU_UNLIKELY(step.action != ACTION_FORWARD)) {
            if (step.action == ACTION_HALF_CLOSE && length == 4) {
                walk->is_over = true;
                at += HEAD_LENGTH;
            } else {
                walk->is_fault = true;
                walk->fault = step.action == ACTION_HALF_CLOSE ? EVENT_CLIENT_JUNK : event;
            }
            break;
        }
        s->state = step.next;
        pass_head(flow, at[0], length);
        at += HEAD_LENGTH;
        if (event == EVENT_CLIENT_QUERY || event == EVENT_CLIENT_FUNCTION_CALL ||
            event == EVENT_CLIENT_SYNC) {
            s->syncs++;
            s->is_unsynced = false;
            walk->statements += event != EVENT_CLIENT_SYNC;
        } else if (event < EVENT_CLIENT_COPY_DATA) {
            s->is_unsynced = true;
            walk->statements += event == EVENT_CLIENT_EXECUTE;
        }
    }
    walk->end = at;
}

/* ReadyForQuery: the last one due makes the session idle. */
static enum session_event
ready_event(struct session *s, const uint8_t *at)
{
    if (s->syncs > 0)
        s->syncs--;
    s->transaction = at[HEAD_LENGTH];
    return s->syncs > 0 || s->is_unsynced ? EVENT_SERVER_READY_MORE : EVENT_SERVER_READY;
}

static void
walk_server(struct session *s, const uint8_t *at, const uint8_t *end, struct walk *walk)
{
    struct flow *flow = &s->from_server;

    while (at < end) {
        size_t have = (size_t)(end - at);
        struct session_step step;
        enum session_event event;
        uint32_t length;

        if (flow->left > 0) {
            at += pass_body(flow, have);
            continue;
        }
        if (have < HEAD_LENGTH || (at[0] == 'Z' && have < READY_LENGTH)) {
            hold(flow, at, have);
            break;
        }
        length = bytes_get_u32(at + 1);
        event = length_is_valid(length) ? session_server_event[at[0]] : EVENT_SERVER_JUNK;
        if (event == EVENT_SERVER_READY)
            event = length == 5 ? ready_event(s, at) : EVENT_SERVER_JUNK;
        step = session_table[s->state][event];
        if (PASU_UNLIKELY(step.action != ACTION_FORWARD)) {
            walk->is_fault = true;
            walk->fault = event;
            break;
        }
        s->state = step.next;
        pass_head(flow, at[0], length);
        at += HEAD_LENGTH;
        walk->rows += event == EVENT_SERVER_DATA_ROW || event == EVENT_SERVER_COPY_DATA;
    }
    walk->end = at;
}

/* One batch, from the first byte not yet passed on. False when the session takes no more. */
static bool
relay_batch(struct session *s, enum peer_side side, const uint8_t *bytes, size_t length)
{
    struct walk walk = {0};
    struct worker *w = s->worker;
    struct batch batch = {.bytes = bytes};
    int result;

    if (side == SIDE_CLIENT) {
        walk_client(s, bytes, bytes + length, &walk);
        batch.length = (size_t)(walk.end - bytes);
        s->counts.bytes_in += batch.length;
        s->counts.statements += walk.statements;
        counter_add(&w->bytes_in, batch.length);
        counter_add(&w->statements, walk.statements);
        result = batch.length > 0 ? peer_write(&s->server, w->os, bytes, batch.length) : 0;
        if (result != 0 && result != PASU_E_NOMEM)
            return true; /* the server is gone: its last words and its end are still to be read */
    } else {
        walk_server(s, bytes, bytes + length, &walk);
        batch.length = (size_t)(walk.end - bytes);
        batch.rows = walk.rows;
        s->counts.bytes_out += batch.length;
        s->counts.rows += walk.rows;
        counter_add(&w->bytes_out, batch.length);
        counter_add(&w->rows, walk.rows);
        result = batch.length > 0 ? release_batch(s, &batch) : 0;
        if (result != 0 && result != PASU_E_NOMEM) {
            session_close(s); /* nobody is left to read it */
            return false;
        }
    }
    if (PASU_UNLIKELY(result != 0)) {
        session_fail(s, result, NULL);
        return false;
    }
    if (PASU_UNLIKELY(walk.is_over))
        session_event(s, EVENT_CLIENT_TERMINATE, VIEW(""));
    else if (PASU_UNLIKELY(walk.is_fault))
        session_event(s, walk.fault, VIEW(""));
    else if (PASU_UNLIKELY(w->shared->is_draining) && s->state == SESSION_IDLE)
        session_drain(s);
    return (session_state_reads(s->state) & (side == SIDE_CLIENT ? READS_CLIENT : READS_SERVER)) &&
           s->state != SESSION_CLOSED;
}

void
relay_server_bytes(struct session *s, const uint8_t *bytes, size_t length)
{
    if (length > 0)
        relay_batch(s, SIDE_SERVER, bytes, length);
}

void
relay_read(struct session *s, enum peer_side side)
{
    struct worker *w = s->worker;
    struct peer *from = side == SIDE_CLIENT ? &s->client : &s->server;
    struct peer *to = side == SIDE_CLIENT ? &s->server : &s->client;
    struct flow *flow = side == SIDE_CLIENT ? &s->from_client : &s->from_server;

    for (int round = 0; round < ROUNDS; round++) {
        uint8_t *start = w->buffer + WORKER_BUFFER_HEAD;
        size_t held = flow->held_length;
        ssize_t n;

        if (peer_is_full(to))
            return;
        n = peer_read(from, w->os, start, WORKER_BUFFER_SIZE);
        if (n < 0) {
            if (n == PASU_E_AGAIN)
                return;
            from->is_over = true;
            session_event(s, side == SIDE_CLIENT ? EVENT_CLIENT_EOF : EVENT_SERVER_EOF, VIEW(""));
            return;
        }
        if (held > 0) {
            start -= held;
            memcpy(start, flow->held, held);
            flow->held_length = 0;
        }
        if (!relay_batch(s, side, start, held + (size_t)n))
            return;
        if (side == SIDE_SERVER)
            bulk_read(s, (size_t)n);
        else
            bulk_end(s);
        if (n < WORKER_BUFFER_SIZE && !peer_has_pending(from))
            return;
    }
    if (peer_has_pending(from) && list_is_empty(&s->again))
        list_append(&w->again, &s->again);
}
