/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken for usual, whom it is compared with, and persons whom nobody names. */
#include "detect/evidence.h"
#include "detect_town.h"

enum { DESK = 5, UNNAMED = 5000 };

/* ---- what grows slowly ---- */

struct life_of_one {
    struct principal *p;
    struct peers peers;
    struct climate climate;
    size_t held;
};

static void
begin(struct life_of_one *one)
{
    *one = (struct life_of_one){.climate = {.day = 100}};
    for (size_t axis = 0; axis < AXIS_COUNT; axis++)
        one->climate.surge[axis] = 1;
    assert_non_null(one->p = principal_new(1, AXIS_ACCOUNT, &one->held));
    assert_int_equal(principal_test(one->p, &one->held), 0);
    /* Others, who read forty a day, give or take a third. */
    for (size_t peer = 0; peer < 50; peer++) {
        struct pace paces[2] = {0};

        for (unsigned day = 0; day < 14; day++) {
            size_t some = 28 + (peer * 7 + (size_t)day * 11) % 25;

            pace_learn(&one->peers.paces[PACE_PERSONS], &paces[0], day % 7, (double)some);
            pace_learn(&one->peers.paces[PACE_MINUTE], &paces[1], day % 7, 2);
        }
    }
}

static void
live_days(struct life_of_one *one, unsigned days, unsigned persons)
{
    const struct sample_read read = {.number = NUMBER_NONE, .flags = READ_SHOWN};

    for (; days > 0; days--) {
        struct day *day = principal_today(one->p, one->climate.day * DAY, &one->held);

        assert_non_null(day);
        for (unsigned i = 0; i < persons; i++)
            assert_int_equal(
                sample_add(&day->asked, name(NAME_SUBJECT, i), &read, false, &one->held), 1);
        day->attempts = day->requests = persons;
        day->minute_most = 2;
        evidence_judge(one->p, &one->peers, &one->climate);
        evidence_learn(one->p, &one->peers, &one->climate);
        principal_end_day(one->p, &one->held);
        one->climate.day++;
    }
}

static double
usual_for(const struct life_of_one *one)
{
    const struct pace *own = &one->p->history->paces[PACE_PERSONS];

    return (double)own->sum / (double)own->days;
}

static void
test_who_reads_twice_as_many_does_not_come_to_be_usual(void **state)
{
    struct life_of_one one;
    const struct history *h;

    (void)state;
    begin(&one);
    h = one.p->history;
    live_days(&one, 20, 40);
    live_days(&one, 15, 80);
    assert_true(usual_for(&one) < 45);
    assert_true(h->held[PACE_PERSONS].days > 12);
    /* It was nothing: what was held back is learned. */
    live_days(&one, 60, 15);
    assert_true(h->held[PACE_PERSONS].days <= 0);
    assert_true(h->doubt <= 0);
    principal_free(one.p, &one.held);
    assert_int_equal(one.held, 0);
}

static void
test_who_reads_more_for_very_long_and_is_not_found_is_learned(void **state)
{
    struct life_of_one one;

    (void)state;
    begin(&one);
    live_days(&one, 20, 40);
    live_days(&one, 120, 80);
    assert_true(usual_for(&one) > 70);
    principal_free(one.p, &one.held);
}

static void
test_of_who_reads_few_nothing_is_held_back(void **state)
{
    struct life_of_one one;

    (void)state;
    begin(&one);
    live_days(&one, 20, 4);
    live_days(&one, 10, 8);
    assert_true(one.p->history->held[PACE_PERSONS].days <= 0);
    principal_free(one.p, &one.held);
}

/* ---- whose desk it is ---- */

/* From the attack's day on another one sits there, who reads three times as many. */
static void
sit_down(struct town *t, int64_t day)
{
    log_in(t, day + 8 * 3600 * SECOND, 3000 + DESK, 500000 + CLERKS);
    for (unsigned i = 0; i < 240; i++)
        (void)ask(t, some_time(t, day, 9, 18), 3000 + DESK, 500000 + CLERKS,
                  1 + random_below(&t->r, PERSONS));
}

static void
send_home(struct town *t)
{
    size_t left = 0;

    for (size_t i = 0; i < t->count; i++)
        if (t->list[i].who[AXIS_ACCOUNT] != name(NAME_ACCOUNT, 500000 + DESK) ||
            t->list[i].time < START + ATTACK_DAY * DAY)
            t->list[left++] = t->list[i];
    t->count = left;
}

