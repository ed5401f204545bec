/* SPDX-License-Identifier: Apache-2.0 */
/* A keeper that is killed at any call, with segments that are soon full: what is in the rings is in
 * the ledger exactly once. */
#include "ledger/reader.h"
#include "ledger_place.h"

enum { ROUNDS = 8, RINGS = 2 };

static uint64_t first[RINGS], next[RINGS]; /* numbers that the gate has appended */

static void
unlink_but_ring(struct disk *d, int folder, const char *name, void *arg)
{
    if (strcmp(name, "exposures.ring") != 0)
        disk_unlink(d, folder, name, arg);
}

/* In another ledger. */
static void
number_on(void)
{
    for (unsigned ring = 0; ring < RINGS; ring++)
        first[ring] = next[ring];
}

/* The keeper's operating system can be that of the disk, whose calls fail from one on. */
static void
put_on_disk(struct place *p)
{
    p->os = p->disk->os;
    p->disk->is_dead = p->disk->is_partial = true;
}

/* As a keeper runs, until a call fails or all has been done; it may be dead from the start on. */
static void
run_keeper(struct place *p, enum durability durability, off_t size)
{
    record_init(&p->records, &p->log, p->directory);
    p->records.durability = durability;
    assert_int_equal(intake_init(&p->intake, &p->records, dup(p->ring_fd), -1, -1), 0);
    if (record_open(&p->records) == 0)
        p->records.chain.writer.size = size;
    for (unsigned i = 0; i < ROUNDS && p->records.is_open; i++) {
        for (unsigned k = 0; k <= i % 3; k++)
            for (unsigned ring = 0; ring < RINGS; ring++)
                assert_int_equal(append_number(p, ring, next[ring]++ * RINGS + ring, 40 + 9 * k),
                                 0);
        if (i % 4 == 3)
            intake_append(&p->intake); /* not released: something else is appended first */
        else if (intake_take(&p->intake) != 0)
            break;
        if (i % 4 == 2 && record_sign(&p->records) != 0)
            break;
    }
    kill_keeper(p);
}

static void
check_once(struct place *p)
{
    uint64_t seen[RINGS] = {first[0], first[1]};
    struct ledger_reader *r;
    struct ledger_entry entry;
    int result;

    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    while ((result = ledger_reader_next(r, &entry)) == 1)
        if (entry.type == LEDGER_SHAPE) {
            unsigned ring = entry.u.shape->fingerprint % RINGS;

            assert_int_equal(entry.u.shape->fingerprint / RINGS, seen[ring]);
            seen[ring]++;
        }
    assert_int_equal(result, 0);
    ledger_reader_close(r);
    for (unsigned ring = 0; ring < RINGS; ring++)
        assert_int_equal(seen[ring], next[ring]);
}

/* Whether it was killed: else all has been done without that call. */
static bool
kill_at(struct place *p, int call, enum durability durability, off_t size)
{
    bool was_killed;

    disk_each(p->disk, p->directory, unlink_but_ring, disk_rmdir, NULL);
    number_on();
    p->disk->calls_left = call;
    run_keeper(p, durability, size);
    was_killed = p->disk->calls_left == 0;
    p->disk->calls_left = -1;
    if (faccessat(p->directory, "segments", F_OK, 0) == 0)
        check_once(p); /* a reader finds the rest in the rings */
    /* Killed once more while it takes up what was left. */
    p->disk->calls_left = call % 40;
    record_init(&p->records, &p->log, p->directory);
    p->records.durability = durability;
    assert_int_equal(intake_init(&p->intake, &p->records, dup(p->ring_fd), -1, -1), 0);
    if (record_open(&p->records) == 0) {
        p->records.chain.writer.size = size;
        intake_append(&p->intake);
    }
    kill_keeper(p);
    p->disk->calls_left = -1;
    begin(p);
    check_once(p);
    for (unsigned ring = 0; ring < RINGS; ring++)
        assert_true(ring_tail(ring_get(&p->gate, ring)) == ring_head(ring_get(&p->gate, ring)));
    record_close(&p->records);
    kill_keeper(p);
    check_once(p);
    return was_killed;
}

static void
kill_at_each(struct place *p, enum durability durability, off_t size)
{
    int call = 0;

    put_on_disk(p);
    while (kill_at(p, call, durability, size))
        call++;
    assert_true(call > 100);
}

static void
whatever_call_it_is_killed_at_each_entry_is_there_once(void **state)
{
    kill_at_each(*state, DURABILITY_GROUP, SEGMENT_BATCH_MAX + 800);
}

static void
with_each_batch_in_a_segment_of_its_own_too(void **state)
{
    kill_at_each(*state, DURABILITY_GROUP, 1000);
}

static void
without_a_sync_too(void **state)
{
    kill_at_each(*state, DURABILITY_OS, SEGMENT_BATCH_MAX + 800);
}

/* ---- the power is cut ---- */

