/* SPDX-License-Identifier: Apache-2.0 */
/* Framing of a client's batch: whole messages to ask.c, long ones in pieces. */
#include "gate/ask.h"
#include "gate/identity_use.h"
#include "gate/instruments.h"
#include "gate/rest.h"
#include "gate/retry.h"
#include "gate/source_claim.h"
#include "gate/standing.h"
#include "postgres/ask.h"

/* ---- framing ---- */

/* Whether a message of this type is read whole. */
static bool
is_read(uint8_t type)
{
    return type == 'Q' || type == 'P' || type == 'B' || type == 'D' || type == 'C' || type == 'E' ||
           type == 'S' || type == 'F';
}

/* How many bytes of the message at `at` must be there before it can be handled. */
static size_t
needed(const uint8_t *at, size_t have)
{
    size_t total;

    if (have < WALK_HEAD)
        return WALK_HEAD;
    total = bytes_get_u32(at + 1) + (size_t)1;
    if (!is_read(at[0]) || !walk_length_is_valid(bytes_get_u32(at + 1)))
        return WALK_HEAD;
    return total <= ASK_MAX ? total : WALK_HEAD + BIND_NAMES_MAX;
}

/* The message at `at`, of which what is needed is there. Bytes used; 0: the walk is over; negative:
 * an error. */
static ssize_t
ask_one(struct asking *a, const uint8_t *at, size_t have, struct walk *walk)
{
    size_t total = bytes_get_u32(at + 1) + (size_t)1;
    int result;

    if (!walk_client_head(a->s, at, walk)) {
        result = walk->is_over ? ask_pass(a, at, WALK_HEAD) : 0;
        return result;
    }
    if (!is_read(at[0])) {
        retry_forget(a->o);
        result = ask_pass(a, at, WALK_HEAD);
        return result == 0 ? WALK_HEAD : result;
    }
    /* The server skips it, and so answers nothing: it would be waited for in vain. */
    if (PASU_UNLIKELY(exchange_is_skipped(&a->o->exchange)) && at[0] != 'S') {
        a->o->is_swallowing = false;
        result = ask_pass(a, at, WALK_HEAD);
        return result == 0 ? WALK_HEAD : result;
    }
    result = rest_take(a, at[0]);
    a->o->is_swallowing = result == 1;
    if (result < 0)
        return result;
    if (total <= ASK_MAX) {
        if (result == 0)
            identity_use_begin(a->s);
        result = result == 1 ? 0 : ask_message(a, at, total);
        a->s->from_client.left = 0;
        return result == 0 ? (ssize_t)total : result;
    }
    if (result == 1)
        return WALK_HEAD;
    retry_forget(a->o);
    identity_use_ask(a->s, NULL);
    a->o->actor.asked = NULL; /* what its text says at its end is not known yet */
    a->o->actor.is_asking = true;
    source_claim_begin(a->s);
    result = ask_long(a, at, have);
    source_claim_asked(a->s);
    a->o->actor.is_asking = false;
    if (result == 0)
        result = ask_pass(a, at, WALK_HEAD);
    return result == 0 ? WALK_HEAD : result;
}

/* Whether a text, or a prepared one that is to be run, speaks of what is not known: others may have
 * made it a moment ago. Of a long message nothing is known. */
static bool
speaks_of_new(const struct asking *a, const uint8_t *message, size_t total)
{
    struct view body = view_of(message + WALK_HEAD, total - WALK_HEAD), text;
    const struct prepared *prepared;
    struct ask_parse parse;
    struct ask_bind bind;
    char name[EXCHANGE_NAME_SIZE];
    bool misses = false;

    switch (message[0]) {
    case 'Q':
        return ask_read_query(&text, body) == 0 && observer_misses(a->s, text, &misses) == 0 &&
               misses;
    case 'P':
        return ask_read_parse(&parse, body) == 0 &&
               observer_misses(a->s, parse.text, &misses) == 0 && misses;
    case 'B':
        if (ask_read_bind(&bind, body) != 0)
            return false;
        text_from_view(name, sizeof(name), bind.statement);
        prepared = exchange_prepared(&a->o->exchange, name);
        return prepared && prepared->plan && plan_misses(prepared->plan);
    default:
        return false;
    }
}

/* A new text, until the catalog is known again. */
static bool
waits_for_catalog(const struct asking *a, const uint8_t *message, size_t have)
{
    size_t total = bytes_get_u32(message + 1) + (size_t)1;
    uint8_t type = message[0];

    if ((type != 'Q' && type != 'P' && type != 'B' && type != 'F') || a->o->is_resumed ||
        a->s->transaction != 'I' || a->o->exchange.count > 0)
        return false;
    a->o->is_behind = false;
    if (observer_is_stale(a->s))
        return true;
    a->o->is_behind = catalog_store_is_behind(a->o->place) && total <= have &&
                      a->s->gateway->config->inspector.user && speaks_of_new(a, message, total);
    return a->o->is_behind;
}

/* Whether a message must wait: a new text until the catalog is known again, or anything until what
 * was asked before has been judged, or while a cancel request of ours could hit it, or until
 * somebody has approved of it. */
