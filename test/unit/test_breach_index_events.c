/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_events.h"
#include "index_person.h"

enum { STEPS = 3000, PLACES = 12, ROLES = 5, PLACE = 'z' /* the letter of what is noted here */ };

/* Sessions as the records make them, and what the index is told of it. */
struct course {
    struct random random;
    struct index *index;
    struct index_names names;
    struct index_later later;
    struct index_events events;
    struct sessions sessions;
    uint64_t record, session;
    int64_t now;
    struct place {
        uint64_t record;
        int64_t time;
        struct pack known;
        struct index_noted noted; /* what the index has of it, or of before */
    } places[PLACES];             /* who was known before that record */
};

static void
put(struct course *c)
{
    assert_int_equal(index_events_end(&c->events, &c->later), 0);
    assert_int_equal(index_later_write(&c->later, c->index), 0);
}

static void
open_one(struct course *c)
{
    struct message_session opened = {.session = ++c->session,
                                     .opened = c->now - random_below(&c->random, 2000) + 1000};
    struct ledger_entry entry = {
        .type = LEDGER_OPENED, .seq = c->record, .time = c->now, .u.opened = &opened};

    snprintf(opened.principal, NAME_SIZE, "role%u", random_below(&c->random, ROLES));
    assert_int_equal(index_events_opened(&c->events, &c->later, &c->names, &c->sessions, &entry),
                     0);
}

/* Now and then one that is not known any more. */
static void
close_one(struct course *c)
{
    struct message_closed closed = {.session = c->session - random_below(&c->random, 30)};
    struct ledger_entry entry = {
        .type = LEDGER_CLOSED, .seq = c->record, .time = c->now, .u.closed = &closed};

    assert_int_equal(index_events_closed(&c->events, &c->later, &c->sessions, &entry), 0);
}

static void
step(struct course *c)
{
    c->record += 1 + random_below(&c->random, random_below(&c->random, 50) == 0 ? 9000 : 40);
    c->now += random_below(&c->random, 300) * NANOSECONDS_PER_SECOND;
    sessions_forget(&c->sessions, c->now);
    assert_int_equal(index_events_note(&c->events, &c->later, &c->sessions, c->record), 0);
    if (random_below(&c->random, 2) == 0)
        open_one(c);
    else
        close_one(c);
    if (random_below(&c->random, 100) == 0) { /* the index is gone on with */
        put(c);
        assert_int_equal(index_events_load(&c->events, c->index, c->record, c->events.noted), 0);
    }
}

static void
note_place(struct course *c, struct place *place)
{
    struct index_key key = index_key_number(PLACE, (uint32_t)(place - c->places));

    *place = (struct place){.record = c->record + 1, .time = c->now, .noted = c->events.noted};
    index_sessions_pack(&c->sessions, &place->known);
    assert_int_equal(
        index_put(c->index, INDEX_MAIN, index_key_view(&key), pack_view(&place->known)), 0);
}

static void
begin_course(struct course *c)
{
    *c = (struct course){.random.state = 7, .now = 20300 * DAY, .record = 5000};
    assert_int_equal(index_make(&c->index, index_place, NULL), 0);
    for (int i = 0; i < STEPS; i++) {
        step(c);
        if (i % (STEPS / PLACES) == 77)
            note_place(c, &c->places[i / (STEPS / PLACES)]);
    }
    put(c);
}

static void
end_course(struct course *c)
{
    for (size_t p = 0; p < PLACES; p++)
        pack_release(&c->places[p].known);
    sessions_release(&c->sessions);
    index_names_release(&c->names);
    index_events_release(&c->events);
    index_later_release(&c->later);
    index_discard(c->index, index_place);
}

/* From those that were known at a place on. */
static void
replay(struct course *c, size_t from, size_t to, const struct ordinals *principals,
       struct sessions *sessions)
{
    struct index_key key = index_key_number(PLACE, (uint32_t)from);

    assert_int_equal(
        index_sessions_load(sessions, &c->names, c->index, index_key_view(&key), principals), 0);
    assert_int_equal(index_events_replay(c->index, &c->names, c->places[from].record,
                                         c->places[to].record, principals, sessions),
                     0);
    sessions_forget(sessions, c->places[to].time);
}

