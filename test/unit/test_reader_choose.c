/* SPDX-License-Identifier: Apache-2.0 */
/* Exposures that are chosen, and passed over: the others come as ever, with their places; what is
 * passed over is not decoded, and who chooses is asked once of each. */
#include "ledger/reader.h"

#include "base/memory.h"
#include "ledger_place.h"

enum { SESSIONS = 4, EXPOSURES = 40, PERSON = 1000 };

/* Who is asked, and of what they were. */
struct chooser {
    uint64_t session;  /* that is taken; */
    uint64_t from, to; /* of these records only, if to > 0 */
    uint64_t seqs[2 * EXPOSURES];
    int64_t times[2 * EXPOSURES];
    size_t asked, taken;
};

static bool
takes(void *arg, uint64_t seq, int64_t time, uint64_t session)
{
    struct chooser *c = arg;
    bool is = session == c->session && (c->to == 0 || (seq >= c->from && seq < c->to));

    assert_true(c->asked < COUNT_OF(c->seqs));
    c->seqs[c->asked] = seq;
    c->times[c->asked++] = time;
    c->taken += is;
    return is;
}

static void
show(struct place *p, uint64_t session, uint32_t person)
{
    static uint8_t bytes[EXPOSURE_ENCODED_MAX];
    const struct exposure exposure = {
        .session = session,
        .time = 5,
        .shape = person,
        .vocabulary = 3,
        .statements = 1,
        .rows = 1,
        .part_count = 1,
        .parts = {
            {.attribution = ATTRIBUTION_KEY, .clear = 3, .ordinals = &person, .ordinal_count = 1}}};
    ssize_t n = exposure_encode(&exposure, bytes, sizeof(bytes));

    assert_true(n > 0);
    assert_int_equal(append(p, 0, RING_EXPOSURE, bytes, (size_t)n), 0);
}

/* Sessions that open, exposures of all in turn with a shape now and then, sessions that close. */
static void
fill(struct place *p)
{
    begin(p);
    for (uint64_t s = 1; s <= SESSIONS; s++) {
        const struct message_session opened = {.session = s, .principal = "reader"};

        assert_int_equal(record_opened(&p->records, &opened), 0);
    }
    for (uint32_t i = 0; i < EXPOSURES; i++) {
        show(p, 1 + i % SESSIONS, PERSON + i);
        if (i % 8 == 0)
            assert_int_equal(append_number(p, 0, i, 0), 0);
        if (i % 5 == 0)
            assert_int_equal(intake_take(&p->intake), 0);
    }
    assert_int_equal(intake_take(&p->intake), 0);
    for (uint64_t s = 1; s <= SESSIONS; s++) {
        const struct message_closed closed = {.session = s};

        assert_int_equal(record_closed(&p->records, &closed), 0);
    }
}

struct came {
    struct told {
        enum ledger_entry_type type;
        uint64_t seq, session, shape;
        int64_t time;
        struct records_place place;
    } items[4 * EXPOSURES];
    size_t count, damaged;
};

static void
read_all(struct ledger_reader *r, struct came *came)
{
    struct ledger_entry entry = {0};
    int result;

    *came = (struct came){0};
    while ((result = ledger_reader_next(r, &entry)) != 0) {
        struct told *told = &came->items[came->count];

        if (result == PASU_E_CORRUPT) {
            came->damaged++;
            continue;
        }
        assert_int_equal(result, 1);
        assert_true(came->count++ < COUNT_OF(came->items));
        *told = (struct told){.type = entry.type,
                              .seq = entry.seq,
                              .time = entry.time,
                              .place = *ledger_reader_place(r)};
        if (entry.type == LEDGER_EXPOSURE) {
            told->session = entry.u.exposure->session;
            told->shape = entry.u.exposure->shape;
            assert_int_equal(entry.u.exposure->parts[0].ordinals[0], told->shape);
        }
    }
}

static void
compare(const struct told *a, const struct told *b)
{
    assert_true(a->type == b->type && a->seq == b->seq && a->time == b->time);
    assert_true(a->session == b->session && a->shape == b->shape);
    assert_true(a->place.segment == b->place.segment && a->place.offset == b->place.offset &&
                a->place.index == b->place.index);
}

