/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents in a ledger: their numbers, their deadlines through new segments and keepers, and the
 * alerts about those. */
#include "ledger/alerts.h"
#include "ledger/incidents.h"
#include "ledger/record_part.h"
#include "ledger/restated.h"

#include "ledger_place.h"

#define HOUR (INT64_C(3600) * NANOSECONDS_PER_SECOND)

static uint64_t
open_incident(struct place *p)
{
    union payload_body body = {.incident = {.what = INCIDENT_OPENED,
                                            .moment = 5,
                                            .who = "kim",
                                            .why = "a call",
                                            .more = VIEW("{}")}};

    assert_int_equal(record_deed(&p->records, SEGMENT_INCIDENT, &body), 0);
    return body.incident.number;
}

/* A deadline of a hundred hours, of which so many are left. */
static union payload_body
clock_of(uint64_t number, const char *name, int64_t left)
{
    int64_t moment = os_realtime(&os_real);
    union payload_body body = {.clock = {.number = number,
                                         .since = moment - (100 - left) * HOUR,
                                         .due = moment + left * HOUR,
                                         .law = "art. 1"}};

    snprintf(body.clock.name, sizeof(body.clock.name), "%s", name);
    return body;
}

static int
set(struct place *p, const union payload_body *clock)
{
    union payload_body body = *clock;

    return record_deed(&p->records, SEGMENT_CLOCK, &body);
}

static void
find(struct place *p, struct incidents *incidents, uint64_t number)
{
    const struct segment_keys none = {0};
    int segments = open_segments(p);

    assert_int_equal(incidents_find(incidents, &os_real, segments, &none, number, NULL), 0);
    assert_false(incidents->is_damaged);
    close(segments);
}

static size_t
count_alerts(struct place *p, uint8_t severity)
{
    const struct segment_keys none = {0};
    struct alerts alerts;
    int segments = open_segments(p);
    size_t count = 0;

    assert_int_equal(alerts_find(&alerts, &os_real, segments, &none), 0);
    for (size_t i = 0; i < alerts.count; i++)
        count +=
            strcmp(alerts.items[i].rule, "deadline") == 0 && alerts.items[i].severity == severity;
    alerts_release(&alerts);
    close(segments);
    return count;
}

static void
look(struct place *p)
{
    p->records.clock_at = 0;
    record_look(&p->records, os_monotonic(&p->os));
}

static void
each_incident_has_what_was_recorded_of_it(void **state)
{
    struct place *p = *state;
    struct incidents incidents;
    uint64_t first, second;
    union payload_body body = {.incident = {.what = INCIDENT_TOLD, .who = "ceo"}};

    begin(p);
    first = open_incident(p);
    second = open_incident(p);
    assert_true(second > first);
    body.incident.number = second;
    assert_int_equal(record_deed(&p->records, SEGMENT_INCIDENT, &body), 0);
    body.incident.number = chain_size(&p->records.chain);
    assert_int_equal(record_deed(&p->records, SEGMENT_INCIDENT, &body), PASU_E_NOTFOUND);
    find(p, &incidents, second);
    assert_int_equal(incidents.count, 2);
    assert_string_equal(incidents_first(&incidents, second, INCIDENT_TOLD)->body.who, "ceo");
    assert_true(view_equal(incidents.events[0].body.more, VIEW("{}")));
    assert_null(incidents_last(&incidents, second, INCIDENT_CLOSED));
    incidents_release(&incidents);
    find(p, &incidents, UINT64_MAX);
    assert_int_equal(incidents.count, 3);
    incidents_release(&incidents);
    kill_keeper(p);
}

struct looks {
    uint64_t count, done, all;
};

static void
see_how_far(void *arg, uint64_t done, uint64_t all)
{
    struct looks *looks = arg;

    assert_true(done >= looks->done && done <= all);
    *looks = (struct looks){looks->count + 1, done, all};
}

/* Who looks for them says how far it is, now and then, not for each record. */
static void
how_far_the_reading_is_is_told(void **state)
{
    struct place *p = *state;
    const struct segment_keys none = {0};
    union payload_body body = {.incident = {.what = INCIDENT_TOLD, .who = "ceo"}};
    struct incidents incidents;
    struct looks looks = {0};
    const struct walk_watch watch = {see_how_far, &looks};
    int segments;

    begin(p);
    body.incident.number = open_incident(p);
    for (int i = 0; i < 9000; i++)
        assert_int_equal(record_deed(&p->records, SEGMENT_INCIDENT, &body), 0);
    segments = open_segments(p);
    assert_int_equal(incidents_find(&incidents, &os_real, segments, &none, UINT64_MAX, &watch), 0);
    assert_int_equal(incidents.count, 9001);
    assert_true(looks.count >= 3 && looks.count < 10);
    assert_true(looks.done > looks.all / 2);
    incidents_release(&incidents);
    close(segments);
    kill_keeper(p);
}

