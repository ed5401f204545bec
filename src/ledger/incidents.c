/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/incidents.h"

#include "base/memory.h"

const char *
incident_what_text(uint8_t what)
{
    static const char *const texts[INCIDENT_WHATS] = {
        [INCIDENT_OPENED] = "opened",     [INCIDENT_DETECTED] = "detected",
        [INCIDENT_SCOPE] = "scope",       [INCIDENT_HELD] = "held",
        [INCIDENT_TOLD] = "told",         [INCIDENT_SIGNED] = "signed",
        [INCIDENT_MET] = "met",           [INCIDENT_MATERIAL] = "material",
        [INCIDENT_NOTICED] = "noticed",   [INCIDENT_DELIVERED] = "delivered",
        [INCIDENT_REPORTED] = "reported", [INCIDENT_CLOSED] = "closed"};

    return what < COUNT_OF(texts) && texts[what] ? texts[what] : "unknown";
}

void
incidents_release(struct incidents *in)
{
    for (size_t i = 0; i < in->count; i++)
        memory_free((void *)(uintptr_t)in->events[i].body.more.bytes);
    memory_free(in->events);
    memory_free(in->clocks);
    *in = (struct incidents){0};
}

/* Room for one more; NULL where memory is out. */
static void *
make_room(void *items, size_t count, size_t *space, size_t size)
{
    size_t more = *space ? 2 * *space : 16;
    void *larger = count < *space ? items : memory_resize(items, more, size);

    if (larger && count == *space)
        *space = more;
    return larger;
}

static int
add_event(struct incidents *in, const struct segment_record *record,
          const struct payload_incident *body)
{
    struct incident_event *events =
        make_room(in->events, in->count, &in->space, sizeof(*in->events));
    uint8_t *more = events ? memory_new(body->more.length + 1, 1) : NULL;

    if (events)
        in->events = events;
    if (!more)
        return PASU_E_NOMEM;
    if (body->more.length > 0)
        memcpy(more, body->more.bytes, body->more.length);
    events[in->count] =
        (struct incident_event){.index = record->index, .time = record->time, .body = *body};
    events[in->count++].body.more = view_of(more, body->more.length);
    return 0;
}

static struct incident_clock *
find_clock(const struct incidents *in, uint64_t number, const char *name)
{
    for (size_t i = 0; i < in->clock_count; i++)
        if (in->clocks[i].body.number == number && strcmp(in->clocks[i].body.name, name) == 0)
            return &in->clocks[i];
    return NULL;
}

/* One that is written again says nothing new. */
static int
add_clock(struct incidents *in, const struct segment_record *record,
          const struct payload_clock *body)
{
    struct incident_clock *clocks, *known = find_clock(in, body->number, body->name);

    if (known) {
        if (known->body.state != body->state || known->body.due != body->due)
            known->time = record->time;
        known->body = *body;
        return 0;
    }
    clocks = make_room(in->clocks, in->clock_count, &in->clock_space, sizeof(*in->clocks));
    if (!clocks)
        return PASU_E_NOMEM;
    in->clocks = clocks;
    clocks[in->clock_count++] =
        (struct incident_clock){.index = record->index, .time = record->time, .body = *body};
    return 0;
}

static bool
is_wanted(const struct incidents *in, uint64_t number)
{
    return in->only == UINT64_MAX || in->only == number;
}

/* It is about the deadline's first record. */
static void
note_met(struct incidents *in, const struct payload_incident *event)
{
    for (size_t i = 0; i < in->clock_count; i++)
        if (in->clocks[i].body.number == event->number && in->clocks[i].index == event->about)
            in->clocks[i].met = event->moment;
}

static int
see(void *arg, const struct segment_record *record)
{
    struct incidents *in = arg;
    union payload_body body;

    if (record->type != SEGMENT_INCIDENT && record->type != SEGMENT_CLOCK)
        return 0;
    if (record->is_sealed)
        return PASU_E_LEDGER_KEY;
    if (payload_read(record->type, &body, record->payload) != 0) {
        in->is_damaged = true;
        return 0;
    }
    if (record->type == SEGMENT_INCIDENT && body.incident.what == INCIDENT_MET)
        note_met(in, &body.incident);
    if (record->type == SEGMENT_INCIDENT)
        return is_wanted(in, body.incident.number) ? add_event(in, record, &body.incident) : 0;
    return is_wanted(in, body.clock.number) ? add_clock(in, record, &body.clock) : 0;
}

int
incidents_find(struct incidents *in, const struct os *os, int segments,
               const struct segment_keys *keys, uint64_t number, const struct walk_watch *watch)
{
    int result;

    *in = (struct incidents){.only = number};
    result = walk_records(os, segments, keys, number == UINT64_MAX ? 0 : number, see, in,
                          &in->is_damaged, watch);
    if (result < 0)
        incidents_release(in);
    return result;
}

const struct incident_event *
incidents_first(const struct incidents *in, uint64_t number, enum incident_what what)
{
    for (size_t i = 0; i < in->count; i++)
        if (in->events[i].body.number == number && in->events[i].body.what == what)
            return &in->events[i];
    return NULL;
}

const struct incident_event *
incidents_last(const struct incidents *in, uint64_t number, enum incident_what what)
{
    for (size_t i = in->count; i > 0; i--)
        if (in->events[i - 1].body.number == number && in->events[i - 1].body.what == what)
            return &in->events[i - 1];
    return NULL;
}

const struct incident_clock *
incidents_clock(const struct incidents *in, uint64_t number, const char *name)
{
    return find_clock(in, number, name);
}