static bool
must_wait(struct asking *a, const uint8_t *message, size_t have)
{
    size_t total = bytes_get_u32(message + 1) + (size_t)1;
    uint8_t type = message[0];

    a->o->is_settling =
        !a->o->is_cancelling &&
        (rest_is_last(a->o) || (walk_length_is_valid(bytes_get_u32(message + 1)) &&
                                (standing_must_wait(a->s, type) ||
                                 (total <= have && rest_must_wait(a, message, total)))));
    if (a->o->is_settling || a->o->is_cancelling)
        return true;
    if (PASU_UNLIKELY(a->o->counted) && written_must_wait(a, message, have, total))
        return true;
    return waits_for_catalog(a, message, have) ||
           (walk_length_is_valid(bytes_get_u32(message + 1)) && total <= have &&
            approval_must_wait(a, message, total));
}

/* A Flush of ours: what the server holds back is waited for. */
static int
put_flush(struct asking *a)
{
    int result = ask_change(a);

    return result == 0 ? instruments_put(a->tools, "H\0\0\0\4", WALK_HEAD) : result;
}

static int
wait(struct asking *a)
{
    a->o->is_waiting = true;
    if (PASU_UNLIKELY(a->o->counted && a->o->counted->error != 0))
        return a->o->counted->error;
    return a->o->is_settling ? put_flush(a) : 0;
}

/* Adds to a message that was begun in an earlier batch, and handles it once it is whole. Bytes
 * taken of [at, end). */
static ssize_t
ask_kept(struct asking *a, const uint8_t *at, const uint8_t *end, struct walk *walk)
{
    struct kept *kept = &a->o->ask;
    const uint8_t *from = at;

    for (;;) {
        size_t need = needed(kept->bytes, kept->length), more;
        ssize_t used;
        int result;

        if (kept->length >= need && must_wait(a, kept->bytes, kept->length)) {
            result = wait(a);
            return result == 0 ? at - from : result;
        }
        if (kept->length >= need) {
            result = ask_change(a);
            used = result == 0 ? ask_one(a, kept->bytes, kept->length, walk) : result;
            if (used > 0 &&
                (size_t)used < kept->length) { /* the start of one that goes in pieces */
                size_t rest = kept->length - (size_t)used;

                a->s->from_client.left -= (uint32_t)rest;
                result = a->o->is_swallowing ? 0 : ask_piece(a, kept->bytes + used, rest);
                used = result == 0 ? used : result;
            }
            kept->length = 0;
            if (used <= 0)
                return used;
            return at - from;
        }
        if (at == end)
            return at - from;
        more = need - kept->length < (size_t)(end - at) ? need - kept->length : (size_t)(end - at);
        result = kept_add(kept, at, more);
        if (result != 0)
            return result;
        at += more;
    }
}

static int
finish(struct asking *a)
{
    const uint8_t *bytes = a->is_changed ? a->tools->out : a->start;
    size_t length = a->is_changed ? a->tools->out_length : (size_t)(a->at - a->start);

    return length > 0 ? peer_write(&a->s->server, a->s->worker->os, bytes, length) : 0;
}

int
ask_walk(struct session *s, const uint8_t *bytes, size_t length, struct walk *walk)
{
    struct observer *o = s->observer;
    struct asking a = {
        .s = s, .o = o, .tools = s->worker->instruments, .start = bytes, .at = bytes};
    const uint8_t *at = bytes, *end = bytes + length;
    int result = 0, written;

    observer_use(s);
    o->actor.came = 0;
    while ((at < end || o->is_resumed || approval_is_over(s)) && result == 0 && !walk->is_fault &&
           !walk->is_over) {
        ssize_t used = 0;

        if (PASU_UNLIKELY(o->exchange.count >= ASK_CROWD && s->from_client.left == 0 && at < end)) {
            o->is_waiting = o->is_crowded = true;
            result = put_flush(&a);
        } else if (s->from_client.left > 0) {
            size_t n =
                (size_t)(end - at) < s->from_client.left ? (size_t)(end - at) : s->from_client.left;

            s->from_client.left -= (uint32_t)n;
            used = (ssize_t)n;
            result = o->is_swallowing ? ask_change(&a) : ask_piece(&a, at, n);
        } else if (o->ask.length > 0) {
            used = ask_kept(&a, at, end, walk);
        } else if (at == end) {
            break;
        } else if ((size_t)(end - at) < needed(at, (size_t)(end - at))) {
            used = end - at;
            result = kept_add(&o->ask, at, (size_t)used);
        } else if (must_wait(&a, at, (size_t)(end - at))) {
            result = wait(&a);
        } else {
            used = ask_one(&a, at, (size_t)(end - at), walk);
        }
        if (used < 0)
            result = (int)used;
        else
            at += used;
        ask_forget_look(&a);
        if (o->is_waiting) {
            if (result == 0 && at < end)
                result = kept_add(&o->backlog, at, (size_t)(end - at));
            break;
        }
        o->is_resumed = o->is_resumed && o->ask.length > 0;
    }
    o->is_resumed = false;
    kept_trim(&o->ask);
    written = finish(&a);
    return result != 0 ? result : written;
}
