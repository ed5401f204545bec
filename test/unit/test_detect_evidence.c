/* SPDX-License-Identifier: Apache-2.0 */
/* E-values against their definition: closed forms, and that they are 1 or less on average. */
#include "base/memory.h"
#include "detect/coverage.h"
#include "detect/fusion.h"
#include "detect/publish.h"
#include "detect/tiling.h"
#include "unit.h"

#define assert_near(value, expected, off) assert_true(fabs((value) - (expected)) <= (off))

static double
log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* ---- numbers ---- */

static void
test_beta_binomial_of_a_flat_prior_is_uniform(void **state)
{
    (void)state;
    for (double n = 1; n < 40; n++)
        for (double x = 0; x <= n; x++)
            assert_near(log_choose(n, x) + log_beta_binomial(x, n, 1, 1), -log(n + 1), 1e-9);
}

static void
test_two_sided_tail_is_that_of_the_tables(void **state)
{
    (void)state;
    assert_near(exp(log_two_sided(1.959963985)), 0.05, 1e-9);
    assert_near(exp(log_two_sided(-3.290526731)), 0.001, 1e-11);
    /* Abramowitz and Stegun 26.2.12: -z²/2 - log z - log √(π/2) - 1/z² */
    assert_near(log_two_sided(60), -1800 - log(60) - 0.5 * log(M_PI / 2) - 1.0 / 3600, 1e-3);
    assert_near(log_two_sided(35.3), log_two_sided(35.36) + 35.33 * 0.06, 0.01);
}

static void
test_rank_correlation_is_spearmans(void **state)
{
    double x[] = {10, 20, 30}, y[] = {1, 3, 2}, up[50], down[50], same[3] = {5, 5, 5};
    uint16_t order[50];

    (void)state;
    assert_near(rank_correlation(x, y, order, 3), 0.5 * sqrt(2), 1e-12);
    for (size_t i = 0; i < 50; i++) {
        up[i] = (double)(i * i);
        down[i] = -(double)i;
    }
    assert_near(rank_correlation(up, down, order, 50), -7, 1e-12);
    assert_near(rank_correlation(same, y, order, 3), 0, 0);
    /* Ties share a rank: of 1 1 2 against 1 2 3 it is √3/2. */
    memcpy(x, (double[]){1, 1, 2}, sizeof(x));
    memcpy(y, (double[]){1, 2, 3}, sizeof(y));
    assert_near(rank_correlation(x, y, order, 3), sqrt(3) / 2 * sqrt(2), 1e-12);
}

/* ---- shares and paces ---- */

static double
null_share(const struct share_usual *u, double x, double n)
{
    double own = exp(log_choose(n, x) + log_beta_binomial(x, n, u->a, u->b));
    double peers = exp(log_choose(n, x) + log_beta_binomial(x, n, u->peers_a, u->peers_b));

    return u->own ? 0.98 * own + 0.02 * peers : own;
}

static void
test_an_e_value_of_a_share_is_one_or_less_on_average(void **state)
{
    static const struct share_usual usual[] = {
        {1, 99, 1, 99, false}, {0.2, 0.9, 1, 9, true},       {3, 40, 0.5, 9, true},
        {50, 2, 1, 1, true},   {0.01, 20, 0.001, 0.9, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(usual); i++)
        for (double n = 1; n <= 256; n = n * 2 + 1) {
            double mean = 0;

            for (double x = 0; x <= n; x++)
                mean += null_share(&usual[i], x, n) * exp(share_evidence(&usual[i], x, n));
            assert_true(mean <= 1 + 1e-9);
            assert_true(mean > 0.5);
        }
}

static double
log_null_pace(double mean, double r, double x)
{
    return lgamma(x + r) - lgamma(r) - lgamma(x + 1) + r * log(r / (r + mean)) +
           x * log(mean / (r + mean));
}

static void
test_an_e_value_of_a_pace_is_one_or_less_on_average(void **state)
{
    static const struct pace_usual usual[] = {{5, 2, 0, 0, 0, false, NULL},
                                              {50, 20, 10, 0.5, 0.02, true, NULL},
                                              {0.5, 0.1, 1, 1, 0.02, true, NULL},
                                              {200, 200, 20, 4, 1e-6, true, NULL}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(usual); i++) {
        const struct pace_usual *u = &usual[i];
        double mean = 0;

        for (double x = 0; x < 20000; x++) {
            double null = log_null_pace(u->mean, u->shape, x);

            if (u->own)
                null = log_add(log1p(-u->unlike) + null,
                               log(u->unlike) + log_null_pace(u->peers_mean, u->peers_shape, x));
            mean += exp(null + pace_evidence(u, x));
        }
        assert_true(mean <= 1 + 1e-6);
        assert_true(mean > 0.9);
    }
}

static void
test_three_times_as_many_on_one_day_and_a_third_on_the_next_adds_up(void **state)
{
    const struct pace_usual usual = {40, 8, 5, 0.5, 0.02, true, NULL};
    double most = 0;

    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        double of_way = 0, ways[WAYS];

        for (int day = 0; day < 10; day++) {
            pace_ways(&usual, day % 2 == 0 ? 120 : 13, ways);
            of_way += ways[way];
        }
        most = of_way > most ? of_way : most;
    }
    assert_true(most > log(1e9));
}

