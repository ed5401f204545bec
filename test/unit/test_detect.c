/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of a small town: nobody is accused while nothing is wrong; each kind of attack is found
 * by its detector; and neither how the stream is cut nor the order of a minute changes a byte.
 */
#include "detect_town.h"

static void
test_nobody_is_accused_while_nothing_is_wrong(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct story s;

        tell(&s, seed, NULL);
        print(&s.report);
        assert_int_equal(s.report.finding_count, 0);
        assert_true(s.report.tested > 50);
        assert_int_equal(s.report.observations, s.town.count);
        assert_int_equal(s.report.late, 0);
        assert_int_equal(s.report.forgotten, 0);
        end(&s);
    }
}

/* ---- attacks ---- */

/* When that address asked first. */
static int64_t
first_of(const struct town *town, uint64_t address)
{
    size_t i = 0;

    while (i < town->count && town->list[i].who[AXIS_ADDRESS] != address)
        i++;
    assert_true(i < town->count);
    return town->list[i].time;
}

static void
test_guessed_persons_are_misses(void **state)
{
    struct story s;
    const struct finding *f;

    (void)state;
    tell(&s, 11, guess);
    f = expect(&s, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER));
    assert_true(f->first == first_of(&s.town, name(NAME_ADDRESS, ATTACKER)));
    assert_int_equal(f->together, 1);
    assert_true(f->statistic > 0.5 && f->statistic < 0.75);
    assert_int_equal(f->places, FINDING_PLACES);
    for (size_t i = 0; i < f->places; i++)
        assert_int_equal(f->place[i].file, 7);
    /* All of it, and nothing else: 10 days, 60 a day, in sevens with 3 persons, 4 misses. */
    assert_int_equal(f->reads, 10 * (60 / 7 * 3 + 3));
    assert_int_equal(f->misses, 10 * 60 - f->reads);
    assert_true(f->at_least > f->reads * 9 / 10 && f->at_least <= f->reads);
    assert_int_equal(f->fields, 3);
    assert_true(f->found < START + (ATTACK_DAY + 1) * DAY); /* on the first day */
    end(&s);
}

static uint64_t walked;

static void
walk_alone(struct town *t, int64_t day)
{
    if (day == START + ATTACK_DAY * DAY)
        walked = 100;
    for (unsigned i = 0; i < 100; i++)
        (void)ask(t, day + i * 600 * SECOND, ATTACKER, 0, walked++);
}

static void
test_a_walk_in_order_is_a_drift(void **state)
{
    struct story s;
    const struct finding *f;

    (void)state;
    tell(&s, 12, walk_alone);
    f = expect(&s, DETECTOR_DRIFT, name(NAME_ADDRESS, ATTACKER));
    /* 100 in order: z = √99. */
    assert_true(fabs(f->statistic - sqrt(99)) < 0.01);
    assert_true(f->number[1] > 0.999);
    end(&s);
}

/* One in ten of what a clerk reads is a walk; alone it would be too short for an order to show. */
static void
walk_hidden(struct town *t, int64_t day)
{
    if (day == START + ATTACK_DAY * DAY)
        walked = 20000;
    for (unsigned i = 0; i < 12; i++)
        (void)ask(t, day + (10 * 60 + i * 30) * 60 * SECOND, 3005, 500005, walked++);
}

static void
test_a_walk_hidden_among_other_reads_is_a_successor(void **state)
{
    struct story s;

    (void)state;
    tell(&s, 13, walk_hidden);
    (void)expect(&s, DETECTOR_SUCCESSOR, name(NAME_ACCOUNT, 500005));
    assert_null(find(&s.report, DETECTOR_SUCCESSOR, name(NAME_ACCOUNT, 500006)));
    end(&s);
}

/* Each request with the token of the member it is about, who has logged in elsewhere lately: but
 * for the number of accounts it looks like a home. */
static void
fan_out(struct town *t, int64_t day)
{
    for (unsigned i = 0; i < 400; i++) {
        uint64_t member = 14000 + random_below(&t->r, 20000);
        int64_t at = some_time(t, day, 8, 22);

        log_in(t, at, ATTACKER, member);
        for (unsigned page = 1; page < 4; page++)
            (void)add(t, at + page * SECOND, ATTACKER, member);
        (void)ask(t, at + 5 * SECOND, ATTACKER, member, member);
    }
}

