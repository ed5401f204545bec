/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of a small town: nobody is accused while nothing is wrong; each kind of attack is found
 * by its detector; and neither how the stream is cut nor the order of a minute changes a byte.
 */
#include "base/error.h"
#include "base/memory.h"
#include "detect/detect.h"
#include "random.h"
#include "unit.h"

#include <math.h>

#define SECOND INT64_C(1000000000)
#define DAY    (86400 * SECOND)
#define START  (INT64_C(20100) * DAY)

enum {
    HOMES = 400,
    OFFICES = 30,
    CLERKS = 24,
    PERSONS = 40000,
    DAYS = 45,
    ATTACK_DAY = 35,
    TOWN_MOST = 500000,
    ATTACKER = 900001,
};

enum { NAME_SUBJECT = 1, NAME_ACCOUNT, NAME_SESSION, NAME_ADDRESS, NAME_ASN, NAME_AGENT };

static uint64_t
name(uint64_t kind, uint64_t number)
{
    struct random r = {.state = kind << 48 ^ (number + 1)};

    (void)random_u64(&r);
    return random_u64(&r) | 1;
}

struct town {
    struct observation *list;
    size_t count;
    struct random r;
};

static struct observation *
add(struct town *t, int64_t time, uint64_t address, uint64_t account)
{
    struct observation *o = &t->list[t->count];

    assert_true(t->count < TOWN_MOST);
    *o = (struct observation){.time = time,
                              .number = NUMBER_NONE,
                              .what = OBSERVED_OTHER,
                              .offset = t->count * 100,
                              .country = 'K' << 8 | 'R',
                              .asn = 10};
    o->who[AXIS_ADDRESS] = name(NAME_ADDRESS, address);
    if (account != 0)
        o->who[AXIS_ACCOUNT] = name(NAME_ACCOUNT, account);
    t->count++;
    return o;
}

static struct observation *
ask(struct town *t, int64_t time, uint64_t address, uint64_t account, uint64_t person)
{
    struct observation *o = add(t, time, address, account);

    o->what = OBSERVED_SHOWN;
    o->number = person;
    o->subject = name(NAME_SUBJECT, person);
    o->fields = 3;
    return o;
}

static struct observation *
miss(struct town *t, int64_t time, uint64_t address, uint64_t account, uint64_t person)
{
    struct observation *o = ask(t, time, address, account, person);

    o->what = OBSERVED_MISS;
    o->fields = 0;
    return o;
}

static void
log_in(struct town *t, int64_t time, uint64_t address, uint64_t account)
{
    add(t, time, address, account)->what = OBSERVED_LOGIN;
}

static int64_t
some_time(struct town *t, int64_t day, unsigned from, unsigned to)
{
    return day + (int64_t)from * 3600 * SECOND +
           (int64_t)random_below(&t->r, (to - from) * 3600) * SECOND;
}

/* Members read themselves from home, families share an address, clerks read others in offices. */
static void
live_day(struct town *t, int64_t day)
{
    for (uint64_t home = 0; home < HOMES; home++) {
        int64_t at = some_time(t, day, 8, 22);
        uint64_t member = 1 + home * 3 + random_below(&t->r, 3);

        if (random_below(&t->r, 3) > 0)
            continue;
        log_in(t, at, 1000 + home, member);
        for (unsigned page = 0; page < 4; page++)
            (void)add(t, at + page * SECOND, 1000 + home, member);
        (void)ask(t, at + 5 * SECOND, 1000 + home, member, member);
    }
    for (uint64_t office = 0; office < OFFICES; office++)
        for (uint64_t visits = 4 + random_below(&t->r, 8); visits > 0; visits--) {
            int64_t at = some_time(t, day, 9, 18);
            uint64_t member = 2000 + office * 400 + random_below(&t->r, 400);

            log_in(t, at, 2000 + office, member);
            (void)add(t, at + SECOND, 2000 + office, member);
            if (random_below(&t->r, 30) == 0)
                (void)miss(t, at + 2 * SECOND, 2000 + office, member, 1000000 + member);
            (void)ask(t, at + 3 * SECOND, 2000 + office, member, member);
        }
    for (uint64_t clerk = 0; clerk < CLERKS; clerk++) {
        log_in(t, day + 8 * 3600 * SECOND, 3000 + clerk, 500000 + clerk);
        for (uint64_t reads = 60 + clerk + random_below(&t->r, 30); reads > 0; reads--) {
            int64_t at = some_time(t, day, 9, 18);

            (void)add(t, at, 3000 + clerk, 500000 + clerk);
            (void)ask(t, at + SECOND, 3000 + clerk, 500000 + clerk,
                      1 + random_below(&t->r, PERSONS));
        }
    }
}