static void
test_what_is_usual_begins_with_the_peers_and_becomes_ones_own(void **state)
{
    struct share_peers peers = {0};
    struct share own = {0}, fresh = {0};
    struct share_usual u;

    (void)state;
    for (size_t day = 0; day < 29; day++)
        share_learn(&peers, &fresh, 1, 10);
    assert_false(share_usual(&peers, &own, &u)); /* 30 principal-days are not there yet */
    for (size_t day = 29; day < 100; day++)
        share_learn(&peers, &fresh, 1, 10);
    assert_true(share_usual(&peers, &own, &u));
    assert_near(u.peers_a / (u.peers_a + u.peers_b), 10.05 / 101, 1e-12);
    assert_near(u.a, u.peers_a, 1e-12);
    assert_false(u.own);
    for (size_t day = 0; day < 100; day++)
        share_learn(&(struct share_peers){0}, &own, 9, 10);
    assert_true(share_usual(&peers, &own, &u));
    assert_true(u.a / (u.a + u.b) > 0.7); /* its own nine tenths, held back by its peers' tenth */
    assert_true(share_evidence(&u, 9, 10) < log(3));
    assert_true(share_evidence(&u, 200, 200) > share_evidence(&u, 9, 10));
}

static void
test_a_surprise_beyond_ones_own_past_is_at_most_fifty_times_the_peers(void **state)
{
    struct share_usual u = {0.01, 99.99, 5, 5, true};

    (void)state;
    assert_true(share_evidence(&u, 40, 100) <= log(50) + log(1.5));
    u.own = false;
    assert_true(share_evidence(&u, 40, 100) > log(1e10));
}

static void
test_weekdays_are_compared_with_weekdays(void **state)
{
    struct pace_peers peers = {0};
    struct pace own = {0};
    struct pace_usual sunday, monday;

    (void)state;
    for (unsigned day = 0; day < 700; day++)
        pace_learn(&peers, &own, day % 7, day % 7 == 6 ? 30 : 100);
    assert_true(pace_usual(&peers, &own, 6, &sunday));
    assert_true(pace_usual(&peers, &own, 0, &monday));
    assert_near(monday.mean / sunday.mean, 10.0 / 3, 0.3);
    assert_true(pace_evidence(&sunday, 100) > pace_evidence(&monday, 100) + 2);
}

/* ---- fusion ---- */

static void
test_evidence_of_days_is_shiryaev_and_roberts_sum(void **state)
{
    struct history h = {0};
    const double half = 2.0 * FUSION_DAYS;
    /* In one half of the ways it is e, in the other it is one. */
    double s = FUSION_DAYS, other = FUSION_DAYS, e[] = {3, 0.5, 20, 1e-3, 7};

    (void)state;
    fusion_begin(&h);
    for (size_t i = 0; i < COUNT_OF(e); i++) {
        float ways[DETECTOR_WAYS] = {0};

        for (size_t way = 0; way < DETECTOR_WAYS / 2; way++)
            ways[way] = logf((float)e[i]);
        assert_near(fusion_with(&h, DETECTOR_MISSES, ways),
                    log(((s + 1) * e[i] + other + 1) / 2 / half), 1e-5);
        assert_near(fusion_with(&h, DETECTOR_MISSES, NULL), log((s + other) / 2 / half), 1e-5);
        fusion_step(&h, DETECTOR_MISSES, ways);
        fusion_step(&h, DETECTOR_DRIFT, NULL);
        s = (s + 1) * e[i];
        other++;
    }
    s = (s + other) / 2;
    fusion_judge(&h, NULL);
    /* The mean of this one, and of nine others that know nothing. */
    assert_near(h.log_fused, log((s / half + 9 * 0.5) / 10), 1e-5);
    fusion_set(&h, DETECTOR_COVERAGE, log(1000));
    fusion_judge(&h, NULL);
    assert_near(h.log_fused, log((s / half + 8 * 0.5 + 1000) / 10), 1e-5);
}

