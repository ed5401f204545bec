/* SPDX-License-Identifier: Apache-2.0 */
/* Framing of a server's batch: whole messages to answer.c, long ones in pieces. */
#include "gate/copy_out.h"
#include "gate/instruments.h"
#include "gate/release.h"
#include "gate/result.h"
#include "gate/shadow.h"
#include "gate/standing.h"

enum { GIANT_START = 8192 /* bytes of a long message that are looked at */ };

/* Whether a message of this type is read whole. */
static bool
is_read(const struct observer *o, uint8_t type)
{
    if (type == 'd')
        return copy_out_is_read(o);
    return type != 'c' && type != 'G' && type != 't' && type != 'v' && type != 'V';
}

/* How many bytes of the message at `at` must be there before it can be handled. */
static size_t
needed(const struct observer *o, const uint8_t *at, size_t have)
{
    size_t total;

    if (have < WALK_HEAD)
        return WALK_HEAD;
    total = bytes_get_u32(at + 1) + (size_t)1;
    if (!is_read(o, at[0]) || !walk_length_is_valid(bytes_get_u32(at + 1)))
        return WALK_HEAD;
    return total <= ANSWER_MAX ? total : GIANT_START;
}

/* Bytes of a message that passes in pieces. */
static size_t
pass_piece(struct answering *a, const uint8_t *at, size_t have)
{
    struct flow *flow = &a->s->from_server;
    size_t n = have < flow->left ? have : flow->left;

    flow->left -= (uint32_t)n;
    if (a->o->is_muted || a->o->is_dropping)
        return n;
    if (a->out != at)
        memmove(a->out, at, n);
    a->out += n;
    return n;
}

/* The server waits for data of a COPY, and the client for the end of what it was refused. */
static int
fail_copy(struct answering *a)
{
    static const uint8_t message[] = "f\0\0\0\x0c"
                                     "blocked"; /* and its zero */

    return peer_write(&a->s->server, a->s->worker->os, message, sizeof(message));
}

/* The message at `at`, of which what is needed is there. Bytes used; 0: a fault; negative: an
 * error. */
ssize_t
answer_one(struct answering *a, const uint8_t *at, size_t have, struct walk *walk)
{
    size_t total = bytes_get_u32(at + 1) + (size_t)1;
    ssize_t used;
    int result;

    if (!walk_server_head(a->s, at, walk))
        return 0;
    a->o->is_dropping = false;
    if (PASU_UNLIKELY(a->o->is_muted && (at[0] == 'G' || at[0] == 'W')) &&
        a->s->from_client.left == 0) {
        result = fail_copy(a);
        if (result != 0)
            return result;
    }
    if (is_read(a->o, at[0]) && total <= ANSWER_MAX) {
        a->s->from_server.left = 0;
        result = answer_message(a, at, total);
        return result == 0 ? (ssize_t)total : result;
    }
    if (PASU_UNLIKELY(at[0] == 'G'))
        exchange_copies(&a->o->exchange);
    if (!is_read(a->o, at[0]) && at[0] != 'V') {
        size_t head = WALK_HEAD;

        a->s->from_server.left += WALK_HEAD;
        return (ssize_t)pass_piece(a, at, head);
    }
    used = answer_giant(a, at, have, total);
    if (used > 0)
        a->s->from_server.left = (uint32_t)(total - (size_t)used);
    return used;
}

/* Puts what was kept of the last batch before this one. The result is where the walk begins. */
static uint8_t *
join(struct observer *o, uint8_t *bytes, size_t *length, int *result)
{
    struct kept *kept = &o->answer;
    size_t before = kept->length;

    *result = 0;
    if (before == 0)
        return bytes;
    if (before <= WORKER_BUFFER_HEAD) {
        bytes -= before;
        memcpy(bytes, kept->bytes, before);
        *length += before;
        kept->length = 0;
        return bytes;
    }
    *result = kept_add(kept, bytes, *length);
    *length = kept->length;
    kept->length = 0; /* its bytes stay where they are until the walk is over */
    return kept->bytes;
}

/* Whether nothing of the result that the next row is of has been read. */
static bool
shows_first(const struct answering *a)
{
    return !result_has_rows(&a->o->result) && a->tools->gather.rows == 0;
}

int
answer_walk(struct session *s, uint8_t *bytes, size_t length, struct walk *walk)
{
    struct observer *o = s->observer;
    struct answering a = {.s = s, .o = o, .tools = s->worker->instruments};
    uint8_t *at;
    const uint8_t *end;
    int result, flushed;

    observer_use(s);
    bytes = join(o, bytes, &length, &result);
    if (result != 0)
        return result;
    a.sent = a.out = bytes;
    at = bytes;
    end = bytes + length;
    while (at < end && result == 0 && !walk->is_fault) {
        size_t have = (size_t)(end - at);
        ssize_t used;

        if (s->from_server.left > 0) {
            at += pass_piece(&a, at, have);
            continue;
        }
        if ((at[0] == 'D' || at[0] == 'd') && shows_first(&a))
            standing_begin_rows(s);
        if (at[0] == 'D' || at[0] == 'd') {
            bool is_waiting = false;

            result = answer_budget_over(&a);
            if (result == 0 && at[0] == 'D')
                result = answer_hold(&a, &is_waiting);
            if (result != 0 || is_waiting)
                break;
        }
        if (at[0] == 'D' && shadow_waits(o, at, have))
            break;
        if ((at[0] == 'D' || at[0] == 'd') && PASU_UNLIKELY(answer_budget_watches(&a, at))) {
            bool is_waiting = false;

            used = answer_budget_rows(&a, at, have, walk, &is_waiting);
            result = used < 0 ? (int)used : 0;
            at += used > 0 ? used : 0;
            if (is_waiting || result != 0)
                break;
            if (used > 0)
                continue;
        }
        if (at[0] == 'D')
            at += answer_rows(&a, at, have, walk);
        else if (at[0] == 'd')
            at += copy_out_rows(&a, at, have, walk);
        have = (size_t)(end - at);
        if (have < needed(o, at, have))
            break;
        used = answer_one(&a, at, have, walk);
        if (used < 0)
            result = (int)used;
        else
            at += used;
    }
    flushed = result == 0 ? answer_flush(&a) : 0;
    if (result == 0 && at < end && !walk->is_fault)
        result = kept_keep(&o->answer, at, (size_t)(end - at));
    kept_trim(&o->answer);
    if (PASU_UNLIKELY(result != 0))
        gather_clear(&a.tools->gather); /* it is the worker's: no other session may find this */
    return result != 0 ? result : flushed;
}
