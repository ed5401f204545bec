/* SPDX-License-Identifier: Apache-2.0 */
/* Days, their parts and months: of any time that a record can have. */
#include "breach/day.h"
#include "unit.h"

static void
every_time_is_of_one_day_and_one_part(void **state PASU_UNUSED)
{
    static const struct {
        int64_t time;
        int32_t day;
        unsigned part;
    } due[] = {{0, 0, 0},
               {-1, -1, DAY_PARTS - 1},
               {DAY - 1, 0, DAY_PARTS - 1},
               {DAY, 1, 0},
               {DAY / 2, 0, DAY_PARTS / 2},
               {-DAY, -1, 0},
               {-DAY - 1, -2, DAY_PARTS - 1},
               {INT64_MAX, DAY_LAST, DAY_PARTS - 1},
               {INT64_MIN, DAY_FIRST, 0}};

    for (size_t i = 0; i < COUNT_OF(due); i++) {
        assert_int_equal(day_of(due[i].time), due[i].day);
        assert_true(day_is_one(due[i].day));
        assert_true(day_begin(due[i].day) <= due[i].time);
    }
    for (size_t i = 0; i + 2 < COUNT_OF(due); i++)
        assert_int_equal(day_part_of(due[i].time), due[i].part);
    assert_true(day_part_of(INT64_MAX) < DAY_PARTS && day_part_of(INT64_MIN) < DAY_PARTS);
}

/* Where a day has no beginning among the times, the nearest time stands for it. */
static void
the_beginning_of_a_day_is_a_time(void **state PASU_UNUSED)
{
    assert_int_equal(day_begin(-3), -3 * DAY);
    assert_int_equal(day_begin(DAY_LAST), DAY_LAST * DAY);
    assert_int_equal(day_begin(DAY_FIRST), INT64_MIN);
    assert_int_equal(day_begin(DAY_FIRST + 1), (DAY_FIRST + 1) * DAY);
    assert_int_equal(day_begin(DAY_LAST + 1), INT64_MAX);
    assert_int_equal(day_begin(INT32_MAX), INT64_MAX);
    assert_int_equal(day_begin(INT32_MIN), INT64_MIN);
    assert_false(day_is_one(DAY_LAST + 1) || day_is_one(DAY_FIRST - 1));
}

/* All days from 1970 to the last. */
static void
months_follow_each_other(void **state PASU_UNUSED)
{
    uint32_t month = 12 * 1970;

    assert_int_equal(month_begin(month), 0);
    assert_int_equal(month_begin(12 * 2000 + 2), 11017); /* 2000-03-01, of a leap year */
    for (int32_t day = 0; day <= DAY_LAST; day++) {
        if (day == month_begin(month + 1))
            month++;
        assert_int_equal(month_of(day), month);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_time_is_of_one_day_and_one_part),
        cmocka_unit_test(the_beginning_of_a_day_is_a_time),
        cmocka_unit_test(months_follow_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