static void
test_evidence_that_a_later_hour_takes_back_does_not_count(void **state)
{
    struct history h = {0};
    struct judged judged;
    struct day day = {.judged = &judged};

    (void)state;
    fusion_begin(&h);
    for (size_t i = 0; i < DETECTOR_COUNT; i++)
        judged.log_e[i] = NAN;
    for (size_t way = 0; way < DETECTOR_WAYS; way++)
        judged.ways[DETECTOR_MISSES][way] = (float)way;
    for (unsigned hour = 0; hour < 6; hour++) {
        const float *ways = hour % 3 == 1 ? judged.ways[DETECTOR_MISSES] : NULL;

        judged.log_e[DETECTOR_MISSES] = ways != NULL ? 1 : (double)NAN;
        fusion_judge(&h, &day);
        assert_true(h.log_now[DETECTOR_MISSES] == fusion_with(&h, DETECTOR_MISSES, ways));
        assert_true(h.log_now[DETECTOR_DRIFT] == fusion_with(&h, DETECTOR_DRIFT, NULL));
        if (hour == 2) { /* the day is over */
            fusion_step(&h, DETECTOR_MISSES, judged.ways[DETECTOR_MISSES]);
            fusion_step(&h, DETECTOR_DRIFT, NULL);
        }
    }
}

static void
test_what_is_published_is_what_e_bh_chooses(void **state)
{
    double e[] = {900, 500, 260, 90, 3}, log_e[COUNT_OF(e)];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(e); i++)
        log_e[i] = log(e[i]);
    /* 100 tested, q 0.1: 1000/k. 900 < 1000, 500 = 1000/2, 260 < 333, 90 < 250. */
    assert_near(exp(fusion_choose(log_e, COUNT_OF(e), 100, 0, 0.1)), 500, 1e-6);
    assert_true(isinf(fusion_choose(log_e, COUNT_OF(e), 1000, 0, 0.1)));
    /* Two are published: the third needs 333, the fourth 250: 900, 500 and 260 go with them. */
    assert_near(exp(fusion_choose(log_e, COUNT_OF(e), 100, 2, 0.1)), 200, 1e-6);
    assert_true(isinf(fusion_choose(log_e, 0, 100, 0, 0.1)));
}

/* ---- findings ---- */

enum { CREW = FINDING_PRINCIPALS + 4 };

/* Of one network. */
struct crews {
    struct principal *list[2 * CREW];
    struct part parts[PARTS];
    struct publisher publisher;
    size_t held;
};

static void
gather(struct crews *c)
{
    *c = (struct crews){0};
    for (size_t i = 0; i < COUNT_OF(c->list); i++) {
        c->list[i] = principal_new(1000 + i, AXIS_ADDRESS, &c->held);
        assert_non_null(c->list[i]);
        assert_int_equal(principal_test(c->list[i], &c->held), 0);
        c->list[i]->asn = 4766;
    }
    c->parts[3].principals = c->list;
    c->parts[3].count = COUNT_OF(c->list);
}

static void
disperse(struct crews *c)
{
    publish_release(&c->publisher);
    for (size_t i = 0; i < COUNT_OF(c->list); i++)
        principal_free(c->list[i], &c->held);
    assert_int_equal(c->held, 0);
}

static void
suspect(struct principal *p, enum detector detector, double strength)
{
    p->history->log_now[detector] = strength;
    p->history->log_fused = strength;
    p->history->number[detector][0] = strength;
}

/* The finding of that detector, at that time. */
static struct finding
finding_at(struct crews *c, enum detector detector, int64_t now)
{
    assert_int_equal(publish_choose(&c->publisher, c->parts, 0.1, 0, now), 0);
    assert_int_equal(publish_findings(&c->publisher), 0);
    for (size_t i = 0; i < c->publisher.finding_count; i++)
        if (c->publisher.findings[i].detector == detector)
            return c->publisher.findings[i];
    fail();
    return (struct finding){0};
}

static size_t
named_in_both(const struct finding *a, const struct finding *b)
{
    size_t count = 0;

    for (size_t i = 0; i < a->principals; i++)
        for (size_t j = 0; j < b->principals; j++)
            count += a->principal[i].who == b->principal[j].who;
    return count;
}