static void
test_an_address_that_acts_for_many_accounts_fans_out(void **state)
{
    struct story s;

    (void)state;
    tell(&s, 14, fan_out);
    (void)expect(&s, DETECTOR_FANOUT, name(NAME_ADDRESS, ATTACKER));
    end(&s);
}

/* A forged token: no login, no pages. */
static void
forge(struct town *t, int64_t day)
{
    for (unsigned i = 0; i < 25; i++) {
        uint64_t member = 600000 + random_below(&t->r, 20000);

        (void)ask(t, some_time(t, day, 8, 22), ATTACKER, member, 1 + random_below(&t->r, PERSONS));
    }
}

static void
test_reads_without_a_login_are_orphans(void **state)
{
    struct story s;
    const struct finding *f;

    (void)state;
    tell(&s, 15, forge);
    f = expect(&s, DETECTOR_ORPHAN, name(NAME_ADDRESS, ATTACKER));
    assert_true(f->statistic == 1);
    assert_true(f->found < START + (ATTACK_DAY + 1) * DAY);
    end(&s);
}

static void
dump(struct town *t, int64_t day)
{
    if (day != START + ATTACK_DAY * DAY)
        return;
    for (unsigned i = 0; i < 3000; i++)
        (void)ask(t, day + 11 * 3600 * SECOND + i * (SECOND / 50), 3003, 500003,
                  1 + random_below(&t->r, PERSONS));
}

static void
test_a_dump_is_growth_within_a_minute_of_it(void **state)
{
    struct story s;
    const struct finding *f;
    size_t minute = 0;

    (void)state;
    tell(&s, 16, dump);
    f = expect(&s, DETECTOR_GROWTH, name(NAME_ACCOUNT, 500003));
    assert_int_equal(f->number[2], 3000);
    detect_close(s.d);
    /* Asked a minute after it began, not at the full hour. */
    s.d = open_detect(DETECT_MEMORY_MIN * 8);
    while (s.town.list[minute].time < START + ATTACK_DAY * DAY + (11 * 60 + 1) * 60 * SECOND)
        minute++;
    assert_int_equal(detect_add(s.d, s.town.list, minute), 0);
    assert_int_equal(detect_findings(s.d, &s.report), 0);
    (void)expect(&s, DETECTOR_GROWTH, name(NAME_ACCOUNT, 500003));
    end(&s);
}

/* Ten newcomers go through all persons, each its own share of them. */
static void
share_out(struct town *t, int64_t day)
{
    unsigned turn = (unsigned)((day - START) / DAY - ATTACK_DAY);

    for (uint64_t clerk = 0; clerk < 10; clerk++) {
        log_in(t, day + 8 * 3600 * SECOND, 4000 + clerk, 700000 + clerk);
        for (unsigned i = 0; i < 160; i++) {
            int64_t at = some_time(t, day, 9, 18);

            (void)add(t, at, 4000 + clerk, 700000 + clerk);
            (void)ask(t, at + SECOND, 4000 + clerk, 700000 + clerk,
                      1 + (turn * 160 + i) * 1237 % 4000 * 10 + clerk);
        }
    }
}

static void
test_who_share_the_persons_out_tile(void **state)
{
    struct story s;
    const struct finding *f;

    (void)state;
    tell(&s, 18, share_out);
    f = find(&s.report, DETECTOR_TILING, name(NAME_ACCOUNT, 700000));
    /* After a week they have 1,120 of 40,000 each: two would have 31 in common by chance. */
    if (f == NULL)
        print(&s.report);
    assert_non_null(f);
    assert_true(f->number[0] >= 8);
    assert_int_equal(f->number[2], 0);
    end(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_is_accused_while_nothing_is_wrong),
        cmocka_unit_test(test_guessed_persons_are_misses),
        cmocka_unit_test(test_a_walk_in_order_is_a_drift),
        cmocka_unit_test(test_a_walk_hidden_among_other_reads_is_a_successor),
        cmocka_unit_test(test_an_address_that_acts_for_many_accounts_fans_out),
        cmocka_unit_test(test_reads_without_a_login_are_orphans),
        cmocka_unit_test(test_a_dump_is_growth_within_a_minute_of_it),
        cmocka_unit_test(test_who_share_the_persons_out_tile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
