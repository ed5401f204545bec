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
         "a holiday is no day"},
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_run_through_nights_and_holidays),
        cmocka_unit_test(business_days_are_those_of_the_place),
        cmocka_unit_test(a_table_with_faults_says_all_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
