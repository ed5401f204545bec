/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/hold.h"

#include "base/memory.h"
#include "gate/instruments.h"
#include "gate/observer.h"
#include "gate/session.h"

void
hold_init(struct hold *hold)
{
    memset(hold, 0, sizeof(*hold));
    list_init(&hold->link);
}

static void
drop_first(struct hold *hold)
{
    struct hold_record *first = hold->records;

    hold->records = first->next;
    plan_release(first->plan);
    memory_free(first);
}

void
hold_release(struct hold *hold)
{
    list_remove(&hold->link);
    while (hold->records)
        drop_first(hold);
}

static void
begin(struct session *s)
{
    struct hold *hold = &s->observer->hold;

    if (!list_is_empty(&hold->link))
        return;
    peer_settle(&s->client);
    hold->is_clean = s->client.out == NULL && !s->observer->is_cut;
    hold->deadline = os_monotonic(s->worker->os) + HOLD_SECONDS * NANOSECONDS_PER_SECOND;
    s->client.is_held = true;
    list_append(&s->worker->held, &hold->link);
}

int
hold_until_durable(struct session *s, uint64_t position)
{
    if (recorder_is_durable(&s->worker->instruments->recorder, position))
        return 0;
    begin(s);
    s->observer->hold.position = position;
    return 0;
}

int
hold_exposure(struct session *s, const struct exposure *exposure, struct plan *plan,
              const char *sql, int error)
{
    struct recorder *recorder = &s->worker->instruments->recorder;
    struct hold_record *record, **last = &s->observer->hold.records;
    ssize_t n;

    if (s->gateway->config->on_failure == FAILURE_OPEN) {
        if (s->worker->shared->unrecorded_total++ == 0)
            session_log(s, EVENT_UNRECORDED, error, NULL);
        return 0;
    }
    if (error != PASU_E_AGAIN)
        return error == PASU_E_NOMEM ? error : PASU_E_RECORD_UNAVAILABLE;
    n = exposure_encode(exposure, recorder->space, sizeof(recorder->space));
    if (n < 0)
        return PASU_E_RECORD_UNAVAILABLE;
    record = memory_new(1, sizeof(*record) + (size_t)n);
    if (!record)
        return PASU_E_NOMEM;
    record->plan = plan ? plan_hold(plan) : NULL;
    record->sql = sql;
    record->shape = exposure->shape;
    record->length = (size_t)n;
    memcpy(record->bytes, recorder->space, (size_t)n);
    while (*last)
        last = &(*last)->next;
    *last = record;
    begin(s);
    return 0;
}

/* True once nothing is left to wait for. */
static bool
is_over(struct session *s)
{
    struct hold *hold = &s->observer->hold;
    struct recorder *recorder = &s->worker->instruments->recorder;

    while (hold->records) {
        struct hold_record *first = hold->records;
        uint64_t position;

        if (recorder_put_encoded(recorder, view_of(first->bytes, first->length), first->shape,
                                 &s->settings->vocabulary, first->sql, &position) != 0)
            return false;
        if (s->settings->config->ledger.durability == DURABILITY_STRICT)
            hold->position = position;
        drop_first(hold);
    }
    return hold->position == 0 || recorder_is_durable(recorder, hold->position);
}

static void
end(struct session *s)
{
    struct hold *hold = &s->observer->hold;

    list_remove(&hold->link);
    hold->position = 0;
    s->client.is_held = s->observer->is_ready_held;
    session_again(s); /* of the server, nothing was read meanwhile */
    session_flush(s);
}

/* Nothing of what waits has been recorded: nothing of it may leave. */
static void
give_up(struct session *s)
{
    bool is_clean = s->observer->hold.is_clean;

    hold_release(&s->observer->hold);
    s->client.is_held = false;
    if (is_clean) {
        peer_discard(&s->client);
        session_fail(s, PASU_E_RECORD_UNAVAILABLE, NULL);
        if (s->state != SESSION_CLOSED)
            session_watch(s);
    } else {
        s->error = PASU_E_RECORD_UNAVAILABLE;
        session_close(s);
    }
}

void
hold_look(struct worker *w)
{
    int64_t now = os_monotonic(w->os);

    list_each_safe (link, &w->held) {
        struct hold *hold = LIST_ENTRY(link, struct hold, link);
        struct observer *o = LIST_ENTRY(hold, struct observer, hold);

        if (is_over(o->session))
            end(o->session);
        else if (now > hold->deadline)
            give_up(o->session);
    }
}
