/* SPDX-License-Identifier: Apache-2.0 */
/* A server that counts sessions when it likes, some that come through and some that do not: what is
 * said of those is never more than there were, nor less. */
#include "gate/reconcile.h"
#include "random.h"
#include "unit.h"

enum { ROUNDS = 300, STEPS = 400, OPEN_MAX = 20 };

enum progress { FREE, BEGUN, COUNTED, READY };

struct world {
    struct random random;
    bool is_late; /* the server may count a session long after it is ready */
    enum progress open[OPEN_MAX];
    bool is_counted[OPEN_MAX];
    uint64_t sessions, direct;    /* what the server has counted */
    uint64_t began, ready, ended; /* what the gate knows */
    uint64_t settled;             /* ended at the last census */
    int64_t now;
};

static void
begin_one(struct world *w)
{
    size_t at = random_below(&w->random, OPEN_MAX);

    if (w->open[at] != FREE)
        return;
    w->open[at] = BEGUN;
    w->is_counted[at] = false;
    w->began++;
}

static void
count_one(struct world *w, size_t at)
{
    w->sessions += !w->is_counted[at];
    w->is_counted[at] = true;
}

/* A session's next step; one that ends is counted by then, or never. */
static void
go_on(struct world *w, size_t at)
{
    if (w->open[at] == BEGUN) {
        if (!w->is_late || random_below(&w->random, 2))
            count_one(w, at);
        w->open[at] = COUNTED;
    } else if (w->open[at] == COUNTED) {
        w->open[at] = READY;
        w->ready++;
    } else if (w->open[at] == READY) {
        count_one(w, at);
        w->open[at] = FREE;
        w->ended++;
    }
}

static void
step(struct world *w)
{
    uint32_t what = random_below(&w->random, 10);

    if (what < 3) {
        begin_one(w);
    } else if (what < 9) {
        go_on(w, random_below(&w->random, OPEN_MAX));
    } else {
        w->direct++;
        w->sessions++;
    }
}

static void
some_steps(struct world *w)
{
    for (uint32_t n = random_below(&w->random, 4); n > 0; n--)
        step(w);
}

static struct reconcile_epoch
epoch(void)
{
    return (struct reconcile_epoch){.system = 7, .database = 5, .counting = 1000, .reset = 0};
}

/* Asked as the census does; `direct` gets how many had gone past when the server answered. */
static enum census_what
census(struct world *w, struct reconcile *r, uint64_t *direct)
{
    struct reconcile_sight sight = {.epoch = epoch(), .at = ++w->now, .ended = w->settled};

    sight.ready = w->ready;
    w->settled = w->ended;
    some_steps(w);
    sight.sessions = w->sessions;
    *direct = w->direct;
    some_steps(w);
    sight.began = w->began;
    return reconcile_take(r, &sight);
}

static void
finish(struct world *w)
{
    for (size_t at = 0; at < OPEN_MAX; at++)
        while (w->open[at] != FREE)
            go_on(w, at);
}

static void
play(struct world *w, bool is_begun_before)
{
    struct reconcile r = {0};
    uint64_t before, direct, least = 0;

    for (int n = is_begun_before ? 30 : 0; n > 0; n--)
        step(w);
    assert_int_equal(census(w, &r, &before), CENSUS_COUNTED);
    for (int n = 0; n < STEPS; n++) {
        step(w);
        if (random_below(&w->random, 10) > 0)
            continue;
        assert_int_equal(census(w, &r, &direct), CENSUS_COUNTED);
        assert_true(r.at_least <= direct - before);
        assert_true(r.at_least >= least);
        least = r.at_least;
        if (!w->is_late)
            assert_true(r.at_most >= direct - before);
        assert_true(r.at_least <= r.at_most);
    }
    finish(w);
    if (census(w, &r, &direct) == CENSUS_COUNTED && !is_begun_before)
        assert_true(direct - before - r.at_least <= 6); /* those that began while it was asked */
}

static void
never_more_than_went_past_and_never_less(void **state PASU_UNUSED)
{
    for (uint64_t seed = 1; seed <= ROUNDS; seed++)
        for (int how = 0; how < 4; how++) {
            struct world w = {.random = {seed * 7919}, .is_late = how & 1};

            play(&w, how & 2);
        }
}

/* ---- by hand ---- */

static enum census_what
see(struct reconcile *r, uint64_t sessions, uint64_t ready, uint64_t began, uint64_t ended)
{
    const struct reconcile_sight sight = {.epoch = epoch(),
                                          .at = r->at + 10,
                                          .sessions = sessions,
                                          .ready = ready,
                                          .began = began,
                                          .ended = ended};

    return reconcile_take(r, &sight);
}

static void
is_past(const struct reconcile *r, uint64_t at_least, uint64_t at_most)
{
    assert_int_equal(r->at_least, at_least);
    assert_int_equal(r->at_most, at_most);
}