static int
by_time(const void *a, const void *b)
{
    const struct observation *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

typedef void attack(struct town *t, int64_t day);

static struct town
make_town(uint64_t seed, attack *a)
{
    struct town t = {.r = {.state = seed}};

    assert_non_null(t.list = memory_new(TOWN_MOST, sizeof(*t.list)));
    for (int day = 0; day < DAYS; day++) {
        size_t before = t.count;

        live_day(&t, START + day * DAY);
        if (a != NULL && day >= ATTACK_DAY) {
            before = t.count;
            a(&t, START + day * DAY);
            for (size_t i = before; i < t.count; i++)
                t.list[i].file = 7;
        }
    }
    qsort(t.list, t.count, sizeof(*t.list), by_time);
    return t;
}

static struct detect *
open_detect(size_t memory)
{
    struct detect_options options = {.memory = memory, .secret = "0123456789abcde"};
    struct detect *d;

    assert_int_equal(detect_open(&d, &options), 0);
    return d;
}

/* The finding about that principal by that detector, or NULL. */
static const struct finding *
find(const struct detect_report *report, enum detector detector, uint64_t who)
{
    for (size_t i = 0; i < report->finding_count; i++)
        for (size_t j = 0; j < report->findings[i].principals; j++)
            if (report->findings[i].detector == detector &&
                report->findings[i].principal[j].who == who)
                return &report->findings[i];
    return NULL;
}

static void
print(const struct detect_report *report)
{
    char why[DETECT_TEXT];

    for (size_t i = 0; i < report->finding_count; i++) {
        const struct finding *f = &report->findings[i];

        (void)finding_why(f, why);
        print_message("%s %s x%u e %.1f fused %.1f: %s\n", detector_name(f->detector),
                      axis_name(f->principal[0].axis), f->together, f->log10_e, f->log10_fused,
                      why);
    }
}

struct story {
    struct town town;
    struct detect *d;
    struct detect_report report;
};

static void
tell(struct story *s, uint64_t seed, attack *a)
{
    s->town = make_town(seed, a);
    s->d = open_detect(DETECT_MEMORY_MIN * 8);
    assert_int_equal(detect_add(s->d, s->town.list, s->town.count), 0);
    assert_int_equal(detect_findings(s->d, &s->report), 0);
}

static void
end(struct story *s)
{
    detect_close(s->d);
    memory_free(s->town.list);
}

/* Who is accused, and by what; evidence is of the attack alone, and what is counted is too. */
static const struct finding *
expect(const struct story *s, enum detector detector, uint64_t who)
{
    const struct finding *f = find(&s->report, detector, who);
    char why[DETECT_TEXT];

    if (f == NULL)
        print(&s->report);
    assert_non_null(f);
    assert_true(f->first >= START + ATTACK_DAY * DAY);
    assert_true(f->last < START + DAYS * DAY);
    assert_true(f->at_least <= f->about && f->about <= f->at_most);
    assert_true(f->log10_fused > 3);
    assert_true(finding_why(f, why) > 30);
    assert_int_equal(strlen(why), finding_why(f, why));
    return f;
}

/* ---- nothing is wrong ---- */

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

static void
guess(struct town *t, int64_t day)
{
    for (unsigned i = 0; i < 60; i++) {
        int64_t at = some_time(t, day, 0, 24);
        uint64_t person = 1 + random_below(&t->r, PERSONS);

        if (i % 7 < 3)
            (void)ask(t, at, ATTACKER, 0, person);
        else
            (void)miss(t, at, ATTACKER, 0, 5000000 + person);
    }
}

static void
test_guessed_persons_are_misses(void **state)
{
    struct story s;
    const struct finding *f;

    (void)state;
    tell(&s, 11, guess);
    f = expect(&s, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER));
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

static void
test_names_are_those_of_the_list(void **state)
{
    (void)state;
    assert_string_equal(detector_name(DETECTOR_COVERAGE), "coverage");
    assert_string_equal(detector_name(DETECTOR_WAKING), "waking");
    assert_string_equal(detector_name(DETECTOR_TILING), "tiling");
    assert_string_equal(axis_name(AXIS_ASN), "asn");
    for (size_t i = 0; i < DETECTOR_COUNT; i++)
        assert_true(strlen(detector_text((enum detector)i)) > 20);
}

/* ---- what must not matter ---- */

static void
assert_same(const struct detect_report *a, const struct detect_report *b)
{
    assert_int_equal(a->finding_count, b->finding_count);
    for (size_t i = 0; i < a->finding_count; i++)
        assert_memory_equal(&a->findings[i], &b->findings[i], sizeof(a->findings[i]));
    assert_int_equal(a->observations, b->observations);
    assert_int_equal(a->principals, b->principals);
    assert_int_equal(a->tested, b->tested);
    assert_true(a->threshold == b->threshold);
}

static void
test_how_the_stream_is_cut_changes_nothing(void **state)
{
    struct story s;
    struct detect *d = open_detect(DETECT_MEMORY_MIN * 8);
    struct detect_report report;
    struct random r = {.state = 99};

    (void)state;
    tell(&s, 19, guess);
    for (size_t at = 0; at < s.town.count;) {
        size_t some = 1 + random_below(&r, 5000);

        some = some < s.town.count - at ? some : s.town.count - at;
        assert_int_equal(detect_add(d, s.town.list + at, some), 0);
        at += some;
    }
    assert_int_equal(detect_findings(d, &report), 0);
    assert_same(&s.report, &report);
    detect_close(d);
    end(&s);
}

static void
test_asking_in_between_changes_nothing_but_when_it_is_found(void **state)
{
    struct story s;
    struct detect *d = open_detect(DETECT_MEMORY_MIN * 8);
    struct detect_report report;

    (void)state;
    tell(&s, 20, guess);
    for (size_t at = 0; at < s.town.count; at++) {
        assert_int_equal(detect_add(d, s.town.list + at, 1), 0);
        if (at % 5000 == 0)
            assert_int_equal(detect_findings(d, &report), 0);
    }
    assert_int_equal(detect_findings(d, &report), 0);
    assert_non_null(find(&report, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER)));
    assert_int_equal(find(&report, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER))->reads,
                     find(&s.report, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER))->reads);
    detect_close(d);
    end(&s);
}