static const struct finding *
find_desk(uint32_t axes)
{
    struct town t = make_town(33, sit_down);
    struct detect_options options = {
        .memory = DETECT_MEMORY_MIN * 8, .secret = "0123456789abcde", .axes = axes};
    struct detect_report report;
    const struct finding *f;
    struct detect *d;

    send_home(&t);
    assert_int_equal(detect_open(&d, &options), 0);
    assert_int_equal(detect_add(d, t.list, t.count), 0);
    assert_int_equal(detect_findings(d, &report), 0);
    f = find(&report, DETECTOR_GROWTH, name(NAME_ADDRESS, 3000 + DESK));
    detect_close(d);
    memory_free(t.list);
    return f;
}

static void
test_a_desk_is_judged_by_who_sits_there(void **state)
{
    (void)state;
    assert_null(find_desk(0));
    assert_non_null(find_desk(1U << AXIS_ADDRESS)); /* where accounts are not */
}

/* Beside what it asks for without an account, it asks once a day with one. */
static void
guess_behind_an_account(struct town *t, int64_t day)
{
    log_in(t, day, ATTACKER, ATTACKER);
    (void)ask(t, day + SECOND, ATTACKER, ATTACKER, 7);
    guess(t, day);
}

static void
test_one_account_does_not_answer_for_who_has_none(void **state)
{
    struct town t = make_town_since(34, guess_behind_an_account, 20);
    struct detect *d = open_detect(DETECT_MEMORY_MIN * 8);
    struct detect_report report;
    size_t left = 0;

    (void)state;
    /* What it asks for without an account begins two weeks later. */
    for (size_t i = 0; i < t.count; i++)
        if (t.list[i].who[AXIS_ADDRESS] != name(NAME_ADDRESS, ATTACKER) ||
            t.list[i].who[AXIS_ACCOUNT] != 0 || t.list[i].time >= START + ATTACK_DAY * DAY)
            t.list[left++] = t.list[i];
    assert_int_equal(detect_add(d, t.list, left), 0);
    assert_int_equal(detect_findings(d, &report), 0);
    assert_non_null(find(&report, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER)));
    detect_close(d);
    memory_free(t.list);
}

/* Whether growth is judged on its first day, on which one account reads a hundred persons. */
static bool
is_judged_alone(enum axis axis, unsigned nameless)
{
    const struct sample_read read = {.number = NUMBER_NONE, .flags = READ_SHOWN};
    struct life_of_one one;
    struct day *day;
    bool judged;

    begin(&one);
    one.climate.accounts = true;
    one.p->axis = (uint8_t)axis;
    assert_non_null(day = principal_today(one.p, one.climate.day * DAY, &one.held));
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(sample_add(&day->asked, name(NAME_SUBJECT, i), &read, false, &one.held),
                         1);
    assert_true(accounts_add(&day->accounts, name(NAME_ACCOUNT, 1), false, false, &one.held) >= 0);
    day->attempts = day->requests = 100;
    day->nameless = nameless;
    evidence_judge(one.p, &one.peers, &one.climate);
    judged = !isnan(day->judged->log_e[DETECTOR_GROWTH]);
    principal_free(one.p, &one.held);
    return judged;
}

static void
test_a_new_session_is_judged_as_its_account(void **state)
{
    (void)state;
    assert_false(is_judged_alone(AXIS_SESSION, 0));
    assert_true(is_judged_alone(AXIS_SESSION, 1));
    assert_true(is_judged_alone(AXIS_ADDRESS, 0));
}

/* What speaks for a day on which all of five accounts have no login, for who has had three such
 * days, of peers of whom one in fifty has one without. */
static double
orphans_of_always(enum axis axis)
{
    struct life_of_one one;
    struct share_peers *peers;
    struct share *own;
    struct day *day;
    double e;

    begin(&one);
    one.climate.logins = true;
    one.p->axis = (uint8_t)axis;
    peers = &one.peers.shares[SHARE_ORPHANS][CLASS_FEW];
    own = &one.p->history->shares[SHARE_ORPHANS];
    for (unsigned i = 0; i < 5000; i++) {
        struct share peer = {0};

        share_learn(peers, &peer, i % 50 == 0, 5);
        share_learn(peers, &peer, i % 50 == 1, 5);
    }
    for (unsigned i = 0; i < 3; i++)
        share_learn(&(struct share_peers){0}, own, 5, 5);
    assert_non_null(day = principal_today(one.p, one.climate.day * DAY, &one.held));
    for (unsigned i = 0; i < 5; i++)
        assert_true(accounts_add(&day->accounts, name(NAME_ACCOUNT, i), true, false, &one.held) >=
                    0);
    evidence_judge(one.p, &one.peers, &one.climate);
    e = day->judged->log_e[DETECTOR_ORPHAN];
    principal_free(one.p, &one.held);
    return e;
}