static void
what_one_census_cannot_settle_the_next_one_does(void **state PASU_UNUSED)
{
    struct reconcile r = {0};

    assert_int_equal(see(&r, 100, 0, 0, 0), CENSUS_COUNTED);
    is_past(&r, 0, 0);
    assert_int_equal(see(&r, 103, 1, 4, 0), CENSUS_COUNTED); /* three of which two can be past */
    is_past(&r, 0, 2);
    assert_int_equal(see(&r, 106, 4, 4, 4), CENSUS_COUNTED);
    is_past(&r, 2, 2);
    assert_int_equal(see(&r, 108, 4, 8, 4), CENSUS_COUNTED); /* the proof stays */
    is_past(&r, 2, 4);
    assert_int_equal(see(&r, 110, 8, 8, 4), CENSUS_COUNTED);
    is_past(&r, 2, 2);
}

/* Three were open when it began, and the server can count them late. */
static void
sessions_from_before_the_first_census_are_not_taken_for_others(void **state PASU_UNUSED)
{
    struct reconcile r = {0};

    assert_int_equal(see(&r, 50, 10, 13, 10), CENSUS_COUNTED);
    assert_int_equal(see(&r, 53, 13, 13, 10), CENSUS_COUNTED);
    is_past(&r, 0, 3);
    assert_int_equal(see(&r, 54, 13, 13, 13), CENSUS_COUNTED);
    is_past(&r, 1, 4);
}

static void
figures_that_cannot_be_compared_begin_anew(void **state PASU_UNUSED)
{
    struct reconcile r = {0};
    struct reconcile_sight sight = {.epoch = epoch(), .at = 1, .sessions = 10};

    assert_int_equal(reconcile_take(&r, &sight), CENSUS_COUNTED);
    sight.sessions = 15;
    sight.at = 2;
    assert_int_equal(reconcile_take(&r, &sight), CENSUS_COUNTED);
    is_past(&r, 5, 5);
    sight.sessions = 14;
    sight.at = 3;
    assert_int_equal(reconcile_take(&r, &sight), CENSUS_RESET);
    is_past(&r, 0, 0);
    assert_true(r.since == 3 && r.base == 14);
    sight.epoch.reset = 5;
    sight.sessions = 20;
    assert_int_equal(reconcile_take(&r, &sight), CENSUS_RESET);
    sight.epoch.counting++;
    assert_int_equal(reconcile_take(&r, &sight), CENSUS_RESET);
    sight.epoch.database++;
    assert_int_equal(reconcile_take(&r, &sight), CENSUS_OTHER);
    sight.epoch.system++;
    assert_int_equal(reconcile_take(&r, &sight), CENSUS_OTHER);
    sight.epoch.moves++;
    assert_int_equal(reconcile_take(&r, &sight), CENSUS_OTHER);
    assert_int_equal(reconcile_take(&r, &sight), CENSUS_COUNTED);
}

/* The time of the first census is what a series is known by. */
static void
a_clock_that_goes_back_is_the_same_series(void **state PASU_UNUSED)
{
    struct reconcile r = {0};
    struct reconcile_sight sight = {.epoch = epoch(), .at = 1000, .sessions = 10};
    struct message_census census = {0};

    assert_int_equal(reconcile_take(&r, &sight), CENSUS_COUNTED);
    sight.sessions = 11;
    sight.at = 1010;
    assert_int_equal(reconcile_take(&r, &sight), CENSUS_COUNTED);
    sight.sessions = 12;
    sight.at = 20;
    assert_int_equal(reconcile_take(&r, &sight), CENSUS_COUNTED);
    is_past(&r, 2, 2);
    reconcile_tell(&r, &census);
    assert_int_equal(census.since, 1000);
    assert_int_equal(census.at, 1010);
}

static void
the_next_gate_goes_on_where_the_last_one_ended(void **state PASU_UNUSED)
{
    struct message_census last = {0};
    struct reconcile r = {0}, next;

    assert_int_equal(see(&r, 100, 0, 0, 0), CENSUS_COUNTED);
    assert_int_equal(see(&r, 107, 5, 6, 5), CENSUS_COUNTED); /* one is not counted, or past is 2 */
    is_past(&r, 1, 2);
    reconcile_tell(&r, &last);
    reconcile_go_on(&next, &last);
    assert_int_equal(see(&next, 113, 0, 0, 0), CENSUS_COUNTED); /* six while nobody ran, or five */
    is_past(&next, 7, 8);
    assert_true(next.since == r.since && next.base == 100);
    assert_int_equal(see(&next, 116, 3, 3, 0), CENSUS_COUNTED);
    is_past(&next, 7, 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_more_than_went_past_and_never_less),
        cmocka_unit_test(what_one_census_cannot_settle_the_next_one_does),
        cmocka_unit_test(sessions_from_before_the_first_census_are_not_taken_for_others),
        cmocka_unit_test(figures_that_cannot_be_compared_begin_anew),
        cmocka_unit_test(a_clock_that_goes_back_is_the_same_series),
        cmocka_unit_test(the_next_gate_goes_on_where_the_last_one_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
