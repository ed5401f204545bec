/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_events.h"

#include "base/memory.h"
#include "breach/index_each.h"
#include "breach/index_state.h"

enum event_what { EVENT_OPENED, EVENT_CLOSED, EVENT_SET_BACK, EVENT_KINDS };

struct event {
    enum event_what what;
    uint64_t record, session;
    int64_t time, opened; /* when it was recorded; of an opening, the session's own time */
    uint32_t profile;     /* of an opening */
};

/* ---- writing ---- */

void
index_events_release(struct index_events *events)
{
    pack_release(&events->bytes);
    *events = (struct index_events){0};
}

static void
begin_span(struct index_events *e, uint64_t span)
{
    e->span = span;
    e->record = span * INDEX_EVENTS_SPAN;
    e->time = 0;
}

int
index_events_end(struct index_events *e, struct index_later *later)
{
    return e->bytes.used == 0
               ? 0
               : index_later_put(later, index_key_session(INDEX_EVENTS, e->span), &e->bytes);
}

static int
add(struct index_events *e, struct index_later *later, const struct event *event)
{
    uint64_t span = event->record / INDEX_EVENTS_SPAN;
    size_t before;

    if (event->record < e->record) {
        e->is_missing = true;
        return 0;
    }
    if (span != e->span || e->bytes.used == 0) {
        int result = index_events_end(e, later);

        if (result != 0)
            return result;
        begin_span(e, span);
    }
    before = e->bytes.used;
    pack_number(&e->bytes, (event->record - e->record) * EVENT_KINDS + event->what);
    pack_step(&e->bytes, (uint64_t)event->time, (uint64_t)e->time);
    if (event->what != EVENT_SET_BACK)
        pack_u64(&e->bytes, event->session);
    if (event->what == EVENT_OPENED) {
        pack_number(&e->bytes, event->profile);
        pack_step(&e->bytes, (uint64_t)event->opened, (uint64_t)event->time);
    }
    e->record = event->record;
    e->time = event->time;
    e->since += e->bytes.used - before;
    return e->bytes.failed ? PASU_E_NOMEM : 0;
}

/* Whether it is time to, where a span begins. */
static bool
is_enough(const struct index_events *e)
{
    return e->since >= e->noted_length * INDEX_EVENTS_MORE + INDEX_EVENTS_LEAST;
}

int
index_events_note(struct index_events *e, struct index_later *later,
                  const struct sessions *sessions, uint64_t record)
{
    struct pack known = {0};

    if (record < e->record ||
        (!e->is_missing && (record / INDEX_EVENTS_SPAN == e->span || !is_enough(e))))
        return 0;
    index_sessions_pack(sessions, &known);
    e->noted = (struct index_noted){true, record};
    e->noted_length = known.used;
    e->since = 0;
    e->is_missing = false;
    return index_later_put(later, index_key_session(INDEX_KNOWN, record), &known);
}

int
index_events_opened(struct index_events *e, struct index_later *later, struct index_names *names,
                    struct sessions *sessions, const struct ledger_entry *entry)
{
    uint64_t id = entry->u.opened->session;
    int result = sessions_open(sessions, entry->seq, entry->u.opened);
    const struct session_info *session = sessions_get(sessions, id);
    uint32_t profile;

    if (result != 0 || session == NULL || session->profile != 0)
        return result;
    profile = index_names_profile(names, session);
    sessions_mark(sessions, id, profile);
    return profile == 0 ? PASU_E_NOMEM
                        : add(e, later,
                              &(struct event){.what = EVENT_OPENED,
                                              .record = entry->seq,
                                              .session = id,
                                              .time = entry->time,
                                              .opened = session->opened,
                                              .profile = profile});
}

int
index_events_closed(struct index_events *e, struct index_later *later, struct sessions *sessions,
                    const struct ledger_entry *entry)
{
    struct event event = {.what = EVENT_CLOSED,
                          .record = entry->seq,
                          .session = entry->u.closed->session,
                          .time = entry->time};

    return sessions_close(sessions, event.session, entry->time) ? add(e, later, &event) : 0;
}

int
index_events_set_back(struct index_events *e, struct index_later *later, uint64_t record,
                      int64_t time)
{
    return add(e, later, &(struct event){.what = EVENT_SET_BACK, .record = record, .time = time});
}

/* ---- reading ---- */

/* The next one, behind that which *event is, within the span. */
static void
read_event(struct reader *r, struct event *event)
{
    uint64_t step = unpack_number(r), span = event->record / INDEX_EVENTS_SPAN;

    if (step / EVENT_KINDS >= INDEX_EVENTS_SPAN ||
        (event->record + step / EVENT_KINDS) / INDEX_EVENTS_SPAN != span)
        r->failed = true;
    event->what = (enum event_what)(step % EVENT_KINDS);
    event->record += step / EVENT_KINDS;
    event->time = (int64_t)unpack_step(r, (uint64_t)event->time);
    event->session = event->what == EVENT_SET_BACK ? 0 : little_read_u64(r);
    if (event->what != EVENT_OPENED)
        return;
    event->profile = (uint32_t)unpack_number(r);
    event->opened = (int64_t)unpack_step(r, (uint64_t)event->time);
}

