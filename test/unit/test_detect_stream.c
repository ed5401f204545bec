/* SPDX-License-Identifier: Apache-2.0 */
/* The same stream gives the same findings however it is cut; what cannot be tested is said. */
#include "detect_town.h"

enum { FLOOD = 300000 };

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

static int
compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int
by_time_and_who(const void *one, const void *other)
{
    const struct observation *a = one, *b = other;
    int order = compare_u64((uint64_t)a->time, (uint64_t)b->time);

    for (size_t axis = 0; axis < AXIS_COUNT && order == 0; axis++)
        order = compare_u64(a->who[axis], b->who[axis]);
    return order != 0 ? order : compare_u64(a->offset, b->offset);
}

/* As the rows of large results do. */
static void
test_many_persons_that_one_asks_for_at_once_count_as_one_by_one(void **state)
{
    struct story s;
    struct detect *together = open_detect(DETECT_MEMORY_MIN * 8),
                  *apart = open_detect(DETECT_MEMORY_MIN * 8);
    struct detect_report report, other;
    size_t runs = 0;

    (void)state;
    tell(&s, 21, guess);
    for (size_t i = 0; i < s.town.count; i++) {
        struct observation *o = &s.town.list[i];

        o->time -= o->time % (3600 * SECOND);
        o->kind = o->subject >> 17 & 1;
        if (o->what == OBSERVED_SHOWN && o->subject % 100 == 0)
            o->what = OBSERVED_BOUND;
    }
    qsort(s.town.list, s.town.count, sizeof(*s.town.list), by_time_and_who);
    assert_int_equal(detect_add(together, s.town.list, s.town.count), 0);
    for (size_t i = 0; i < s.town.count; i++) {
        runs += i > 0 && s.town.list[i].who[AXIS_ADDRESS] == s.town.list[i - 1].who[AXIS_ADDRESS];
        assert_int_equal(detect_add(apart, s.town.list + i, 1), 0);
    }
    assert_true(runs > s.town.count / 10);
    assert_int_equal(detect_findings(together, &report), 0);
    assert_int_equal(detect_findings(apart, &other), 0);
    assert_true(report.finding_count > 0);
    assert_same(&report, &other);
    assert_int_equal(report.untestable_count, other.untestable_count);
    detect_close(together);
    detect_close(apart);
    end(&s);
}

static uint64_t walked;

/* Each step at the same time as a read of another kind, of which there are two. */
static void
walk_beside_another_kind(struct town *t, int64_t day)
{
    if (day == START + ATTACK_DAY * DAY)
        walked = 100;
    for (unsigned i = 0; i < 100; i++) {
        int64_t at = day + i * 600 * SECOND;

        ask(t, at, ATTACKER, 0, i % 2)->kind = 1;
        (void)ask(t, at, ATTACKER, 0, walked++);
    }
}