static bool is_full;

/* The disk is, once, when the first batch of a segment is written. */
static ssize_t
full_once(void *arg PASU_UNUSED, int fd, const void *bytes, size_t size, off_t offset)
{
    if (is_full && offset == sizeof(struct segment_header)) {
        is_full = false;
        errno = ENOSPC;
        return -1;
    }
    return pwrite(fd, bytes, size, offset);
}

static void
take_one(struct place *p, unsigned ring)
{
    assert_int_equal(append_number(p, ring, next[ring]++ * RINGS + ring, 0), 0);
    assert_int_equal(intake_take(&p->intake), 0);
}

/* What the disk has of the ring's page is from before the first entry was released. */
static void
bring_back(struct place *p, uint64_t tail)
{
    kill_keeper(p);
    ring_release(ring_get(&p->gate, 0), tail);
    begin(p);
    check_once(p);
    kill_keeper(p);
}

static uint64_t
take_before(struct place *p)
{
    uint64_t tail = ring_tail(ring_get(&p->gate, 0));

    begin(p);
    take_one(p, 0);
    assert_true(ring_tail(ring_get(&p->gate, 0)) > tail);
    return tail;
}

/* Of ring 0 the new segment has no batch. */
static void
an_older_ring_that_comes_back_after_a_change_of_segment_is_not_taken_again(void **state)
{
    struct place *p = *state;
    uint64_t tail;

    number_on();
    tail = take_before(p);
    p->records.chain.writer.size = 1;
    take_one(p, 1);
    assert_true(p->records.chain.writer.first > 0);
    bring_back(p, tail);
}

/* The first batch of the new segment is none, or could not be written. */
static void
nor_where_the_first_batch_of_the_segment_came_to_nothing(void **state)
{
    struct place *p = *state;

    number_on();
    p->os.pwrite = full_once;
    for (int round = 0; round < 2; round++) {
        uint64_t tail = take_before(p), segment = p->records.chain.writer.first;
        off_t size = p->records.chain.writer.size;

        p->records.chain.writer.size = 1;
        if (round == 0) {
            assert_int_equal(append(p, 1, RING_SHAPE, "lie", 3), 0);
            assert_int_equal(intake_take(&p->intake), 0);
        } else {
            assert_int_equal(append_number(p, 1, next[1]++ * RINGS + 1, 0), 0);
            is_full = true;
            assert_int_equal(intake_take(&p->intake), PASU_E_DISKFULL);
            assert_false(is_full);
        }
        assert_true(p->records.chain.writer.first > segment);
        p->records.chain.writer.size = size;
        take_one(p, 1);
        bring_back(p, tail);
    }
}

/* ---- entries of the directory ---- */

static const char secret[] = "kim@example.com, sealed or not";

static void
append_person(struct place *p, unsigned ring)
{
    struct {
        struct ring_ordinal head;
        char sealed[sizeof(secret)];
    } entry = {.head = {.ordinal = 7}};

    memcpy(entry.sealed, secret, sizeof(secret));
    assert_int_equal(append(p, ring, RING_ORDINAL, &entry, sizeof(entry)), 0);
}

static bool
is_in_rings(const struct place *p)
{
    return memmem(p->gate.memory, p->gate.length, secret, sizeof(secret)) != NULL;
}

static void
take_person(struct place *p, unsigned ring)
{
    assert_int_equal(append_number(p, ring, 1, 0), 0);
    append_person(p, ring);
    assert_int_equal(append_number(p, ring, 2, 0), 0);
    assert_true(is_in_rings(p));
    assert_int_equal(intake_take(&p->intake), 0);
    assert_false(is_in_rings(p));
}

/* Whoever releases what is in the ledger: also one who has not taken it himself. */
static void
no_entry_of_the_directory_stays_in_a_ring(void **state)
{
    struct place *p = *state;

    begin(p);
    for (unsigned ring = 0; ring < RINGS; ring++) {
        take_person(p, ring);
        assert_int_equal(append_number(p, ring, 3, 0), 0);
        assert_int_equal(intake_take(&p->intake), 0); /* nobody is in this one */
        take_person(p, ring);
        append_person(p, ring);
        assert_int_equal(append_number(p, ring, 4, 0), 0);
        intake_append(&p->intake);
        assert_true(is_in_rings(p)); /* not released yet */
        kill_keeper(p);
        begin(p);
        assert_false(is_in_rings(p));
    }
    record_close(&p->records);
    kill_keeper(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whatever_call_it_is_killed_at_each_entry_is_there_once),
        TEST(with_each_batch_in_a_segment_of_its_own_too),
        TEST(without_a_sync_too),
        TEST(an_older_ring_that_comes_back_after_a_change_of_segment_is_not_taken_again),
        TEST(nor_where_the_first_batch_of_the_segment_came_to_nothing),
        TEST(no_entry_of_the_directory_stays_in_a_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