static void
test_who_was_named_in_a_finding_stays_so_whoever_becomes_stronger(void **state)
{
    struct finding former, now;
    struct crews c;

    (void)state;
    gather(&c);
    for (size_t i = 0; i < CREW; i++)
        suspect(c.list[i], DETECTOR_MISSES, 100 - (double)i);
    former = finding_at(&c, DETECTOR_MISSES, 1);
    assert_int_equal(former.together, CREW);
    assert_int_equal(former.principals, FINDING_PRINCIPALS);
    assert_int_equal(former.principal[0].who, 1000);
    assert_near(former.number[0], 100, 0);
    for (size_t i = 0; i < CREW; i++)
        suspect(c.list[i], DETECTOR_MISSES, 200 + (double)i);
    now = finding_at(&c, DETECTOR_MISSES, 2);
    assert_int_equal(now.together, CREW);
    assert_int_equal(named_in_both(&former, &now), FINDING_PRINCIPALS - 1);
    assert_int_equal(now.principal[0].who, 1000);
    /* Its numbers are the strongest's, who is named, too. */
    assert_int_equal(now.principal[FINDING_PRINCIPALS - 1].who, 1000 + CREW - 1);
    assert_near(now.number[0], 200 + CREW - 1, 0);
    assert_near(now.log10_fused, (200 + CREW - 1) / M_LN10, 1e-9);
    disperse(&c);
}

static void
test_who_was_found_before_by_another_detector_is_named_behind(void **state)
{
    struct finding former, now;
    struct crews c;

    (void)state;
    gather(&c);
    for (size_t i = 0; i < CREW; i++)
        suspect(c.list[i], DETECTOR_GROWTH, 100);
    (void)finding_at(&c, DETECTOR_GROWTH, 1);
    for (size_t i = CREW; i < COUNT_OF(c.list); i++)
        suspect(c.list[i], DETECTOR_MISSES, 100);
    former = finding_at(&c, DETECTOR_MISSES, 2);
    assert_int_equal(former.together, CREW);
    for (size_t i = 0; i < CREW; i++)
        suspect(c.list[i], DETECTOR_MISSES, 200);
    now = finding_at(&c, DETECTOR_MISSES, 3);
    assert_int_equal(now.together, COUNT_OF(c.list));
    assert_int_equal(named_in_both(&former, &now), FINDING_PRINCIPALS - 1);
    disperse(&c);
}

/* ---- between principals ---- */

static void
test_peers_numbers_are_fitted_without_the_outermost(void **state)
{
    double persons[20], many[20];
    struct pace_usual usual;

    (void)state;
    for (size_t i = 0; i < 20; i++)
        persons[i] = many[i] = 90 + (double)(i % 5) * 5;
    persons[7] = 1e6;
    usual = coverage_usual(persons, 20, 2);
    assert_true(usual.mean > 95 && usual.mean < 105);
    assert_true(pace_evidence(&usual, 14561) > log(1e6));
    assert_true(pace_evidence(&usual, 200) < log(10)); /* twice as many: it happens among peers */
    usual = coverage_usual(many, 20, 0);
    assert_near(usual.mean, 100, 1e-9);
}

static void
test_a_group_is_paid_for_by_all_groups_there_are(void **state)
{
    (void)state;
    /* 0 in common of 100 is e^-100; of 20 among 200 there are C(200, 20) groups, of 200 sizes. */
    assert_near(tiling_log_p(0, 100, 1, 20, 200), -100 + log_choose(200, 20) + log(200), 1e-6);
    assert_near(tiling_log_p(50, 100, 1, 2, 10), -(100 - 50 + 50 * log(0.5)) + log(45) + log(10),
                1e-6);
    /* Where it varies four times as much, it is e^-25. */
    assert_near(tiling_log_p(0, 100, 4, 2, 10), -25 + log(45) + log(10), 1e-6);
    assert_near(tiling_log_p(100, 100, 1, 2, 10), 0, 0);
    assert_near(tiling_log_p(3, 5, 1, 20, 200), 0, 0);
}

/* Thousands who are alike, and four who read ten times as much. */
static void
test_who_is_of_a_rare_kind_is_no_finding_for_it(void **state)
{
    struct pace_peers peers = {0};
    struct pace nobody = {0};
    struct pace_usual usual;
    double rare, without, unseen;

    (void)state;
    for (unsigned i = 0; i < 6004; i++) {
        struct pace own = {0};

        pace_learn(&peers, &own, 0, i % 1501 == 1500 ? 400 + i / 1501 * 5 : 38 + i % 5);
    }
    assert_true(pace_usual(&peers, &nobody, 0, &usual));
    assert_non_null(usual.scales);
    rare = pace_evidence(&usual, 408);
    usual.scales = NULL;
    without = pace_evidence(&usual, 408);
    assert_true(without > rare + 3);
    assert_true(rare < log(2.0 * 6004 / 4));
    /* Nor is who is of no kind that was seen more than one in so many. */
    assert_true(pace_usual(&peers, &nobody, 0, &usual));
    unseen = pace_evidence(&usual, 100000);
    assert_true(unseen < log(2.0 * 6004 * 18 * 19));
    /* Who has a past is compared with it. */
    nobody = (struct pace){.sum = 400, .days = 10};
    assert_true(pace_usual(&peers, &nobody, 0, &usual));
    assert_null(usual.scales);
}