static void
test_a_number_is_one_of_its_own_kind(void **state)
{
    struct story s;

    (void)state;
    tell(&s, 12, walk_beside_another_kind);
    (void)expect(&s, DETECTOR_DRIFT, name(NAME_ADDRESS, ATTACKER));
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
    char text[DETECT_TEXT];

    (void)state;
    assert_int_equal(detect_findings(d, &report), 0);
    assert_int_equal(detect_approximate(&report, text), 0); /* nothing is */
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
    assert_true(detect_approximate(&report, text) > 0);
    assert_non_null(strstr(text, "forgotten"));
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

/* Nobody else reads as many, so that it is not known what order is usual: that is said, too. */
static void
test_a_walk_without_peers_is_untestable(void **state)
{
    struct detect *d = open_detect(DETECT_MEMORY_MIN * 8);
    struct town t = {.list = memory_new(TOWN_MOST, sizeof(*t.list)), .r = {.state = 3}};
    struct detect_report report;

    (void)state;
    for (int64_t day = 0; day < 20; day++) {
        for (uint64_t clerk = 1; clerk < 10; clerk++)
            for (int64_t i = 0; i < 30; i++)
                (void)ask(&t, START + day * DAY + i * 600 * SECOND, clerk, clerk,
                          1 + random_below(&t.r, PERSONS));
        for (int64_t i = 0; i < 70 && day > 10; i++)
            (void)ask(&t, START + day * DAY + (20000 + i * 60) * SECOND, ATTACKER, ATTACKER,
                      (uint64_t)(1 + day * 70 + i));
        if (day == 10) {
            assert_int_equal(detect_add(d, t.list, t.count), 0);
            assert_int_equal(detect_findings(d, &report), 0);
            assert_false(says(&report, DETECTOR_SUCCESSOR) || says(&report, DETECTOR_DRIFT));
            t.count = 0;
        }
    }
    assert_int_equal(detect_add(d, t.list, t.count), 0);
    assert_int_equal(detect_findings(d, &report), 0);
    assert_true(says(&report, DETECTOR_SUCCESSOR) && says(&report, DETECTOR_DRIFT));
    detect_close(d);
    memory_free(t.list);
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

/* ---- what is chosen ---- */

static void
tell_with(struct detect_options options, const struct town *t, struct detect **d,
          struct detect_report *report)
{
    options.memory = DETECT_MEMORY_MIN * 8;
    assert_int_equal(detect_open(d, &options), 0);
    assert_int_equal(detect_add(*d, t->list, t->count), 0);
    assert_int_equal(detect_findings(*d, report), 0);
}

static bool
finds(const struct detect_report *report, enum detector detector)
{
    for (size_t i = 0; i < report->finding_count; i++)
        if (report->findings[i].detector == detector)
            return true;
    return false;
}

static void
test_who_is_off_does_not_judge_and_says_so(void **state)
{
    const uint32_t off = 1U << DETECTOR_MISSES | 1U << DETECTOR_COVERAGE | 1U << DETECTOR_TILING;
    struct town t = make_town(19, guess);
    struct detect_report report;
    struct detect *d;

    (void)state;
    tell_with((struct detect_options){0}, &t, &d, &report);
    assert_true(finds(&report, DETECTOR_MISSES));
    detect_close(d);
    tell_with((struct detect_options){.off = off}, &t, &d, &report);
    assert_false(finds(&report, DETECTOR_MISSES));
    for (size_t i = 0; i < report.untestable_count; i++)
        if ((off >> report.untestable[i].detector & 1) != 0)
            assert_string_equal(report.untestable[i].reason, "it is switched off");
    assert_true(says(&report, DETECTOR_MISSES) && says(&report, DETECTOR_COVERAGE));
    assert_true(says(&report, DETECTOR_TILING));
    detect_close(d);
    memory_free(t.list);
}

static void
test_principals_of_other_axes_are_not_judged(void **state)
{
    struct town t = make_town(19, guess);
    struct detect_report report;
    struct detect *d;

    (void)state;
    tell_with((struct detect_options){.axes = 1U << AXIS_ACCOUNT}, &t, &d, &report);
    for (size_t i = 0; i < report.finding_count; i++)
        assert_int_equal(report.findings[i].principal[0].axis, AXIS_ACCOUNT);
    assert_null(find(&report, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER)));
    detect_close(d);
    tell_with((struct detect_options){.axes = 1U << AXIS_ADDRESS}, &t, &d, &report);
    assert_non_null(find(&report, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER)));
    detect_close(d);
    memory_free(t.list);
}

static void
test_a_bound_on_false_findings_makes_it_harder(void **state)
{
    struct town t = make_town(19, guess);
    struct detect_report with, without;
    struct detect *d, *e;

    (void)state;
    tell_with((struct detect_options){.q = 0.5}, &t, &d, &without);
    tell_with((struct detect_options){.q = 0.5, .false_a_year = 1e-250}, &t, &e, &with);
    assert_true(without.finding_count > 0);
    assert_int_equal(with.finding_count, 0);
    assert_true(with.threshold > 250);
    detect_close(d);
    detect_close(e);
    memory_free(t.list);
}