static void
note_clock(void *arg, const struct segment_record *record)
{
    clocks_note(arg, record);
}

/* Whatever the newest segment is, and whoever reads it. */
static void
deadlines_that_run_are_in_every_segment(void **state)
{
    struct place *p = *state;
    const struct segment_watch nobody = {0};
    const struct segment_keys none = {0};
    const union payload_body other = {.refused = {.error = PASU_E_EOF}};
    union payload_body runs, met;
    struct incidents incidents;
    struct clocks clocks = {0};
    uint64_t number;
    int segments;

    begin(p);
    number = open_incident(p);
    runs = clock_of(number, "runs", 50);
    met = clock_of(number, "met", 50);
    assert_int_equal(set(p, &runs), 0);
    assert_int_equal(set(p, &met), 0);
    p->records.chain.writer.size = 1; /* a segment for each batch */
    for (int i = 0; i < 3; i++)
        assert_int_equal(record_other(&p->records, SEGMENT_REFUSED, &other), 0);
    met.clock.state = CLOCK_MET;
    assert_int_equal(set(p, &met), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(record_other(&p->records, SEGMENT_REFUSED, &other), 0);
    segments = open_segments(p);
    assert_int_equal(restated_each(&os_real, segments, &none, &nobody, note_clock, &clocks), 0);
    close(segments);
    assert_int_equal(clocks.count, 1);
    assert_memory_equal(&clocks.items[0], &runs.clock, sizeof(runs.clock));
    find(p, &incidents, number);
    assert_int_equal(incidents.clock_count, 2); /* however often they are written */
    assert_int_equal(incidents_clock(&incidents, number, "met")->body.state, CLOCK_MET);
    assert_int_equal(incidents_clock(&incidents, number, "runs")->index, number + 1);
    incidents_release(&incidents);
    kill_keeper(p);
    begin(p);
    assert_int_equal(p->records.clocks.count, 1);
    kill_keeper(p);
}

static void
a_deadline_that_nears_is_an_alert_once_and_so_is_one_that_is_over(void **state)
{
    struct place *p = *state;
    union payload_body far, near, over;
    uint64_t number;

    begin(p);
    number = open_incident(p);
    far = clock_of(number, "far", 26);
    near = clock_of(number, "near", 24);
    over = clock_of(number, "over", 0);
    assert_int_equal(set(p, &far), 0);
    look(p);
    assert_int_equal(count_alerts(p, 4) + count_alerts(p, 5), 0);
    assert_int_equal(set(p, &near), 0);
    assert_int_equal(set(p, &over), 0);
    look(p);
    look(p);
    assert_true(count_alerts(p, 4) == 1 && count_alerts(p, 5) == 1);
    kill_keeper(p);
    begin(p); /* which knows what was told */
    look(p);
    assert_true(count_alerts(p, 4) == 1 && count_alerts(p, 5) == 1);
    kill_keeper(p);
}

static void
there_are_only_so_many_deadlines(void **state)
{
    struct place *p = *state;
    union payload_body clock;
    char name[16];
    uint64_t number;

    begin(p);
    p->records.durability = DURABILITY_OS;
    number = open_incident(p);
    for (int i = 0; i <= CLOCKS_MAX; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        clock = clock_of(number, name, 50);
        if (i < CLOCKS_MAX)
            assert_int_equal(clocks_put(&p->records.clocks, &clock.clock), 0);
    }
    assert_int_equal(set(p, &clock), PASU_E_RANGE);
    clock = clock_of(number, "c7", 50);
    clock.clock.state = CLOCK_MET;
    assert_int_equal(set(p, &clock), 0);
    assert_int_equal(p->records.clocks.count, CLOCKS_MAX - 1);
    kill_keeper(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_incident_has_what_was_recorded_of_it),
        TEST(how_far_the_reading_is_is_told),
        TEST(deadlines_that_run_are_in_every_segment),
        TEST(a_deadline_that_nears_is_an_alert_once_and_so_is_one_that_is_over),
        TEST(there_are_only_so_many_deadlines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
