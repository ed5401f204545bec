/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "console/jobs.h"
#include "unit.h"

enum { PLACES = JOBS_RUNNING_MAX / LANES };

static struct os os;
static struct jobs jobs;
static size_t done; /* jobs */
static uint64_t ended[2 * JOBS_WAITING_MAX], crowded[2 * JOBS_WAITING_MAX];
static size_t ended_count, crowded_count;

static int
run(void *arg PASU_UNUSED, const struct job *job PASU_UNUSED, FILE *file PASU_UNUSED)
{
    return 0;
}

static void
count(void *arg PASU_UNUSED, struct job *job, int status)
{
    if (status == JOB_CROWDED) {
        crowded[crowded_count++] = job->id;
        return;
    }
    assert_int_equal(status, 0);
    ended[ended_count++] = job->id;
    done++;
}

static int
begin(void **state PASU_UNUSED)
{
    now = 1;
    done = ended_count = crowded_count = 0;
    os = os_real;
    os.monotonic = os.realtime = clock_read;
    jobs_init(&jobs, &os, run, count, NULL);
    return 0;
}

static int
end(void **state PASU_UNUSED)
{
    jobs_release(&jobs);
    return 0;
}

static void
add(enum jobs_lane lane, size_t wanted)
{
    const struct job asked = {.id = 1};

    for (size_t i = 0; i < wanted; i++)
        assert_int_equal(jobs_add(&jobs, lane, &asked), 0);
}

/* Until that many have ended, of those that run. */
static void
until(size_t wanted)
{
    struct pollfd polls[JOBS_RUNNING_MAX];

    jobs_step(&jobs);
    while (done < wanted) {
        size_t polled = jobs_polls(&jobs, polls);

        assert_true(polled > 0);
        assert_true(poll(polls, polled, 60000) > 0);
        jobs_step(&jobs);
    }
}

static void
pass(int milliseconds)
{
    now += milliseconds * NANOSECONDS_PER_MILLISECOND;
    jobs_step(&jobs);
}

/* What is found in no time has its place as long as what took a while. */
static void
a_place_is_kept_for_whole_steps(void **state PASU_UNUSED)
{
    add(LANE_FIND, PLACES + 1);
    until(PLACES);
    assert_int_equal(jobs.running[LANE_FIND], PLACES);
    assert_int_equal(jobs.counts[LANE_FIND], PLACES + 1);
    assert_int_equal(jobs_wait(&jobs, 1000), JOB_PLACE + 1);
    pass(JOB_PLACE - 1);
    assert_int_equal(jobs.counts[LANE_FIND], PLACES + 1);
    pass(1);
    assert_int_equal(jobs.counts[LANE_FIND], 1);
    until(PLACES + 1);
}

static void
one_that_took_longer_is_kept_for_the_next_step(void **state PASU_UNUSED)
{
    add(LANE_SEND, 1);
    jobs_step(&jobs);
    now += (JOB_PLACE + 1) * NANOSECONDS_PER_MILLISECOND;
    until(1);
    pass(JOB_PLACE - 2);
    assert_int_equal(jobs.counts[LANE_SEND], 1);
    pass(1);
    assert_int_equal(jobs.counts[LANE_SEND], 0);
}

/* Whose time tells nothing that who asks does not know. */
static void
a_page_frees_its_place_at_once(void **state PASU_UNUSED)
{
    add(LANE_LOOK, PLACES + 1);
    until(PLACES + 1);
    assert_int_equal(jobs.counts[LANE_LOOK], 0);
    assert_int_equal(jobs_wait(&jobs, 1000), 1000);
}

/* ---- whose turn it is ---- */

/* From a network and an address of it. */
static int
ask_from(uint64_t id, uint8_t network, uint8_t address)
{
    struct job asked = {.id = id};

    asked.from.network[0] = network;
    asked.from.address[0] = network;
    asked.from.address[1] = address;
    return jobs_add(&jobs, LANE_LOOK, &asked);
}

/* All of them, in the order in which they ended. */
static void
end_all(void)
{
    until(jobs.counts[LANE_LOOK] + done);
}

