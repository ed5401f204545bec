/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/holidays.h"
#include "unit.h"

#include <time.h>

enum { DAYS = 230 * 366 };

/* Of every day that a configuration can name, and of some behind them. */
static void
years_are_those_of_the_calendar(void **state PASU_UNUSED)
{
    for (uint32_t day = 0; day < DAYS; day++) {
        time_t seconds = (time_t)day * 24 * 60 * 60;
        struct tm date;

        assert_non_null(gmtime_r(&seconds, &date));
        assert_int_equal(holidays_year(day), date.tm_year + 1900);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(years_are_those_of_the_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