static void
only_exposures_that_are_wanted_come_and_all_else(void **state)
{
    struct place *p = *state;
    static struct came all, some;
    struct chooser c = {.session = 2};
    struct ledger_reader *r;
    size_t at = 0, passed = 0;

    fill(p);
    r = open_reader(p);
    read_all(r, &all);
    ledger_reader_close(r);
    r = open_reader(p);
    ledger_reader_choose(r, takes, &c);
    read_all(r, &some);
    ledger_reader_close(r);
    kill_keeper(p);
    for (size_t i = 0; i < all.count; i++) {
        const struct told *told = &all.items[i];

        if (told->type == LEDGER_EXPOSURE) {
            assert_true(c.seqs[passed] == told->seq && c.times[passed] == told->time);
            passed++;
            if (told->session != 2)
                continue;
        }
        assert_true(at < some.count);
        compare(told, &some.items[at++]);
    }
    assert_int_equal(at, some.count);
    assert_int_equal(passed, EXPOSURES);
    assert_int_equal(c.asked, EXPOSURES);
    assert_int_equal(c.taken, EXPOSURES / SESSIONS);
    assert_int_equal(all.damaged + some.damaged, 0);
}

/* The choice can change on the way, and end. */
static void
who_chooses_can_change(void **state)
{
    struct place *p = *state;
    static struct came all, some;
    struct chooser none = {.session = 99};
    struct ledger_reader *r;
    struct ledger_entry entry;

    fill(p);
    r = open_reader(p);
    read_all(r, &all);
    assert_int_equal(ledger_reader_seek_index(r, all.items[0].seq), 0);
    ledger_reader_choose(r, takes, &none);
    do
        assert_int_equal(ledger_reader_next(r, &entry), 1);
    while (entry.type != LEDGER_SHAPE);
    assert_int_equal(none.asked, 1);
    ledger_reader_choose(r, NULL, NULL);
    read_all(r, &some);
    assert_int_equal(none.asked, 1);
    assert_int_equal(some.count + SESSIONS + 3,
                     all.count); /* STARTED, the exposure and the shape */
    compare(&some.items[some.count - 1], &all.items[all.count - 1]);
    ledger_reader_close(r);
    kill_keeper(p);
}

/* As an answer with the index reads: from a record on, those of a stretch. */
static void
a_stretch_is_found_again_where_it_was(void **state)
{
    struct place *p = *state;
    static struct came all, some;
    struct ledger_reader *r;

    fill(p);
    r = open_reader(p);
    read_all(r, &all);
    for (size_t i = 0; i < all.count; i++) {
        struct chooser c = {.session = 3, .from = all.items[i].seq, .to = all.items[i].seq + 9};

        ledger_reader_choose(r, takes, &c);
        assert_int_equal(ledger_reader_seek_index(r, all.items[i].seq), 0);
        read_all(r, &some);
        for (size_t s = 0; s < some.count; s++)
            if (some.items[s].type == LEDGER_EXPOSURE)
                assert_true(some.items[s].session == 3 && some.items[s].seq >= c.from &&
                            some.items[s].seq < c.to);
        assert_true(some.count > 0);
        compare(&some.items[some.count - 1], &all.items[all.count - 1]);
    }
    ledger_reader_close(r);
    kill_keeper(p);
}

/* What is still in a ring is no record: it comes, and nobody is asked of it. */
static void
what_is_in_a_ring_comes_all_the_same(void **state)
{
    struct place *p = *state;
    static struct came some;
    struct chooser none = {.session = 99};
    struct ledger_reader *r;

    fill(p);
    kill_keeper(p);
    show(p, 1, PERSON);
    show(p, 2, PERSON + 1);
    r = open_reader(p);
    ledger_reader_choose(r, takes, &none);
    read_all(r, &some);
    ledger_reader_close(r);
    assert_int_equal(none.asked, EXPOSURES);
    assert_true(some.count > 2);
    assert_int_equal(some.items[some.count - 2].shape, PERSON);
    assert_int_equal(some.items[some.count - 1].shape, PERSON + 1);
    assert_int_equal(some.items[some.count - 3].type, LEDGER_CLOSED);
}

/* Damage to what would be passed over is damage: that it was wanted, nobody knows. */
static void
damage_is_told_also_of_what_is_passed_over(void **state)
{
    struct place *p = *state;
    static struct came all, some;
    struct chooser none = {.session = 99};
    struct ledger_reader *r;
    uint8_t byte;
    off_t at = 0;
    int fd;

    fill(p);
    r = open_reader(p);
    read_all(r, &all);
    ledger_reader_close(r);
    kill_keeper(p);
    for (size_t i = 0; i < all.count; i++)
        if (all.items[i].shape == PERSON + EXPOSURES / 2)
            at = (off_t)all.items[i].place.offset + 40;
    assert_true(at > 0);
    fd = open_segment(p, 0, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
    r = open_reader(p);
    ledger_reader_choose(r, takes, &none);
    read_all(r, &some);
    ledger_reader_close(r);
    assert_int_equal(some.damaged, 1);
    assert_true(none.asked < EXPOSURES);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        TEST(only_exposures_that_are_wanted_come_and_all_else),
        TEST(who_chooses_can_change),
        TEST(a_stretch_is_found_again_where_it_was),
        TEST(what_is_in_a_ring_comes_all_the_same),
        TEST(damage_is_told_also_of_what_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