static void
who_is_known_later_is_what_the_records_say(void **state PASU_UNUSED)
{
    struct sessions sessions = {0};
    struct course c;

    begin_course(&c);
    for (size_t from = 0; from < PLACES; from++)
        for (size_t to = from; to < PLACES; to++) {
            struct pack known = {0};

            replay(&c, from, to, NULL, &sessions);
            index_sessions_pack(&sessions, &known);
            assert_true(view_equal(pack_view(&known), pack_view(&c.places[to].known)));
            pack_release(&known);
        }
    sessions_release(&sessions);
    end_course(&c);
}

/* From what the index itself has noted on, which is less often. */
static void
who_is_known_is_found_from_what_was_noted(void **state PASU_UNUSED)
{
    struct sessions sessions = {0};
    uint64_t noted = 0;
    unsigned times = 0;
    struct course c;

    begin_course(&c);
    for (size_t p = 0; p < PLACES; p++) {
        const struct place *place = &c.places[p];
        struct pack known = {0};

        assert_true(place->noted.record < place->record);
        times += place->noted.record > noted;
        noted = place->noted.record;
        assert_int_equal(
            index_events_known(c.index, &c.names, place->noted, place->record, NULL, &sessions), 0);
        sessions_forget(&sessions, place->time);
        index_sessions_pack(&sessions, &known);
        assert_true(view_equal(pack_view(&known), pack_view(&place->known)));
        pack_release(&known);
    }
    assert_true(times > 1 && times < PLACES);
    assert_int_equal(index_events_known(c.index, &c.names, (struct index_noted){true, 1},
                                        c.places[0].record, NULL, &sessions),
                     PASU_E_CORRUPT);
    sessions_release(&sessions);
    end_course(&c);
}

static int
count_one(void *arg, const struct session_info *session, int64_t closed PASU_UNUSED)
{
    unsigned *counts = arg;

    counts[session->principal[4] - '0']++;
    return 0;
}

static void
of_some_principals_only_theirs_are_known(void **state PASU_UNUSED)
{
    struct sessions sessions = {0};
    struct course c;

    begin_course(&c);
    for (uint32_t principal = 0; principal <= ROLES; principal++) {
        struct ordinals one = {.items = &principal, .count = 1};
        unsigned counts[ROLES] = {0}, all[ROLES] = {0};

        replay(&c, 2, 9, NULL, &sessions);
        assert_int_equal(sessions_each(&sessions, count_one, all), 0);
        replay(&c, 2, 9, &one, &sessions);
        assert_int_equal(sessions_each(&sessions, count_one, counts), 0);
        for (uint32_t role = 0; role < ROLES; role++) {
            char name[NAME_SIZE];
            uint32_t number;

            snprintf(name, sizeof(name), "role%u", role);
            number = interner_find(&c.names.principals, view_of_text(name));
            assert_true(number > 0 && all[role] > 0);
            /* Who is not known is asked for: then all must be. */
            assert_int_equal(counts[role], principal == number || principal == 0 ? all[role] : 0);
        }
    }
    sessions_release(&sessions);
    end_course(&c);
}

/* A damaged value is no session. */
static void
what_is_cut_off_is_corrupt(void **state PASU_UNUSED)
{
    struct sessions sessions = {0};
    struct course c;
    struct index_key key;
    struct view value;
    uint8_t bytes[12];

    begin_course(&c);
    key = index_key_session(INDEX_EVENTS, c.places[5].record / INDEX_EVENTS_SPAN);
    assert_int_equal(index_get(c.index, INDEX_MAIN, index_key_view(&key), &value), 0);
    assert_true(value.length >= 12);
    memcpy(bytes, value.bytes, 12);
    for (size_t length = 1; length < 12; length++) {
        assert_int_equal(
            index_put(c.index, INDEX_MAIN, index_key_view(&key), view_of(bytes, length)), 0);
        assert_int_equal(index_events_replay(c.index, &c.names, c.places[5].record,
                                             c.places[5].record + 1, NULL, &sessions),
                         PASU_E_CORRUPT);
    }
    sessions_release(&sessions);
    end_course(&c);
}

