/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines of the law: when they are due, and a table that a lawyer has written. */
#include "cli/carried_file.h"
#include "cli/clock_table.h"
#include "config/moment.h"
#include "unit.h"

#include <stdlib.h>

static int64_t
at(const char *text)
{
    int64_t moment = 0;

    assert_int_equal(moment_parse_fixed(&moment, text, false), 0);
    return moment;
}

static void
load(struct clock_table *table)
{
    struct config_faults faults = {0};
    struct store store = {0};
    struct view text;
    const char *path;

    assert_int_equal(carried_file(&text, &path, &store, CARRIED_CLOCKS, NULL), 0);
    assert_int_equal(clock_table_parse(table, text, path, &faults), 0);
    assert_int_equal(faults.count, 0);
    store_release(&store);
}

static const struct clock_rule *
rule_of(const struct clock_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rules[i].name, name) == 0)
            return &table->rules[i];
    fail();
    return NULL;
}

static void
hours_run_through_nights_and_holidays(void **state PASU_UNUSED)
{
    struct clock_table table;
    int64_t due;

    load(&table);
    assert_int_equal(
        clock_rule_due(&due, rule_of(&table, "kr-persons"), at("2025-11-18T22:52:00+09:00")), 0);
    assert_true(due == at("2025-11-21T22:52:00+09:00"));
    assert_int_equal(clock_rule_due(&due, rule_of(&table, "kr-network-incident"),
                                    at("2026-12-31T20:00:00+09:00")),
                     0);
    assert_true(due == at("2027-01-01T20:00:00+09:00"));
    assert_int_equal(clock_rule_due(&due, rule_of(&table, "eu-authority"), -1), PASU_E_RANGE);
    clock_table_release(&table);
}

/* General Instruction B.1 of Form 8-K; days on which the offices of the SEC are closed. */
static void
business_days_are_those_of_the_place(void **state PASU_UNUSED)
{
    static const struct {
        const char *since, *due;
    } cases[] = {
        {"2026-03-02T09:00:00-05:00", "2026-03-06T17:30:00-05:00"}, /* Monday → Friday */
        {"2026-03-04T09:00:00-05:00",
         "2026-03-10T17:30:00-04:00"}, /* over a weekend, and into DST */
        {"2026-03-07T09:00:00-05:00", "2026-03-12T17:30:00-04:00"}, /* a Saturday: from Monday on */
        {"2026-11-24T23:30:00-05:00",
         "2026-12-01T17:30:00-05:00"},                         /* Thanksgiving; Tuesday there */
        {"2026-11-25T04:30:00Z", "2026-12-01T17:30:00-05:00"}, /* the same moment */
        {"2026-12-23T12:00:00-05:00", "2026-12-30T17:30:00-05:00"}, /* Christmas */
        {"2027-12-29T12:00:00-05:00", "2028-01-05T17:30:00-05:00"}, /* New Year's Day, on Friday */
        {"2029-11-08T12:00:00-05:00", "2029-11-15T17:30:00-05:00"}, /* Veterans Day, on Monday */
    };
    struct clock_table table;
    int64_t due;

    load(&table);
    setenv("TZ", "Asia/Seoul", 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(clock_rule_due(&due, rule_of(&table, "us-sec-8k"), at(cases[i].since)), 0);
        assert_true(due == at(cases[i].due));
    }
    assert_string_equal(getenv("TZ"), "Asia/Seoul");
    clock_table_release(&table);
}

/* What 5 U.S.C. 6103 makes of each year, written out, as observed: of those that begin on each day
 * of the week, leap years and others. */
