/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/hold.h"

#include "base/memory.h"
#include "gate/instruments.h"
#include "gate/observer.h"
#include "gate/session.h"
#include "gate/standing.h"

enum { TOLD_EVERY = 60 /* seconds */ };

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
    memory_free(first);
}

void
hold_release(struct hold *hold)
{
    list_remove(&hold->link);
    while (hold->records)
        drop_first(hold);
    hold->is_marking = false;
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

/* The same, where the ring has no room: whoever waits for an answer can find out why. */
static void
begin_for_room(struct session *s)
{
    struct worker *w = s->worker;
    int64_t now = os_monotonic(w->os);

    if (now >= w->wait_told) {
        w->wait_told = now + TOLD_EVERY * NANOSECONDS_PER_SECOND;
        session_log(s, EVENT_RECORDS_WAIT, 0, NULL);
    }
    begin(s);
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

void
hold_ask(struct session *s)
{
    if (!list_is_empty(&s->observer->hold.link))
        s->server.is_held = true;
}

/* Whether the ring's refusal of something is no reason to wait, and what it is then. */
static bool
is_given_up(struct session *s, int error, int *result)
{
    if (standing_fails_open(s)) {
        s->worker->shared->unrecorded_total++;
        if (keeper_link_carried(&s->worker->shared->keeper))
            session_log(s, EVENT_UNRECORDED, error, NULL);
        *result = 0;
        return true;
    }
    *result = error == PASU_E_NOMEM ? error : PASU_E_RECORD_UNAVAILABLE;
    return error != PASU_E_AGAIN;
}

int
hold_exposure(struct session *s, const struct exposure *exposure, const char *sql,
              enum durability durability, int error)
{
    struct recorder *recorder = &s->worker->instruments->recorder;
    struct hold_record *record, **last = &s->observer->hold.records;
    size_t length;
    ssize_t n;
    int result;

    if (is_given_up(s, error, &result))
        return result;
    n = exposure_encode(exposure, recorder->space, sizeof(recorder->space));
    if (n < 0)
        return PASU_E_RECORD_UNAVAILABLE;
    for (; *last; last = &(*last)->next) /* a text goes once, before all of its records */
        if ((*last)->sql && (*last)->shape == exposure->shape)
            sql = NULL;
    length = sql ? strnlen(sql, RING_PAYLOAD_MAX / 2) : 0; /* more is not recorded */
    record = memory_new(1, sizeof(*record) + (size_t)n + length + 1);
    if (!record)
        return PASU_E_NOMEM;
    record->shape = exposure->shape;
    record->durability = durability;
    record->length = (size_t)n;
    memcpy(record->bytes, recorder->space, (size_t)n);
    if (sql)
        record->sql = memcpy(record->bytes + n, sql, length);
    *last = record;
    begin_for_room(s);
    return 0;
}

/* ---- marks ---- */

struct marking {
    struct recorder *recorder;
    enum durability durability;
    uint64_t position; /* behind the last one; 0: there was none */
};

static int
put_mark(void *arg, struct ring_mark *mark)
{
    struct marking *marking = arg;

    return recorder_put_mark(marking->recorder, mark, marking->durability, &marking->position);
}

/* *awaited: the position that must be durable before somebody hears of them; 0: none. */
static int
record_marks(struct worker *w, const struct session *s, uint64_t *awaited)
{
    struct marking marking = {.recorder = &w->instruments->recorder,
                              .durability = durability_of_marks(w, s)};
    int result = catalog_store_record(w->shared->catalogs, put_mark, &marking);

    *awaited = marking.durability == DURABILITY_STRICT ? marking.position : 0;
    return result;
}

int
hold_marks(struct session *s)
{
    uint64_t position;
    int result = record_marks(s->worker, s, &position);

    if (PASU_UNLIKELY(result != 0)) {
        if (is_given_up(s, result, &result))
            return result;
        begin_for_room(s);
        s->observer->hold.is_marking = true;
        return 0;
    }
    return position > 0 ? hold_until_durable(s, position) : 0;
}

void
hold_marks_of_worker(struct worker *w)
{
    uint64_t position;

    /* One is enough where nobody has been yet. */
    if (!w->instruments && (w->index != 0 || instruments_new(&w->instruments, w) != 0))
        return;
    if (record_marks(w, NULL, &position) != 0) {
        /* the next mark, or snapshot, tries again */
    }
}

/* ---- waiting ---- */

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
                                 &s->settings->vocabulary, first->sql, first->durability,
                                 &position) != 0)
            return false;
        if (first->durability == DURABILITY_STRICT)
            hold->position = position;
        drop_first(hold);
    }
    if (hold->is_marking) {
        uint64_t position;

        if (record_marks(s->worker, s, &position) != 0)
            return false;
        hold->is_marking = false;
        if (position > 0)
            hold->position = position;
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
    s->server.is_held = false;
    session_again(s); /* of the server, nothing was read meanwhile */
    session_flush(s);
}

/* Nothing of what waits has been recorded: nothing of it may leave, neither to the client nor,
 * where it is held, to the server. */
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
