/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/courier.h"
#include "ledger/courier_part.h"

#include "base/memory.h"

#include <unistd.h>

#define SAVE_EVERY (5 * NANOSECONDS_PER_SECOND)

/* ---- what waits ---- */

static void
drop_delivered(struct courier *c)
{
    uint64_t done = UINT64_MAX;

    for (size_t t = 0; t < ALERT_TARGETS; t++)
        if (c->policy.is_wanted[t] && c->done[t] < done)
            done = c->done[t];
    while (c->count > 0 && c->queue[c->head] < done) {
        c->head++;
        c->count--;
    }
    if (c->count == 0)
        c->head = 0;
}

static int
enqueue(struct courier *c, uint64_t index)
{
    if (c->head + c->count == c->space && c->head > c->space / 2) {
        memmove(c->queue, c->queue + c->head, c->count * sizeof(*c->queue));
        c->head = 0;
    }
    if (c->head + c->count == c->space) {
        size_t space = c->space > 0 ? 2 * c->space : 64;
        uint64_t *more = memory_resize(c->queue, space, sizeof(*more));

        if (!more)
            return PASU_E_NOMEM;
        c->queue = more;
        c->space = space;
    }
    c->queue[c->head + c->count++] = index;
    return 0;
}

/* The first in the queue that is not below. */
static size_t
find_queued(const struct courier *c, uint64_t index)
{
    size_t low = 0, high = c->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (c->queue[c->head + middle] < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- what climbs ---- */

static size_t
find_climb(const struct courier *c, uint64_t alert)
{
    size_t low = 0, high = c->climb_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (c->climbs[middle].alert < alert)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int
begin_climb(struct courier *c, uint64_t alert, int64_t time)
{
    if (c->policy.step_count == 0)
        return 0;
    if (c->climb_count == c->climb_space) {
        size_t space = c->climb_space > 0 ? 2 * c->climb_space : 64;
        struct courier_climb *more = memory_resize(c->climbs, space, sizeof(*more));

        if (!more)
            return PASU_E_NOMEM;
        c->climbs = more;
        c->climb_space = space;
    }
    c->climbs[c->climb_count++] = (struct courier_climb){.alert = alert, .since = time};
    c->climb_at = 0;
    return 0;
}

static void
end_climb(struct courier *c, uint64_t alert)
{
    size_t at = find_climb(c, alert);

    if (at == c->climb_count || c->climbs[at].alert != alert)
        return;
    c->climb_count--;
    memmove(c->climbs + at, c->climbs + at + 1, (c->climb_count - at) * sizeof(*c->climbs));
}

static void
go_on_climb(struct courier *c, const struct payload_escalated *body, int64_t time)
{
    size_t at = find_climb(c, body->alert);

    if (at == c->climb_count || c->climbs[at].alert != body->alert)
        return;
    c->climbs[at].step = body->step;
    c->climbs[at].since = time;
    c->climb_at = 0;
    if (body->step >= c->policy.step_count)
        end_climb(c, body->alert);
}

/* Records one step of it: it goes on by what is noted of the record. */
static bool
climb(struct courier *c, const struct courier_climb *at)
{
    size_t next = (size_t)at->step + 1, last = c->policy.step_count - 1;
    union payload_body body = {.escalated = {.alert = at->alert, .step = (uint8_t)next}};

    memcpy(body.escalated.to, c->policy.steps[next < last ? next : last].to,
           sizeof(body.escalated.to));
    return record_other(c->records, SEGMENT_ESCALATED, &body) == 0;
}

static int64_t
due_of(const struct courier *c, const struct courier_climb *at)
{
    return at->step < c->policy.step_count ? at->since + c->policy.steps[at->step].within
                                           : INT64_MAX;
}

static void
climb_all(struct courier *c)
{
    int64_t time = os_realtime(c->records->log->os), next = INT64_MAX;

    if (c->climb_count == 0 || time < c->climb_at)
        return;
    /* From the end: one whose last step is over goes. */
    for (size_t i = c->climb_count; i > 0; i--) {
        const struct courier_climb *at = &c->climbs[i - 1];

        if (due_of(c, at) <= time && !climb(c, at))
            return; /* logged; it stays due */
    }
    for (size_t i = 0; i < c->climb_count; i++)
        if (due_of(c, &c->climbs[i]) < next)
            next = due_of(c, &c->climbs[i]);
    c->climb_at = next;
}

/* ---- records ---- */

int
courier_take(struct courier *c, enum segment_type type, uint64_t index, int64_t time,
             const union payload_body *body)
{
    int result = 0;

    switch (type) {
    case SEGMENT_ALERT:
    case SEGMENT_RAISED:
        result = begin_climb(c, index, time);
        break;
    case SEGMENT_ESCALATED:
        go_on_climb(c, &body->escalated, time);
        break;
    case SEGMENT_ACKNOWLEDGED:
        end_climb(c, body->acknowledged.alert);
        return 0;
    default:
        return 0;
    }
    return result == 0 ? enqueue(c, index) : result;
}

static void
note(void *arg, enum segment_type type, uint64_t index, const union payload_body *body)
{
    struct courier *c = arg;
    int64_t time = os_realtime(c->records->log->os);

    if (!c->is_open)
        return; /* it is read when it opens */
    if (courier_take(c, type, index, time, body) != 0)
        c->is_open = false; /* no memory: all is read again */
}

/* ---- the file ---- */

static uint64_t
first_of(const struct courier *c)
{
    uint64_t first = folds_first(&c->folds), size = chain_size(&c->records->chain);

    if (c->count > 0 && c->queue[c->head] < first)
        first = c->queue[c->head];
    if (c->climb_count > 0 && c->climbs[0].alert < first)
        first = c->climbs[0].alert;
    return first < size ? first : size;
}

/* Where it cannot be written, more is delivered once more. */
static void
save(struct courier *c)
{
    const struct log *log = c->records->log;
    struct courier_state state = {.sequence = c->sequence + 1, .from = first_of(c)};

    c->save_at = os_monotonic(log->os) + SAVE_EVERY;
    if (!c->is_open || c->file < 0)
        return;
    for (size_t t = 0; t < ALERT_TARGETS; t++)
        state.done[t] = c->policy.is_wanted[t] ? c->done[t] : UINT64_MAX;
    if (courier_state_write(log->os, c->file, &state) == 0) {
        c->sequence = state.sequence;
        c->from = state.from;
    }
}

static void
open_courier(struct courier *c)
{
    struct record_keeping *r = c->records;
    struct courier_state state;
    uint64_t size = chain_size(&r->chain);
    int result;

    if (c->file < 0)
        c->file = courier_state_open(r->log->os, r->directory);
    result = c->file < 0 ? c->file : courier_state_read(r->log->os, c->file, &state);
    if (result != 0) {
        state = (struct courier_state){.from = size};
        for (size_t t = 0; t < ALERT_TARGETS; t++)
            state.done[t] = size;
        if (result != PASU_E_NOTFOUND)
            LOG_EVENT(r->log, ALERTS_FAILED, F_TEXT("error", error_text(result)));
    }
    c->sequence = state.sequence;
    for (size_t t = 0; t < ALERT_TARGETS; t++) {
        /* A target that was not wanted has had all; of a ledger that was put back, too. */
        c->done[t] = state.done[t] < size ? state.done[t] : size;
        c->sent[t] = c->done[t];
    }
    c->from = state.from < size ? state.from : size;
    c->head = c->count = c->climb_count = 0;
    c->folds = (struct folds){.count = 0};
    result = courier_read(c, c->from);
    if (result != 0)
        LOG_EVENT(r->log, ALERTS_FAILED, F_TEXT("error", error_text(result)));
    c->is_open = true;
    drop_delivered(c);
    save(c);
}

/* ---- to the herald ---- */

/* The next one for a target, and its message. 1; 0: none. */
static int
next_for(struct courier *c, size_t target, struct message_delivery *message)
{
    while (c->policy.is_wanted[target]) {
        size_t at = find_queued(c, c->sent[target]);
        int result;

        if (at == c->count || at >= find_queued(c, c->done[target]) + COURIER_AT_ONCE)
            return 0;
        *message =
            (struct message_delivery){.target = (uint32_t)target, .number = c->queue[c->head + at]};
        result = courier_fetch(c, message);
        if (result == 0)
            return 1;
        if (result != PASU_E_NOTFOUND && result != PASU_E_CORRUPT)
            return 0; /* later */
        LOG_EVENT(c->records->log, ALERTS_FAILED, F_UINT("alert", message->number),
                  F_TEXT("error", error_text(result)));
        c->sent[target] = message->number + 1; /* it was deleted by age, or is damaged */
        if (at == find_queued(c, c->done[target]))
            c->done[target] = c->sent[target];
    }
    return 0;
}

int
courier_send(struct courier *c, struct channel *herald)
{
    struct message_delivery message;

    for (size_t t = 0; c->is_open && herald->fd >= 0 && t < ALERT_TARGETS; t++)
        while (next_for(c, t, &message) == 1) {
            int result = channel_send(herald, MESSAGE_DELIVER, &message, sizeof(message), -1);

            if (result != 0)
                return result == PASU_E_AGAIN ? 0 : result;
            c->sent[t] = message.number + 1;
        }
    return 0;
}

void
courier_delivered(struct courier *c, const struct message_delivered *delivered)
{
    size_t t = delivered->target;

    if (!c->is_open || t >= ALERT_TARGETS || delivered->number >= c->sent[t] ||
        delivered->number < c->done[t])
        return;
    c->done[t] = delivered->number + 1;
    drop_delivered(c);
    save(c);
}

void
courier_renew(struct courier *c)
{
    memcpy(c->sent, c->done, sizeof(c->sent));
}

uint64_t
courier_waiting(const struct courier *c, enum alert_target target)
{
    return c->policy.is_wanted[target] ? c->count - find_queued(c, c->done[target]) : 0;
}

bool
courier_is_sent(const struct courier *c)
{
    for (size_t t = 0; c->is_open && t < ALERT_TARGETS; t++)
        if (c->policy.is_wanted[t] && find_queued(c, c->sent[t]) < c->count)
            return false;
    return true;
}

/* ---- life ---- */

void
courier_init(struct courier *c, struct record_keeping *records)
{
    c->records = records;
    c->file = -1;
    records->folds = &c->folds;
    records->noted = note;
    records->noted_arg = c;
}

void
courier_release(struct courier *c)
{
    if (c->file >= 0)
        close(c->file);
    memory_free(c->queue);
    memory_free(c->climbs);
    c->queue = NULL;
    c->climbs = NULL;
    c->file = -1;
}

void
courier_set(struct courier *c, const struct alert_policy *policy)
{
    size_t left = 0;

    for (size_t t = 0; t < ALERT_TARGETS; t++)
        if (c->is_open && policy->is_wanted[t] && !c->policy.is_wanted[t]) {
            /* From now on. */
            c->done[t] = c->sent[t] = chain_size(&c->records->chain);
        }
    c->policy = *policy;
    c->climb_at = 0;
    for (size_t i = 0; i < c->climb_count; i++)
        if (c->climbs[i].step < policy->step_count)
            c->climbs[left++] = c->climbs[i];
    c->climb_count = left;
    drop_delivered(c);
}

void
courier_look(struct courier *c, int64_t now)
{
    if (!c->records->is_open)
        return;
    if (!c->is_open)
        open_courier(c);
    record_raise(c->records, now);
    if (c->policy.step_count > 0)
        climb_all(c);
    drop_delivered(c);
    if (now >= c->save_at && first_of(c) != c->from)
        save(c);
}

int
courier_wait(const struct courier *c, int most)
{
    const struct os *os = c->records->log->os;
    int64_t time = c->climb_count > 0 ? os_realtime(os) : 0;

    most = folds_wait(&c->folds, os_monotonic(os), most);
    if (c->climb_count > 0 && c->policy.step_count > 0) {
        int64_t left = c->climb_at - time;

        left = left > 0 ? left / NANOSECONDS_PER_MILLISECOND + 1 : 0;
        if (left < most)
            most = (int)left;
    }
    return most;
}

void
courier_end(struct courier *c)
{
    if (!c->records->is_open || !c->is_open)
        return;
    record_raise(c->records, INT64_MAX);
    save(c);
}
