/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "console/jobs.h"
#include "unit.h"

enum { PLACES = JOBS_RUNNING_MAX / LANES };

static struct os os;
static struct jobs jobs;
static size_t done; /* jobs */

static int
run(void *arg PASU_UNUSED, const struct job *job PASU_UNUSED, FILE *file PASU_UNUSED)
{
    return 0;
}

static void
count(void *arg PASU_UNUSED, struct job *job PASU_UNUSED, int status)
{
    assert_int_equal(status, 0);
    done++;
}

static int
begin(void **state PASU_UNUSED)
{
    now = 1;
    done = 0;
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_place_is_kept_for_whole_steps, begin, end),
        cmocka_unit_test_setup_teardown(one_that_took_longer_is_kept_for_the_next_step, begin, end),
        cmocka_unit_test_setup_teardown(a_page_frees_its_place_at_once, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