/* Who always does nothing else does not do it more than usual. */
static void
test_all_of_many_is_usual_for_who_always_does_all(void **state)
{
    struct share_usual usual = {.a = 1999, .b = 1, .peers_a = 0.1, .peers_b = 0.7, .own = true};

    (void)state;
    assert_true(share_evidence(&usual, 16855, 16855) < 0.01);
}

/* A network that has 200,000 a day, whose peers have 60: on some day it has half as many. */
static void
test_less_than_usual_is_never_more(void **state)
{
    struct pace_usual pace = {.mean = 200000,
                              .shape = 200,
                              .peers_mean = 60,
                              .peers_shape = 0.3,
                              .unlike = 0.02,
                              .own = true};
    struct share_usual share = {.a = 1900, .b = 100, .peers_a = 0.1, .peers_b = 99.9, .own = true};

    (void)state;
    assert_true(pace_evidence(&pace, 70000) <= 0);
    assert_true(pace_evidence(&pace, 200000) <= 0);
    assert_true(pace_evidence(&pace, 400000) > log(1000));
    assert_true(share_evidence(&share, 700, 1000) <= 0);
    assert_true(share_evidence(&share, 950, 1000) <= 0);
}

/* All of its five have no login, each day; of its peers' one in fifty has none. */
static void
test_who_is_of_a_kind_of_its_own_is_compared_with_itself(void **state)
{
    struct share_peers peers = {0};
    struct share own = {0}, held;
    struct share_usual u;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        struct share one = {0};

        share_learn(&peers, &one, i % 50 == 0, 5);
        share_learn(&peers, &one, i % 50 == 1, 5);
    }
    assert_true(share_usual(&peers, &own, &u));
    share_by_own(&own, &u); /* it has no past */
    assert_true(share_evidence(&u, 5, 5) > log(1000));
    for (unsigned day = 0; day < 3; day++)
        share_learn(&(struct share_peers){0}, &own, 5, 5);
    assert_true(share_usual(&peers, &own, &u));
    assert_true(share_evidence(&u, 5, 5) > log(20));
    share_by_own(&own, &u);
    assert_true(share_evidence(&u, 5, 5) < log(1.1));
    /* One of its days without a login is nothing that its peers have not. */
    held = (struct share){.x = 1, .n = 100};
    assert_true(share_usual(&peers, &held, &u));
    own = held;
    share_by_own(&own, &u);
    assert_true(share_evidence(&u, 5, 5) > log(1000));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beta_binomial_of_a_flat_prior_is_uniform),
        cmocka_unit_test(test_two_sided_tail_is_that_of_the_tables),
        cmocka_unit_test(test_rank_correlation_is_spearmans),
        cmocka_unit_test(test_an_e_value_of_a_share_is_one_or_less_on_average),
        cmocka_unit_test(test_an_e_value_of_a_pace_is_one_or_less_on_average),
        cmocka_unit_test(test_three_times_as_many_on_one_day_and_a_third_on_the_next_adds_up),
        cmocka_unit_test(test_what_is_usual_begins_with_the_peers_and_becomes_ones_own),
        cmocka_unit_test(test_a_surprise_beyond_ones_own_past_is_at_most_fifty_times_the_peers),
        cmocka_unit_test(test_weekdays_are_compared_with_weekdays),
        cmocka_unit_test(test_evidence_of_days_is_shiryaev_and_roberts_sum),
        cmocka_unit_test(test_evidence_that_a_later_hour_takes_back_does_not_count),
        cmocka_unit_test(test_what_is_published_is_what_e_bh_chooses),
        cmocka_unit_test(test_who_was_named_in_a_finding_stays_so_whoever_becomes_stronger),
        cmocka_unit_test(test_who_was_found_before_by_another_detector_is_named_behind),
        cmocka_unit_test(test_peers_numbers_are_fitted_without_the_outermost),
        cmocka_unit_test(test_who_is_of_a_rare_kind_is_no_finding_for_it),
        cmocka_unit_test(test_all_of_many_is_usual_for_who_always_does_all),
        cmocka_unit_test(test_less_than_usual_is_never_more),
        cmocka_unit_test(test_who_is_of_a_kind_of_its_own_is_compared_with_itself),
        cmocka_unit_test(test_a_group_is_paid_for_by_all_groups_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
