/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper makes durable what the most demanding of those that came together asks for. */
#include "ledger_place.h"

#include <sys/eventfd.h>

static int syncs, syncs_left; /* done; -1: none fails */

static int
counted_fdatasync(void *arg PASU_UNUSED, int fd PASU_UNUSED)
{
    syncs++;
    errno = EIO;
    return syncs_left >= 0 && syncs_left-- == 0 ? -1 : 0;
}

/* A keeper that can be woken, and that wakes the gate. */
static void
start(struct place *p)
{
    p->os.fdatasync = counted_fdatasync;
    syncs_left = -1;
    begin(p);
    p->intake.wake = eventfd(0, EFD_NONBLOCK);
    p->intake.durable = eventfd(0, EFD_NONBLOCK);
    assert_true(p->intake.wake >= 0 && p->intake.durable >= 0);
    syncs = 0;
}

static int
append_as(struct place *p, unsigned ring, uint64_t number, enum durability durability)
{
    const struct iovec part = {&number, sizeof(number)};
    uint64_t position;

    return ring_append(ring_get(&p->gate, ring), RING_SHAPE, &part, 1, durability, &position);
}

static bool
is_told(const struct place *p)
{
    uint64_t count;

    return read(p->intake.durable, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

static bool
is_durable(const struct ring *ring)
{
    return ring_durable(ring) == ring_head(ring);
}

static void
what_is_awaited_does_not_wait_for_what_is_not(void **state)
{
    struct place *p = *state;
    struct ring *ring = ring_get(&p->gate, 0), *other = ring_get(&p->gate, 1);

    start(p);
    /* Of what asks for nothing, nothing is made durable, and the room is released all the same. */
    assert_int_equal(append_as(p, 0, 1, DURABILITY_OS), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_true(ring_tail(ring) == ring_head(ring) && !is_durable(ring));
    assert_int_equal(syncs, 0);
    /* What is due waits for more to come together. */
    assert_int_equal(append_as(p, 1, 1, DURABILITY_GROUP), 0);
    assert_true(ring_must_wake(other));
    intake_woken(&p->intake);
    assert_int_equal(intake_wait(&p->intake, 200), 10);
    /* What is awaited does not, and takes with it what was before it, in the other ring, too. */
    assert_int_equal(append_as(p, 0, 2, DURABILITY_STRICT), 0);
    assert_true(ring_must_wake(ring));
    intake_woken(&p->intake);
    assert_int_equal(intake_wait(&p->intake, 200), 0);
    intake_look(&p->intake, now);
    assert_int_equal(syncs, 1);
    assert_true(is_durable(ring) && is_durable(other));
    assert_true(is_told(p));
    /* Nobody waits any more. */
    assert_int_equal(append_as(p, 1, 2, DURABILITY_GROUP), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(syncs, 2);
    assert_false(is_told(p));
    kill_keeper(p);
}

/* The keeper was about to gather when it came. */
static void
what_is_awaited_while_the_keeper_is_on_its_way_is_seen_before_it_gathers(void **state)
{
    struct place *p = *state;
    struct ring *ring = ring_get(&p->gate, 0);

    start(p);
    assert_int_equal(append_as(p, 0, 1, DURABILITY_GROUP), 0);
    assert_true(ring_must_wake(ring));
    assert_int_equal(append_as(p, 0, 2, DURABILITY_STRICT), 0);
    assert_false(ring_must_wake(ring));
    intake_woken(&p->intake);
    assert_int_equal(intake_wait(&p->intake, 200), 0);
    kill_keeper(p);
}

/* The keeper had taken what was there, and not lain down. */
static void
what_is_awaited_while_the_keeper_takes_is_taken_at_once(void **state)
{
    struct place *p = *state;
    struct ring *ring = ring_get(&p->gate, 1);

    start(p);
    assert_int_equal(append_as(p, 1, 1, DURABILITY_STRICT), 0);
    assert_true(ring_must_wake(ring));
    intake_woken(&p->intake);
    intake_append(&p->intake);
    assert_true(ring_awaited(ring) == ring_head(ring)); /* in the ledger, and not on the disk */
    intake_look(&p->intake, now);
    assert_true(is_durable(ring) && is_told(p));
    kill_keeper(p);
}

/* Of a former keeper, which died before it was on the disk. */
static void
what_is_awaited_of_a_former_keeper_is_made_durable_by_the_next(void **state)
{
    struct place *p = *state;
    struct ring *ring = ring_get(&p->gate, 0);

    start(p);
    assert_int_equal(append_as(p, 0, 1, DURABILITY_STRICT), 0);
    syncs_left = 0;
    assert_int_equal(intake_take(&p->intake), PASU_E_IO);
    assert_false(is_told(p));
    kill_keeper(p);
    syncs = 0;
    begin(p);
    assert_true(is_durable(ring) && syncs > 0);
    kill_keeper(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_awaited_does_not_wait_for_what_is_not),
        TEST(what_is_awaited_while_the_keeper_is_on_its_way_is_seen_before_it_gathers),
        TEST(what_is_awaited_while_the_keeper_takes_is_taken_at_once),
        TEST(what_is_awaited_of_a_former_keeper_is_made_durable_by_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