static void
test_late_observations_are_taken_and_counted(void **state)
{
    struct story s;
    struct detect_report report;

    (void)state;
    tell(&s, 21, NULL);
    assert_int_equal(detect_add(s.d, s.town.list, 10), 0);
    assert_int_equal(detect_findings(s.d, &report), 0);
    assert_int_equal(report.late, 10);
    assert_int_equal(report.observations, s.town.count + 10);
    end(&s);
}

/* ---- limits ---- */

/* A flood of addresses that come once does not push out who is suspicious, nor take more memory. */
static void
test_memory_is_bounded_and_it_is_said_what_was_forgotten(void **state)
{
    struct town t = make_town(22, guess);
    struct detect *d = open_detect(DETECT_MEMORY_MIN);
    struct detect_report report;
    uint64_t flood = 10000000;

    (void)state;
    for (size_t i = 0; i < t.count; i++) {
        assert_int_equal(detect_add(d, &t.list[i], 1), 0);
        for (unsigned j = 0; j < 20; j++) {
            struct observation o = {.time = t.list[i].time,
                                    .what = OBSERVED_SHOWN,
                                    .subject = name(NAME_SUBJECT, flood),
                                    .number = NUMBER_NONE};

            o.who[AXIS_ADDRESS] = name(NAME_ADDRESS, flood++);
            assert_int_equal(detect_add(d, &o, 1), 0);
        }
    }
    assert_int_equal(detect_findings(d, &report), 0);
    assert_true(report.forgotten > 0);
    assert_true(report.memory <= DETECT_MEMORY_MIN);
    assert_non_null(find(&report, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER)));
    detect_close(d);
    memory_free(t.list);
}

