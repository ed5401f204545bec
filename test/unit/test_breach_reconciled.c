/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger's censuses make of completeness: gaps past pasu, and the times in which counts
 * can be compared. */
#include "base/memory.h"
#include "breach/gaps.h"
#include "unit.h"

static const int64_t DAY = 86400 * NANOSECONDS_PER_SECOND;

/* On a heap: it is large. */
static struct gaps *
gaps_new(void)
{
    struct gaps *gaps = memory_new(1, sizeof(*gaps));

    assert_non_null(gaps);
    return gaps;
}

static void
note(struct gaps *gaps, struct message_census census)
{
    const struct ledger_entry entry = {
        .type = LEDGER_CENSUS, .time = census.at, .u.census = &census};

    if (census.gateway[0] == '\0')
        snprintf(census.gateway, sizeof(census.gateway), "main");
    gaps_note(gaps, &entry);
}

static void
see(struct gaps *gaps, int64_t since, int64_t at, uint64_t at_least, uint64_t at_most)
{
    note(gaps, (struct message_census){.since = since,
                                       .at = at,
                                       .at_least = at_least,
                                       .at_most = at_most,
                                       .database = "shop"});
}

static void
is_gap(const struct gaps *gaps, size_t g, int64_t from, int64_t to, uint64_t at_least,
       uint64_t at_most)
{
    const struct gap *gap = &gaps->items[g];

    assert_true(g < gaps->count);
    assert_int_equal(gap->what, GAP_PAST);
    assert_int_equal(gap->from, from);
    assert_int_equal(gap->to, to);
    assert_int_equal(gap->at_least, at_least);
    assert_int_equal(gap->at_most, at_most);
}

static void
what_is_proven_is_a_gap_from_one_census_to_the_next(void **state PASU_UNUSED)
{
    struct gaps *gaps = gaps_new();

    see(gaps, 1, 1, 0, 0);
    see(gaps, 1, 5, 0, 3);
    assert_int_equal(gaps->count, 0);
    see(gaps, 1, 9, 2, 4);
    is_gap(gaps, 0, 5, 9, 2, 4);
    see(gaps, 1, 12, 2, 2);
    is_gap(gaps, 0, 5, 9, 2, 2); /* the fourth did not go past */
    see(gaps, 1, 15, 3, 7);
    is_gap(gaps, 0, 5, 15, 3, 7);
    see(gaps, 1, DAY + 3, 8, 8);
    is_gap(gaps, 0, 5, 15, 3, 7); /* of each day its own */
    is_gap(gaps, 1, 15, DAY + 3, 5, 5);
    assert_int_equal(gaps->reconciled.stretch_count, 1);
    assert_int_equal(gaps->reconciled.stretches[0].from, 1);
    assert_int_equal(gaps->reconciled.stretches[0].to, DAY + 3);
    assert_int_equal(gaps->reconciled.stretches[0].at_least, 8);
    memory_free(gaps);
}

static void
what_happened_while_pasu_was_stopped_stands_apart(void **state PASU_UNUSED)
{
    struct gaps *gaps = gaps_new();

    see(gaps, 1, 1, 0, 0);
    see(gaps, 1, 4, 1, 1);
    note(gaps,
         (struct message_census){
             .since = 1, .at = 6, .at_least = 1, .at_most = 1, .is_final = 1, .database = "shop"});
    see(gaps, 1, 6, 1, 1); /* the next gate takes it over */
    see(gaps, 1, 20, 6, 7);
    see(gaps, 1, 30, 6, 6);
    see(gaps, 1, 40, 8, 8);
    assert_int_equal(gaps->count, 3);
    is_gap(gaps, 0, 1, 4, 1, 1);
    is_gap(gaps, 1, 6, 20, 5, 5);
    is_gap(gaps, 2, 30, 40, 2, 2);
    memory_free(gaps);
}

static void
what_is_not_known_is_told_as_that(void **state PASU_UNUSED)
{
    struct gaps *gaps = gaps_new();
    const struct reconciled *r = &gaps->reconciled;

    see(gaps, 1, 1, 0, 0);
    see(gaps, 1, 10, 3, 3);
    note(gaps, (struct message_census){.what = CENSUS_RESET,
                                       .since = 10,
                                       .at = 20,
                                       .at_most = UINT64_MAX,
                                       .database = "shop"});
    see(gaps, 20, 20, 0, 0);
    see(gaps, 20, 30, 1, 1);
    assert_int_equal(r->stretch_count, 3);
    assert_int_equal(r->stretches[1].why, CENSUS_RESET);
    assert_int_equal(r->stretches[1].at_most, UINT64_MAX);
    assert_true(r->stretches[1].from == 10 && r->stretches[1].to == 20);
    assert_int_equal(gaps->count, 2);
    is_gap(gaps, 1, 20, 30, 1, 1);
    memory_free(gaps);
}