static void
guess_once(struct town *t, int64_t day)
{
    if (day == START + (int64_t)ATTACK_DAY * DAY)
        guess(t, day);
}

static void
test_who_was_not_seen_for_days_is_published_no_more(void **state)
{
    struct town t = make_town(19, guess_once);
    struct detect_report report;
    struct detect *d;

    (void)state;
    tell_with((struct detect_options){.settle = DAYS}, &t, &d, &report);
    assert_non_null(find(&report, DETECTOR_ORPHAN, name(NAME_ADDRESS, ATTACKER)));
    detect_close(d);
    tell_with((struct detect_options){.settle = 5}, &t, &d, &report);
    assert_null(find(&report, DETECTOR_ORPHAN, name(NAME_ADDRESS, ATTACKER)));
    detect_close(d);
    memory_free(t.list);
}

/* So many addresses that ask for nobody, that not all can be counted. */
static void
flood_requests(struct detect *d, int64_t time)
{
    for (uint64_t i = 0; i < FLOOD; i++) {
        struct observation o = {.time = time, .number = NUMBER_NONE, .what = OBSERVED_OTHER};

        o.who[AXIS_ADDRESS] = name(NAME_ADDRESS, 20000000 + i);
        assert_int_equal(detect_add(d, &o, 1), 0);
    }
}

static void
test_a_day_of_which_not_all_requests_are_counted_is_not_judged_by_them(void **state)
{
    struct town t = make_town(19, guess_once);

    (void)state;
    for (unsigned floods = 0; floods < 2; floods++) {
        struct detect *d = open_detect(DETECT_MEMORY_MIN);
        struct detect_report report;
        const struct finding *found;
        bool is_due = floods > 0;

        for (size_t i = 0; i < t.count; i++) {
            if (is_due && t.list[i].time >= START + (int64_t)ATTACK_DAY * DAY) {
                flood_requests(d, t.list[i].time);
                is_due = false;
            }
            assert_int_equal(detect_add(d, &t.list[i], 1), 0);
        }
        assert_int_equal(detect_findings(d, &report), 0);
        assert_int_equal(report.forgotten > 0, floods > 0);
        assert_true(report.memory <= DETECT_MEMORY_MIN);
        found = find(&report, DETECTOR_ORPHAN, name(NAME_ADDRESS, ATTACKER));
        assert_int_equal(found == NULL,
                         floods > 0); /* pages around its reads may have been there */
        detect_close(d);
    }
    memory_free(t.list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_those_of_the_list),
        cmocka_unit_test(test_how_the_stream_is_cut_changes_nothing),
        cmocka_unit_test(test_many_persons_that_one_asks_for_at_once_count_as_one_by_one),
        cmocka_unit_test(test_a_number_is_one_of_its_own_kind),
        cmocka_unit_test(test_asking_in_between_changes_nothing_but_when_it_is_found),
        cmocka_unit_test(test_late_observations_are_taken_and_counted),
        cmocka_unit_test(test_memory_is_bounded_and_it_is_said_what_was_forgotten),
        cmocka_unit_test(test_what_lacks_its_fields_is_untestable),
        cmocka_unit_test(test_a_walk_without_peers_is_untestable),
        cmocka_unit_test(test_wrong_options_and_observations_are_refused),
        cmocka_unit_test(test_no_memory_is_an_error_and_nothing_else),
        cmocka_unit_test(test_who_is_off_does_not_judge_and_says_so),
        cmocka_unit_test(test_principals_of_other_axes_are_not_judged),
        cmocka_unit_test(test_a_bound_on_false_findings_makes_it_harder),
        cmocka_unit_test(test_who_was_not_seen_for_days_is_published_no_more),
        cmocka_unit_test(test_a_day_of_which_not_all_requests_are_counted_is_not_judged_by_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