static bool
says(const struct detect_report *report, enum detector detector)
{
    for (size_t i = 0; i < report->untestable_count; i++)
        if (report->untestable[i].detector == detector)
            return strlen(report->untestable[i].reason) > 10;
    return false;
}

/* What a log without these fields cannot tell it says, and what it has them for it does not. */
static void
test_what_lacks_its_fields_is_untestable(void **state)
{
    struct town t = make_town(23, NULL);
    struct detect *d = open_detect(DETECT_MEMORY_MIN * 8);
    struct detect_report report;

    (void)state;
    assert_int_equal(detect_findings(d, &report), 0);
    assert_int_equal(report.untestable_count, DETECTOR_COUNT);
    for (size_t i = 0; i < t.count; i++) {
        struct observation o = t.list[i];

        if (o.what == OBSERVED_LOGIN || o.what == OBSERVED_OTHER || o.what == OBSERVED_MISS)
            continue;
        o.who[AXIS_ACCOUNT] = 0;
        o.number = NUMBER_NONE;
        o.asn = o.country = 0;
        assert_int_equal(detect_add(d, &o, 1), 0);
    }
    assert_int_equal(detect_findings(d, &report), 0);
    assert_true(says(&report, DETECTOR_SUCCESSOR) && says(&report, DETECTOR_DRIFT));
    assert_true(says(&report, DETECTOR_FANOUT) && says(&report, DETECTOR_ORPHAN));
    assert_true(says(&report, DETECTOR_MISSES) && says(&report, DETECTOR_NOVELTY));
    assert_true(says(&report, DETECTOR_WAKING));
    assert_false(says(&report, DETECTOR_COVERAGE) || says(&report, DETECTOR_GROWTH));
    detect_close(d);
    memory_free(t.list);
}

static void
test_wrong_options_and_observations_are_refused(void **state)
{
    struct detect_options options = {.memory = DETECT_MEMORY_MIN - 1};
    struct observation o = {.time = START, .what = OBSERVED_COUNT};
    struct detect *d;

    (void)state;
    assert_int_equal(detect_open(&d, &options), PASU_E_RANGE);
    options = (struct detect_options){.memory = DETECT_MEMORY_MIN, .q = 1};
    assert_int_equal(detect_open(&d, &options), PASU_E_RANGE);
    d = open_detect(DETECT_MEMORY_MIN);
    assert_int_equal(detect_add(d, &o, 1), PASU_E_MALFORMED);
    o = (struct observation){.time = -1, .what = OBSERVED_OTHER};
    assert_int_equal(detect_add(d, &o, 1), PASU_E_MALFORMED);
    detect_close(d);
    detect_close(NULL);
}

static void
test_no_memory_is_an_error_and_nothing_else(void **state)
{
    struct town t = make_town(24, NULL);
    struct detect_options options = {.memory = DETECT_MEMORY_MIN * 8};
    const uint64_t before = memory_allocations();
    struct detect_report report;
    struct detect *d = open_detect(options.memory);
    uint64_t all;

    (void)state;
    t.count /= 5; /* nine days, so that a week is judged */
    assert_int_equal(detect_add(d, t.list, t.count), 0);
    assert_int_equal(detect_findings(d, &report), 0);
    all = memory_allocations() - before;
    detect_close(d);
    for (uint64_t nth = 1; nth <= all; nth += 1 + all / 40) {
        int r;

        memory_fail_at(nth);
        r = detect_open(&d, &options);
        if (r == 0) {
            r = detect_add(d, t.list, t.count);
            if (r == 0)
                r = detect_findings(d, &report);
            detect_close(d);
        }
        assert_int_equal(r, PASU_E_NOMEM);
        memory_fail_at(0);
    }
    memory_free(t.list);
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
        cmocka_unit_test(test_names_are_those_of_the_list),
        cmocka_unit_test(test_how_the_stream_is_cut_changes_nothing),
        cmocka_unit_test(test_asking_in_between_changes_nothing_but_when_it_is_found),
        cmocka_unit_test(test_late_observations_are_taken_and_counted),
        cmocka_unit_test(test_memory_is_bounded_and_it_is_said_what_was_forgotten),
        cmocka_unit_test(test_what_lacks_its_fields_is_untestable),
        cmocka_unit_test(test_wrong_options_and_observations_are_refused),
        cmocka_unit_test(test_no_memory_is_an_error_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