static bool
is_among(const uint64_t *ids, size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static bool
waits(uint64_t id)
{
    struct list *lane = &jobs.lanes[LANE_LOOK];

    for (struct list *at = lane->next; at != lane; at = at->next) {
        const struct job *job = LIST_ENTRY(at, struct job, link);

        if (job->id == id && job->pid == 0)
            return true;
    }
    return false;
}

/* How many had begun when the last of those up to this number did. Of a step any number ends, in
 * any order; where all do, nobody has more than others, and who came first is first. */
static size_t
begun_with(uint64_t last)
{
    size_t wanted = done;
    bool is_waiting = true;

    while (is_waiting) {
        until(wanted++);
        is_waiting = false;
        for (uint64_t id = 1; id <= last; id++)
            is_waiting |= waits(id);
    }
    return done + jobs.running[LANE_LOOK];
}

static void
who_asks_much_waits_behind_who_asks_little(void **state PASU_UNUSED)
{
    const uint64_t little = 3;

    for (uint64_t id = 100; id < 140; id++)
        assert_int_equal(ask_from(id, 1, 1), 0);
    jobs_step(&jobs); /* all places are theirs */
    assert_int_equal(ask_from(1, 2, 1), 0);
    assert_int_equal(ask_from(2, 3, 1), 0);
    assert_int_equal(ask_from(3, 1, 2), 0); /* of the same network, but another one */
    /* The first ones, these, one beside each of them, and the rest of a step. */
    assert_true(begun_with(little) <= PLACES + 2 * little + PLACES - 1);
    end_all();
    assert_int_equal(ended_count, 43);
    assert_int_equal(crowded_count, 0);
}

static void
a_full_lane_has_room_for_who_has_less_in_it(void **state PASU_UNUSED)
{
    for (uint64_t id = 0; id < JOBS_WAITING_MAX - 2; id++)
        assert_int_equal(ask_from(100 + id, 1, 1), 0);
    assert_int_equal(ask_from(1, 2, 1), 0);
    assert_int_equal(ask_from(2, 1, 2), 0);
    assert_int_equal(ask_from(999, 1, 1), PASU_E_RANGE); /* who has the most already */
    assert_int_equal(crowded_count, 0);
    assert_int_equal(ask_from(3, 3, 1), 0);
    assert_int_equal(ask_from(4, 1, 2), 0); /* within the network, too */
    assert_int_equal(crowded_count, 2);
    assert_int_equal(crowded[0], 100 + JOBS_WAITING_MAX - 3);
    assert_int_equal(crowded[1], 100 + JOBS_WAITING_MAX - 4);
    assert_int_equal(jobs.counts[LANE_LOOK], JOBS_WAITING_MAX);
    end_all();
    assert_int_equal(ended_count, JOBS_WAITING_MAX);
    for (uint64_t id = 1; id <= 4; id++)
        assert_true(is_among(ended, ended_count, id));
}

/* As many networks as there are places: nobody goes for somebody who has as much. */
static void
those_who_have_as_little_keep_their_places(void **state PASU_UNUSED)
{
    for (uint64_t id = 0; id < JOBS_WAITING_MAX; id++)
        assert_int_equal(ask_from(id, (uint8_t)(id + 1), 1), 0);
    assert_int_equal(ask_from(200, 200, 1), PASU_E_RANGE);
    assert_int_equal(crowded_count, 0);
    end_all();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_place_is_kept_for_whole_steps, begin, end),
        cmocka_unit_test_setup_teardown(one_that_took_longer_is_kept_for_the_next_step, begin, end),
        cmocka_unit_test_setup_teardown(a_page_frees_its_place_at_once, begin, end),
        cmocka_unit_test_setup_teardown(who_asks_much_waits_behind_who_asks_little, begin, end),
        cmocka_unit_test_setup_teardown(a_full_lane_has_room_for_who_has_less_in_it, begin, end),
        cmocka_unit_test_setup_teardown(those_who_have_as_little_keep_their_places, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
