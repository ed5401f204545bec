/* SPDX-License-Identifier: Apache-2.0 */
/* Who was always unlike the others, who acts as they never did, and streams that have no past. */
#include "detect_town.h"

enum { MANY_READS = 1000, NIGHT_READS = 12 };

#define OFFICE(t) name(NAME_ADDRESS, 3000 + (t))

/* All who read others use one program, from one network. */
static void
put_in_one_office(struct town *t)
{
    for (size_t i = 0; i < t->count; i++)
        for (uint64_t clerk = 0; clerk <= CLERKS; clerk++)
            if (t->list[i].who[AXIS_ADDRESS] == OFFICE(clerk)) {
                t->list[i].who[AXIS_AGENT] = name(NAME_AGENT, 1);
                t->list[i].who[AXIS_ASN] = name(NAME_ASN, 1);
            }
}

static void
judge(struct story *s)
{
    s->d = open_detect(DETECT_MEMORY_MIN * 8);
    assert_int_equal(detect_add(s->d, s->town.list, s->town.count), 0);
    assert_int_equal(detect_findings(s->d, &s->report), 0);
}

/* ---- coverage ---- */

static void
read_too_many(struct town *t, int64_t day)
{
    log_in(t, day + 8 * 3600 * SECOND, 3000 + CLERKS, ATTACKER);
    for (unsigned i = 0; i < MANY_READS; i++) {
        int64_t at = some_time(t, day, 9, 18);

        (void)add(t, at, 3000 + CLERKS, ATTACKER);
        (void)ask(t, at + SECOND, 3000 + CLERKS, ATTACKER, 1 + random_below(&t->r, PERSONS));
    }
}

static void
test_who_reads_many_times_their_peers_from_the_first_day_is_coverage(void **state)
{
    struct story s = {.town = make_town_since(21, read_too_many, 0)};
    const struct finding *f;

    (void)state;
    put_in_one_office(&s.town);
    judge(&s);
    f = find(&s.report, DETECTOR_COVERAGE, name(NAME_ACCOUNT, ATTACKER));
    if (f == NULL)
        print(&s.report);
    assert_non_null(f);
    assert_true(f->statistic > 6);            /* times the median of its peers */
    assert_true(f->number[0] > f->number[2]); /* more than any of them */
    assert_true(f->number[1] > 2500 && f->number[1] < 4500);
    assert_true(f->at_least >= 4096 && f->at_least <= f->at_most);
    assert_int_equal(f->fields, 3);
    assert_true(f->places > 0 && f->place[0].file == 7);
    /* None of the peers. */
    for (uint64_t clerk = 0; clerk < CLERKS; clerk++)
        assert_null(find(&s.report, DETECTOR_COVERAGE, name(NAME_ACCOUNT, 500000 + clerk)));
    end(&s);
    s.town = make_town_since(21, NULL, 0);
    put_in_one_office(&s.town);
    judge(&s);
    print(&s.report);
    assert_int_equal(s.report.finding_count, 0);
    end(&s);
}

/* ---- novelty ---- */

/* A clerk's account is used from abroad, while the clerk works. */
static void
use_from_abroad(struct town *t, int64_t day)
{
    for (unsigned i = 0; i < 20; i++) {
        size_t at = t->count;

        (void)ask(t, some_time(t, day, 9, 18), 9001, 500003, 1 + random_below(&t->r, PERSONS));
        t->list[at].country = 'H' << 8 | 'K';
        t->list[at].asn = 77;
    }
}

static void
test_two_countries_within_an_hour_are_novelty(void **state)
{
    struct story s;
    const struct finding *f;
    char why[DETECT_TEXT];

    (void)state;
    tell(&s, 22, use_from_abroad);
    f = expect(&s, DETECTOR_NOVELTY, name(NAME_ACCOUNT, 500003));
    (void)finding_why(f, why);
    assert_non_null(strstr(why, "a new country"));
    assert_non_null(strstr(why, "two countries within an hour"));
    end(&s);
}