static void
test_what_many_share_and_is_always_so_is_judged_by_its_own_past(void **state)
{
    (void)state;
    assert_true(orphans_of_always(AXIS_NETWORK) < log(1.1));
    assert_true(orphans_of_always(AXIS_ASN) < log(1.1));
    assert_true(orphans_of_always(AXIS_AGENT) < log(1.1));
    /* An address is somebody's. */
    assert_true(orphans_of_always(AXIS_ADDRESS) > log(20));
}

/* ---- whom nobody names ---- */

static void
guess_and_dump(struct town *t, int64_t day)
{
    struct observation *o = add(t, day + 13 * 3600 * SECOND, ATTACKER, 0);

    o->what = OBSERVED_BOUND;
    o->number = UNNAMED;
    o->fields = 16;
    guess(t, day);
}

/* As guess_and_dump, but for what nobody names. */
static void
guess_and_look(struct town *t, int64_t day)
{
    (void)add(t, day + 13 * 3600 * SECOND, ATTACKER, 0);
    guess(t, day);
}

static void
test_persons_whom_nobody_names_count_at_most_and_judge_nothing(void **state)
{
    const uint64_t days = DAYS - ATTACK_DAY;
    struct story named, unnamed;
    const struct finding *f, *g;
    char why[DETECT_TEXT];

    (void)state;
    tell(&named, 19, guess_and_look);
    tell(&unnamed, 19, guess_and_dump);
    assert_int_equal(named.report.finding_count, unnamed.report.finding_count);
    f = expect(&named, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER));
    g = expect(&unnamed, DETECTOR_MISSES, name(NAME_ADDRESS, ATTACKER));
    assert_int_equal(f->bound, 0);
    assert_int_equal(g->bound, UNNAMED * days);
    assert_int_equal(g->at_most, f->at_most + UNNAMED * days);
    assert_int_equal(g->at_least, f->at_least);
    assert_int_equal(g->reads, f->reads);
    assert_true(g->log10_fused == f->log10_fused);
    assert_int_equal(g->fields, f->fields | 16);
    (void)finding_why(g, why);
    assert_non_null(strstr(why, "up to 50000 persons whom nobody names"));
    (void)finding_why(f, why);
    assert_null(strstr(why, "nobody names"));
    end(&named);
    end(&unnamed);
}

/* Who is known by that alone, and for more than there are numbers. */
static void
test_who_is_shown_nobody_else_is_no_finding(void **state)
{
    struct town t = make_town(19, NULL);
    struct detect *d = open_detect(DETECT_MEMORY_MIN * 8);
    struct detect_report report;
    struct observation o = {.what = OBSERVED_BOUND, .number = UINT64_MAX, .fields = 1};

    (void)state;
    o.who[AXIS_ACCOUNT] = name(NAME_ACCOUNT, ATTACKER);
    for (size_t i = 0; i < t.count; i++) {
        assert_int_equal(detect_add(d, &t.list[i], 1), 0);
        if (i % 1000 == 0) {
            o.time = t.list[i].time;
            assert_int_equal(detect_add(d, &o, 1), 0);
        }
    }
    assert_int_equal(detect_findings(d, &report), 0);
    assert_int_equal(report.finding_count, 0);
    detect_close(d);
    memory_free(t.list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_reads_twice_as_many_does_not_come_to_be_usual),
        cmocka_unit_test(test_who_reads_more_for_very_long_and_is_not_found_is_learned),
        cmocka_unit_test(test_of_who_reads_few_nothing_is_held_back),
        cmocka_unit_test(test_a_desk_is_judged_by_who_sits_there),
        cmocka_unit_test(test_one_account_does_not_answer_for_who_has_none),
        cmocka_unit_test(test_a_new_session_is_judged_as_its_account),
        cmocka_unit_test(test_what_many_share_and_is_always_so_is_judged_by_its_own_past),
        cmocka_unit_test(test_persons_whom_nobody_names_count_at_most_and_judge_nothing),
        cmocka_unit_test(test_who_is_shown_nobody_else_is_no_finding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