static void
federal_holidays_are_computed_for_any_year(void **state PASU_UNUSED)
{
    static const char *const published[] = {
        "2024-01-01 2024-01-15 2024-02-19 2024-05-27 2024-06-19 2024-07-04 2024-09-02 2024-10-14 "
        "2024-11-11 2024-11-28 2024-12-25",
        "2025-01-01 2025-01-20 2025-02-17 2025-05-26 2025-06-19 2025-07-04 2025-09-01 2025-10-13 "
        "2025-11-11 2025-11-27 2025-12-25",
        "2026-01-01 2026-01-19 2026-02-16 2026-05-25 2026-06-19 2026-07-03 2026-09-07 2026-10-12 "
        "2026-11-11 2026-11-26 2026-12-25",
        "2027-01-01 2027-01-18 2027-02-15 2027-05-31 2027-06-18 2027-07-05 2027-09-06 2027-10-11 "
        "2027-11-11 2027-11-25 2027-12-24 2027-12-31", /* the last is that of 2028 */
        "2028-01-17 2028-02-21 2028-05-29 2028-06-19 2028-07-04 2028-09-04 2028-10-09 2028-11-10 "
        "2028-11-23 2028-12-25",
        "2029-01-01 2029-01-15 2029-02-19 2029-05-28 2029-06-19 2029-07-04 2029-09-03 2029-10-08 "
        "2029-11-12 2029-11-22 2029-12-25",
        "2030-01-01 2030-01-21 2030-02-18 2030-05-27 2030-06-19 2030-07-04 2030-09-02 2030-10-14 "
        "2030-11-11 2030-11-28 2030-12-25",
        "2034-01-02 2034-01-16 2034-02-20 2034-05-29 2034-06-19 2034-07-04 2034-09-04 2034-10-09 "
        "2034-11-10 2034-11-23 2034-12-25",
        "2100-01-01 2100-01-18 2100-02-15 2100-05-31 2100-06-18 2100-07-05 2100-09-06 2100-10-11 "
        "2100-11-11 2100-11-25 2100-12-24 2100-12-31", /* no leap year; begins on a Friday */
    };
    const int64_t day_length = INT64_C(24) * 3600 * 1000000000;
    const struct clock_rule *rule;
    struct clock_table table;

    load(&table);
    rule = rule_of(&table, "us-sec-8k");
    for (size_t y = 0; y < COUNT_OF(published); y++) {
        char text[16], found[256] = "";
        int64_t day;

        snprintf(text, sizeof(text), "%.4s-01-01", published[y]);
        day = at(text) / day_length;
        for (int d = 0; d < 366; d++, day++) {
            time_t seconds = (time_t)(day * 24 * 3600);
            struct tm tm;
            bool is_one = false;

            gmtime_r(&seconds, &tm);
            strftime(text, sizeof(text), "%Y-%m-%d", &tm);
            if (strncmp(text, published[y], 4) != 0)
                break;
            for (size_t h = 0; h < rule->holiday_count; h++)
                is_one |= clock_holiday_is(&rule->holidays[h], day);
            if (is_one && tm.tm_wday != 0 && tm.tm_wday != 6)
                snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s",
                         *found ? " " : "", text);
        }
        assert_string_equal(found, published[y]);
    }
    clock_table_release(&table);
}

static void
a_holiday_is_a_day_a_date_or_a_weekday(void **state PASU_UNUSED)
{
    static const struct {
        const char *text, *in, *out;
    } cases[] = {
        {"2025-01-09", "2025-01-09", "2026-01-09"},
        {"december 24", "2031-12-24", "2027-12-23"},
        {"December 25", "2027-12-25", "2027-12-24"}, /* a Saturday's is kept nowhere else */
        {"  July  04,observed", "2027-07-05", "2027-07-06"},
        {"Last friday OF february", "2028-02-25", "2028-02-18"},
        {"fourth Thursday of November", "2029-11-22", "2029-11-29"},
        {"February 29", "2028-02-29", "2027-03-01"},
    };
    static const char *const wrong[] = {"",
                                        "monday",
                                        "2026-02-30",
                                        "2026-1-1",
                                        "January",
                                        "January 0",
                                        "January 32",
                                        "February 30",
                                        "January 1 observed",
                                        "January 1, kept",
                                        "January, 1",
                                        "fifth Monday of January",
                                        "third Mon of January",
                                        "third Monday in January",
                                        "third Monday of Januar",
                                        "third Monday, of January",
                                        "third Monday of January 2026",
                                        "January 1,",
                                        "Foo 1",
                                        "January 001",
                                        "January 1, observed,",
                                        "Septemberseptember 1"};
    const int64_t day_length = INT64_C(24) * 3600 * 1000000000;
    struct clock_holiday holiday;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(clock_holiday_parse(&holiday, cases[i].text), 0);
        assert_true(clock_holiday_is(&holiday, at(cases[i].in) / day_length));
        assert_false(clock_holiday_is(&holiday, at(cases[i].out) / day_length));
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (clock_holiday_parse(&holiday, wrong[i]) != PASU_E_MALFORMED)
            fail_msg("\"%s\" is taken", wrong[i]);
}