/* ---- waking ---- */

static void
read_at_night(struct town *t, int64_t day)
{
    for (unsigned i = 0; i < NIGHT_READS; i++)
        (void)ask(t, some_time(t, day, 1, 4), 3003, 500003, 1 + random_below(&t->r, PERSONS));
}

static void
test_reads_at_night_of_who_never_did_are_waking(void **state)
{
    struct story s;
    const struct finding *f;

    (void)state;
    tell(&s, 23, read_at_night);
    f = expect(&s, DETECTOR_WAKING, name(NAME_ACCOUNT, 500003));
    assert_true(f->number[1] >= 2); /* hours in which it never had */
    end(&s);
}

static void
test_an_account_that_sleeps_and_wakes_at_night_is_waking(void **state)
{
    struct story s = {.town = make_town_since(24, read_at_night, 43)};
    const struct finding *f;
    size_t kept = 0;

    (void)state;
    /* The clerk is there for eleven days. */
    for (size_t i = 0; i < s.town.count; i++)
        if (s.town.list[i].who[AXIS_ACCOUNT] != name(NAME_ACCOUNT, 500003) ||
            s.town.list[i].file == 7 || s.town.list[i].time < START + 11 * DAY)
            s.town.list[kept++] = s.town.list[i];
    s.town.count = kept;
    judge(&s);
    f = find(&s.report, DETECTOR_WAKING, name(NAME_ACCOUNT, 500003));
    if (f == NULL)
        print(&s.report);
    assert_non_null(f);
    assert_true(f->number[0] >= 32 || f->number[0] <= 1); /* days of silence, on either night */
    assert_true(f->first >= START + 43 * DAY);
    end(&s);
}

/* ---- less than a day ---- */

static void
dump_at_eleven(struct town *t, int64_t day)
{
    if (day == START)
        for (unsigned i = 0; i < 3000; i++)
            (void)ask(t, day + 11 * 3600 * SECOND + i * (SECOND / 50), 3003, 500003,
                      1 + random_below(&t->r, PERSONS));
}

/* Up to a minute past eleven of the first day. */
static void
tell_morning(struct story *s, attack *a)
{
    s->town = make_town_since(25, a, 0);
    while (s->town.list[s->town.count - 1].time >= START + (11 * 60 + 1) * 60 * SECOND)
        s->town.count--;
    judge(s);
}

static void
test_a_dump_in_a_log_of_a_morning_is_growth(void **state)
{
    struct story s;
    const struct finding *f;
    char why[DETECT_TEXT];
    bool said = false;

    (void)state;
    tell_morning(&s, dump_at_eleven);
    f = find(&s.report, DETECTOR_GROWTH, name(NAME_ADDRESS, 3003));
    if (f == NULL)
        print(&s.report);
    assert_non_null(f);
    (void)finding_why(f, why);
    assert_non_null(strstr(why, "in the first day"));
    assert_true(f->number[2] > 2900 && f->number[3] < 5);
    assert_true(f->places > 0 && f->at_least > 250);
    /* That nobody has a past is said all the same. */
    for (size_t i = 0; i < s.report.untestable_count; i++)
        said |= s.report.untestable[i].detector == DETECTOR_COVERAGE;
    assert_true(said);
    end(&s);
    tell_morning(&s, NULL);
    print(&s.report);
    assert_int_equal(s.report.finding_count, 0);
    end(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_reads_many_times_their_peers_from_the_first_day_is_coverage),
        cmocka_unit_test(test_two_countries_within_an_hour_are_novelty),
        cmocka_unit_test(test_reads_at_night_of_who_never_did_are_waking),
        cmocka_unit_test(test_an_account_that_sleeps_and_wakes_at_night_is_waking),
        cmocka_unit_test(test_a_dump_in_a_log_of_a_morning_is_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