/* Nor is one that is of another span than it stands in. */
static void
what_is_of_another_span_is_corrupt(void **state PASU_UNUSED)
{
    static const uint64_t steps[] = {INDEX_EVENTS_SPAN, UINT64_MAX / 4};
    struct sessions sessions = {0};
    struct course c;

    begin_course(&c);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct index_key key = index_key_session(INDEX_EVENTS, 2);
        struct pack pack = {0};

        pack_number(&pack, steps[i] * 3 + 2); /* an earlier time follows */
        pack_step(&pack, 1, 0);
        assert_int_equal(index_put(c.index, INDEX_MAIN, index_key_view(&key), pack_view(&pack)), 0);
        pack_release(&pack);
        assert_int_equal(
            index_events_load(&c.events, c.index, 2 * INDEX_EVENTS_SPAN, (struct index_noted){0}),
            PASU_E_CORRUPT);
        assert_int_equal(index_events_replay(c.index, &c.names, 2 * INDEX_EVENTS_SPAN,
                                             3 * INDEX_EVENTS_SPAN, NULL, &sessions),
                         PASU_E_CORRUPT);
    }
    sessions_release(&sessions);
    end_course(&c);
}

/* ---- questions ---- */

enum { SHOWN_EVERY = 20, HOURS = 24, SHOWN = HOURS * 60 / SHOWN_EVERY };

/* A day on which everybody comes and goes: each hour another session, which shows somebody every
 * twenty minutes, in one statement each. */
static void
tell_day(struct told_ledger *l)
{
    *l = (struct told_ledger){.random.state = 1, .now = 20300 * DAY};
    l->items = memory_new(STORY_ENTRIES, sizeof(*l->items));
    tell_vocabulary(l, 0);
    for (uint32_t i = 0; i < SHOWN; i++, l->now += SHOWN_EVERY * 60 * NANOSECONDS_PER_SECOND) {
        uint64_t session = 1 + i * SHOWN_EVERY / 60;
        struct told *told;
        struct exposure *e;

        if (i * SHOWN_EVERY % 60 == 0) {
            tell_opened(l, session);
            if (session > 2) {
                told = tell(l, LEDGER_CLOSED);
                told->body.closed =
                    (struct message_closed){.session = session - 2, .closed = l->now};
                told->entry.u.closed = &told->body.closed;
            }
        }
        told = tell(l, LEDGER_EXPOSURE);
        e = &told->body.exposure;
        told->ordinals[0][0] = memory_new(1, sizeof(uint32_t));
        told->ordinals[0][0][0] = i;
        *e = (struct exposure){.session = session,
                               .time = l->now,
                               .vocabulary = l->items[0].body.vocabulary.id,
                               .statements = 1,
                               .rows = 1,
                               .part_count = 1};
        e->parts[0] = (struct exposure_part){.attribution = ATTRIBUTION_KEY,
                                             .clear = 3,
                                             .ordinals = told->ordinals[0][0],
                                             .ordinal_count = 1};
        told->entry.u.exposure = e;
    }
    l->now += DAY;
    tell_opened(l, 1000);
}

static int
note_read(void *arg, const struct ledger_entry *entry)
{
    unsigned *read = arg;

    *read += entry->type == LEDGER_EXPOSURE || entry->type == LEDGER_CLOSED;
    return 0;
}

/* Of the day that is a seventh, or two of them. */
static void
only_the_parts_are_read(void **state PASU_UNUSED)
{
    struct told_ledger l;

    tell_day(&l);
    build(&l, 0, l.count);
    for (uint32_t ordinal = 0; ordinal + 1 < SHOWN; ordinal++) {
        struct entries entries = entries_of(&l);
        struct person with, without;
        struct index *index;
        unsigned read = 0;

        entries.watch = note_read;
        entries.watch_arg = &read;
        begin_person(&without, (struct filter){0}, ordinal);
        assert_int_equal(subject_add(&without.subject, SHOWN - 1), 0);
        read_all(&without.answer, &l);
        begin_person(&with, (struct filter){0}, ordinal);
        assert_int_equal(subject_add(&with.subject, SHOWN - 1), 0);
        assert_int_equal(index_open(&index, directory, NULL), 0);
        assert_int_equal(index_subject(index, &with.subject, &with.answer.selection, &entries), 0);
        index_close(index);
        assert_int_equal(with.subject.shown, 2);
        compare_persons(&with, &without);
        assert_true(read > 0 && read < SHOWN / 2);
        end_person(&with);
        end_person(&without);
    }
    forget_all(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_known_later_is_what_the_records_say),
        cmocka_unit_test(who_is_known_is_found_from_what_was_noted),
        cmocka_unit_test(of_some_principals_only_theirs_are_known),
        cmocka_unit_test(what_is_cut_off_is_corrupt),
        cmocka_unit_test(what_is_of_another_span_is_corrupt),
        cmocka_unit_test(only_the_parts_are_read),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