static void
a_table_with_faults_says_all_of_them(void **state PASU_UNUSED)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"clocks: []\n", "clocks is no list of clocks"},
        {"clock: []\n", "the table has no key \"clock\""},
        {"clocks: [{law: K, from: known, within: 1h, to: a, source: b}]\n", "name is missing"},
        {"clocks: [{name: a, law: K, from: later, within: 1h, to: a, source: b}]\n",
         "from: later is no beginning"},
        {"clocks: [{name: a, law: K, from: known, within: 1h, business_days: 2, to: a, source: "
         "b}]\n",
         "a clock has one of within and business_days"},
        {"clocks: [{name: a, law: K, from: known, business_days: 0, to: a, source: b}]\n",
         "business_days: 0 is no number of days"},
        {"clocks: [{name: a, law: K, from: known, within: 1h, to: a, source: b, until: "
         "\"25:00\"}]\n",
         "until: 25:00 is no time of the day"},
        {"clocks: [{name: a, law: K, from: known, within: 1h, to: a, source: b, time_zone: "
         "No/Where}]\n",
         "time_zone: No/Where is no time zone"},
        {"clocks: [{name: a, law: K, from: known, within: 1h, to: a, source: b, holidays: "
         "[monday]}]\n",
         "\"monday\" is no holiday"},
        {"clocks: [{name: a, law: K, from: known, within: 1h, to: a, source: b},"
         " {name: a, law: K, from: known, within: 1h, to: a, source: b}]\n",
         "a is there twice"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config_faults faults = {0};
        struct clock_table table;

        assert_int_equal(clock_table_parse(&table, view_of_text(cases[i].text), "t", &faults),
                         PASU_E_CONFIG);
        assert_int_equal(faults.count, 1);
        assert_string_equal(faults.items[0].text, cases[i].fault);
        config_faults_release(&faults);
        clock_table_release(&table);
    }
}

/* Rules can make a holiday of every day: that is a fault, and no command runs on for ever. */
static void
holidays_that_leave_no_business_day_are_a_fault(void **state PASU_UNUSED)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    char text[16384];
    size_t used = (size_t)snprintf(text, sizeof(text),
                                   "clocks:\n- {name: a, law: K, from: known, business_days: 1, "
                                   "to: a, source: b, holidays: [");
    struct config_faults faults = {0};
    struct clock_table table;

    for (size_t m = 0; m < COUNT_OF(months); m++)
        for (unsigned day = 1; day <= (m == 1                                  ? 29
                                       : m == 3 || m == 5 || m == 8 || m == 10 ? 30
                                                                               : 31);
             day++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %u, ", months[m], day);
    assert_true((size_t)snprintf(text + used, sizeof(text) - used, "2031-01-01]}\n") <
                sizeof(text) - used);
    assert_int_equal(clock_table_parse(&table, view_of_text(text), "t", &faults), PASU_E_CONFIG);
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.items[0].text,
                        "the holidays leave too few business days in four years");
    config_faults_release(&faults);
    clock_table_release(&table);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_run_through_nights_and_holidays),
        cmocka_unit_test(business_days_are_those_of_the_place),
        cmocka_unit_test(federal_holidays_are_computed_for_any_year),
        cmocka_unit_test(a_holiday_is_a_day_a_date_or_a_weekday),
        cmocka_unit_test(a_table_with_faults_says_all_of_them),
        cmocka_unit_test(holidays_that_leave_no_business_day_are_a_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