/* The last span's events, as they stand. */
static int
load_span(struct index_events *e, struct index *index, uint64_t last)
{
    struct index_key key = index_key_session(INDEX_EVENTS, last / INDEX_EVENTS_SPAN);
    struct event event = {0};
    struct view value;
    struct reader r;
    int result = index_get(index, INDEX_MAIN, index_key_view(&key), &value);

    begin_span(e, last / INDEX_EVENTS_SPAN);
    if (result != 0)
        return result == PASU_E_NOTFOUND ? 0 : result;
    event.record = e->record;
    r = reader_of(value);
    while (!r.failed && reader_left(&r) > 0)
        read_event(&r, &event);
    if (r.failed)
        return PASU_E_CORRUPT;
    pack_bytes(&e->bytes, value.bytes, value.length);
    e->record = event.record;
    e->time = event.time;
    return e->bytes.failed ? PASU_E_NOMEM : 0;
}

static int
see_noted(void *arg, struct view key, struct view value)
{
    struct index_events *e = arg;

    e->noted = (struct index_noted){true, index_key_session_of(key)};
    e->noted_length = value.length;
    return 0;
}

static int
see_length(void *arg, struct view key PASU_UNUSED, struct view value)
{
    struct index_events *e = arg;

    e->since += value.length;
    return 0;
}

int
index_events_load(struct index_events *e, struct index *index, uint64_t last,
                  struct index_noted noted)
{
    int result;

    index_events_release(e);
    result = index_each_session_from(index, INDEX_KNOWN, noted.is_there ? noted.record : 0,
                                     see_noted, e);
    if (result == 0)
        result = index_each_session_from(index, INDEX_EVENTS, e->noted.record / INDEX_EVENTS_SPAN,
                                         see_length, e);
    return result == 0 ? load_span(e, index, last) : result;
}

typedef int see_event_fn(void *arg, const struct event *event);

/* Those from record `from` on up to before record `to`. */
static int
each_event(struct index *index, uint64_t from, uint64_t to, see_event_fn *see, void *arg)
{
    struct index_key first = index_key_session(INDEX_EVENTS, from / INDEX_EVENTS_SPAN);
    struct index_walk walk;
    struct view key, value;
    int result = index_walk_begin(&walk, index, INDEX_MAIN), next = 0;

    if (result == 0)
        next = index_walk_seek(&walk, index_key_view(&first), &key, &value);
    while (result == 0 && next == 1 && key.bytes[0] == INDEX_EVENTS) {
        struct event event = {0};
        struct reader r = reader_of(value);

        if (key.length != first.length)
            result = PASU_E_CORRUPT;
        else if ((event.record = index_key_session_of(key) * INDEX_EVENTS_SPAN) >= to)
            break;
        while (result == 0 && reader_left(&r) > 0) {
            read_event(&r, &event);
            if (r.failed)
                result = PASU_E_CORRUPT;
            else if (event.record >= from && event.record < to)
                result = see(arg, &event);
        }
        if (result == 0)
            next = index_walk_next(&walk, &key, &value);
    }
    index_walk_end(&walk);
    return result == 0 && next < 0 ? next : result;
}

struct replaying {
    const struct index_names *names;
    const struct ordinals *principals;
    struct sessions *sessions;
};

static int
do_event(void *arg, const struct event *event)
{
    const struct replaying *r = arg;
    struct message_session opened = {.session = event->session, .opened = event->opened};
    int result;

    sessions_forget(r->sessions, event->time);
    if (event->what == EVENT_SET_BACK)
        return 0;
    if (event->what == EVENT_CLOSED) {
        if (!sessions_close(r->sessions, event->session, event->time))
            sessions_close_other(r->sessions, event->time);
        return 0;
    }
    if (!index_sessions_wants(r->names, event->profile, r->principals))
        return 0;
    if (index_names_session(r->names, event->profile, &opened) != 0)
        return PASU_E_CORRUPT;
    result = sessions_open(r->sessions, event->record, &opened);
    if (result == 0)
        sessions_mark(r->sessions, event->session, event->profile);
    return result;
}

int
index_events_replay(struct index *index, const struct index_names *names, uint64_t from,
                    uint64_t to, const struct ordinals *principals, struct sessions *sessions)
{
    struct replaying replaying = {names, principals, sessions};

    return each_event(index, from, to, do_event, &replaying);
}

int
index_events_known(struct index *index, const struct index_names *names, struct index_noted noted,
                   uint64_t to, const struct ordinals *principals, struct sessions *sessions)
{
    struct index_key key = index_key_session(INDEX_KNOWN, noted.record);
    uint64_t seed = sessions->places.seed;
    int result = 0;

    sessions_release(sessions);
    sessions->places.seed = seed;
    if (noted.is_there)
        result = index_sessions_load(sessions, names, index, index_key_view(&key), principals);
    if (result == 0)
        result = index_events_replay(index, names, noted.is_there ? noted.record : 0, to,
                                     principals, sessions);
    return result == PASU_E_NOTFOUND ? PASU_E_CORRUPT : result;
}

static int
note_closing(void *arg, const struct event *event)
{
    return event->what == EVENT_CLOSED ? map_put(arg, event->record, 0) : 0;
}

int
index_events_closings(struct index *index, uint64_t from, uint64_t to, struct map *records)
{
    return each_event(index, from, to, note_closing, records);
}