static void
what_keeps_a_gateway_from_being_asked_lasts_until_it_is(void **state PASU_UNUSED)
{
    struct gaps *gaps = gaps_new();
    const struct reconciled *r = &gaps->reconciled;

    for (int64_t at = 5; at < 8; at++)
        note(gaps, (struct message_census){
                       .what = CENSUS_UNASKED, .since = at, .at = at, .at_most = UINT64_MAX});
    note(gaps,
         (struct message_census){
             .what = CENSUS_ALONE, .since = 8, .at = 8, .at_most = UINT64_MAX, .gateway = "other"});
    assert_int_equal(r->stretch_count, 2);
    assert_int_equal(r->stretches[0].to, 0);
    assert_true(reconciled_concerns(&r->stretches[0], 100, 0));
    assert_false(reconciled_concerns(&r->stretches[0], 0, 5));
    see(gaps, 9, 9, 0, 0);
    assert_int_equal(r->stretches[0].to, 9);
    assert_int_equal(r->stretches[1].to, 0); /* the other gateway is still alone */
    assert_false(reconciled_concerns(&r->stretches[0], 100, 0));
    note(gaps, (struct message_census){.since = 12, .at = 12, .gateway = "other"});
    assert_int_equal(r->stretches[1].to, 12); /* its databases are told by another one's name */
    assert_int_equal(r->stretch_count, 3);
    assert_int_equal(r->place_count, 3);
    note(gaps, (struct message_census){.since = 13, .at = 13, .gateway = "third"});
    assert_int_equal(r->place_count, 3); /* there was nothing to end */
    memory_free(gaps);
}

static void
there_is_room_for_so_many_and_the_rest_is_said(void **state PASU_UNUSED)
{
    struct gaps *gaps = gaps_new();
    struct message_census census = {0};

    see(gaps, 1, 1, 0, 0);
    for (int64_t day = 1; day <= GAPS_PAST_MAX + 50; day++)
        see(gaps, 1, day * DAY, (uint64_t)day, (uint64_t)day);
    assert_int_equal(gaps->past, GAPS_PAST_MAX);
    is_gap(gaps, GAPS_PAST_MAX - 1, (GAPS_PAST_MAX - 1) * DAY, (GAPS_PAST_MAX + 50) * DAY, 51, 51);
    for (int n = 0; n < RECONCILED_PLACES_MAX + 5; n++) {
        snprintf(census.database, sizeof(census.database), "%d", n);
        note(gaps, census);
    }
    assert_int_equal(gaps->reconciled.place_count, RECONCILED_PLACES_MAX);
    assert_int_equal(gaps->reconciled.left_out, 6);
    memory_free(gaps);
}

static void
a_backend_is_one_however_often_it_is_told(void **state PASU_UNUSED)
{
    struct gaps *gaps = gaps_new();
    struct message_bypass bypass = {.began = 5, .seen = 9, .pid = 3, .gateway = "main"};
    const struct ledger_entry entry = {.type = LEDGER_BYPASS, .u.bypass = &bypass};
    const struct message_bypass *known = gaps->reconciled.backends;

    gaps_note(gaps, &entry);
    bypass.seen = 20;
    bypass.is_certain = 1;
    gaps_note(gaps, &entry);
    assert_int_equal(gaps->reconciled.backend_count, 1);
    assert_true(known->seen == 20 && known->is_certain == 1);
    assert_true(reconciled_bypass_concerns(known, 1000, 0));
    bypass.is_over = 1;
    gaps_note(gaps, &entry);
    assert_false(reconciled_bypass_concerns(known, 1000, 0));
    assert_true(reconciled_bypass_concerns(known, 15, 16));
    bypass.began++;
    gaps_note(gaps, &entry);
    assert_int_equal(gaps->reconciled.backend_count, 2);
    for (uint32_t n = 0; n < RECONCILED_BACKENDS_MAX; n++) {
        bypass.pid = 100 + n;
        gaps_note(gaps, &entry);
    }
    assert_int_equal(gaps->reconciled.backend_count, RECONCILED_BACKENDS_MAX);
    assert_int_equal(gaps->reconciled.left_out, 2);
    memory_free(gaps);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_proven_is_a_gap_from_one_census_to_the_next),
        cmocka_unit_test(what_happened_while_pasu_was_stopped_stands_apart),
        cmocka_unit_test(what_is_not_known_is_told_as_that),
        cmocka_unit_test(what_keeps_a_gateway_from_being_asked_lasts_until_it_is),
        cmocka_unit_test(there_is_room_for_so_many_and_the_rest_is_said),
        cmocka_unit_test(a_backend_is_one_however_often_it_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
