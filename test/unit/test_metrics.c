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
        cmocka_unit_test(the_largest_numbers_of_all_have_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
