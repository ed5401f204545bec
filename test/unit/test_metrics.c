/* SPDX-License-Identifier: Apache-2.0 */
/* The page of numbers: whether they are still told, and that it holds all of them. */
#include "respond/metrics.h"

#include "base/os.h"
#include "unit.h"

#include <string.h>

#define SECOND NANOSECONDS_PER_SECOND

enum { STALE_SECONDS = 10 };

static char text[METRICS_TEXT_MAX];

static bool
has(const struct message_metrics *last, int64_t now, const char *line)
{
    size_t length = metrics_write(text, sizeof(text), last, now);

    assert_int_equal(length, strlen(text));
    return strstr(text, line) != NULL;
}

static void
what_is_told_no_more_is_not_up(void **state PASU_UNUSED)
{
    struct message_metrics last = {.at = 0};

    assert_true(has(&last, 100 * SECOND, "\npasu_up 0\n"));
    assert_false(has(&last, 100 * SECOND, "pasu_sessions"));
    last.at = 100 * SECOND;
    assert_true(has(&last, 100 * SECOND, "\npasu_up 1\n"));
    assert_true(has(&last, (100 + STALE_SECONDS) * SECOND - 1, "\npasu_up 1\n"));
    assert_true(has(&last, (100 + STALE_SECONDS) * SECOND, "\npasu_up 0\n"));
    assert_true(has(&last, 1000 * SECOND, "pasu_metrics_timestamp_seconds 100.000000000\n"));
}

/* A number stands in its unit, behind its name and label; its help and type before the first one.
 */
static void
each_number_is_a_line(void **state PASU_UNUSED)
{
    struct message_metrics last = {.at = 5 * SECOND / 2};
    const int64_t at = 3 * SECOND;

    last.values[METRIC_SESSIONS] = 7;
    last.values[METRIC_RING_FILL] = 250001;
    last.values[METRIC_LAG] = 1500000002;
    last.values[METRIC_CATALOG_READ] = 1700000000000000003;
    last.values[METRIC_BLOCKED] = UINT64_MAX;
    last.refused[PASU_E_LEFT - PASU_E_FIRST__] = 4;
    assert_true(has(&last, at,
                    "# HELP pasu_build_info The version of pasu.\n"
                    "# TYPE pasu_build_info gauge\n"
                    "pasu_build_info{version=\"" PASU_VERSION "\"} 1\n"));
    assert_true(has(&last, at, "\npasu_metrics_timestamp_seconds 2.500000000\n"));
    assert_true(has(&last, at,
                    "\n# HELP pasu_sessions Sessions that are open.\n"
                    "# TYPE pasu_sessions gauge\npasu_sessions 7\n"));
    assert_true(has(&last, at, "\npasu_ring_fill_ratio 0.250001\n"));
    assert_true(has(&last, at, "\npasu_keeper_lag_seconds 1.500000002\n"));
    assert_true(has(&last, at, "\npasu_catalog_checked_timestamp_seconds 1700000000.000000003\n"));
    assert_true(has(&last, at,
                    "{verdict=\"hold\"} 0\n"
                    "pasu_recorded_statements_total{verdict=\"block\"} "
                    "18446744073709551615\n"));
    assert_true(has(&last, at, "\npasu_connections_refused_total{reason=\"left\"} 4\n"));
    assert_false(has(&last, at, "reason=\"denied\""));
    assert_false(has(&last, at, "pasu_gate_start_timestamp_seconds")); /* it has not started */
    last.refused[PASU_E_END__ - 1 - PASU_E_FIRST__] = 5;               /* the last one, too */
    assert_true(has(&last, at, "\"} 5\n"));
}

static void
the_largest_numbers_of_all_have_room(void **state PASU_UNUSED)
{
    struct message_metrics last;

    memset(&last, 0xff, sizeof(last));
    last.at = INT64_MAX;
    assert_true(metrics_write(text, sizeof(text), &last, 0) < sizeof(text) - 1);
    assert_int_equal(text[strlen(text) - 1], '\n');
    for (size_t i = 0; i < METRICS; i++)
        assert_non_null(strstr(text, metric_words[i].name));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_no_more_is_not_up),
        cmocka_unit_test(each_number_is_a_line),
        cmocka_unit_test(the_largest_numbers_of_all_have_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
