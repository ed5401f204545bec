/* SPDX-License-Identifier: Apache-2.0 */
/* A tally of persons whose values were put under others' keys. */
#include "unit.h"

#include "exposure/tally.h"

enum { DAY = 1440, FIRST_DAY = 20000 };

static const struct tally_item item = {7, 0, 1};

static struct tally_limits
limit_of(enum tally_window window, uint64_t persons)
{
    struct tally_limits limits;

    for (int w = 0; w < TALLY_WINDOWS; w++)
        limits.block[w] = limits.alert[w] = UINT64_MAX;
    limits.block[window] = persons;
    return limits;
}

static struct tally_book *
make_book(struct tally **tally)
{
    struct tally_book *book;

    assert_int_equal(tally_book_new(&book), 0);
    assert_int_equal(tally_book_get(book, "analyst", tally), 0);
    return book;
}

/* Whether somebody who was shown before is, still. */
static bool
shows(struct tally *tally, uint32_t now, const struct tally_limits *limits)
{
    struct tally_outcome outcome;

    assert_int_equal(tally_take(tally, now, &item, 1, limits, &outcome), 0);
    return outcome.taken == 1;
}

/* Not those either who were shown before: nobody knows whose values these are by now. */
static void
past_a_limit_nobody_is_taken_in_the_window_of_a_move(void **state PASU_UNUSED)
{
    const uint32_t ends[TALLY_WINDOWS] = {1, 60, DAY, 30 * DAY, 180 * DAY};
    uint64_t known[TALLY_WINDOWS], unknown[TALLY_WINDOWS];
    struct tally_outcome outcome;
    struct tally *tally;
    struct tally_book *book = make_book(&tally);

    for (int w = 0; w < TALLY_WINDOWS; w++) {
        const uint32_t begin = (FIRST_DAY + 1000 * (uint32_t)w) * DAY, last = begin + ends[w] - 1;
        const struct tally_limits limits = limit_of((enum tally_window)w, 2);
        const struct tally_limits larger = limit_of((enum tally_window)w, 7);

        assert_true(shows(tally, begin, &limits));
        assert_int_equal(tally_add_moved(tally, begin, 0, 1, &limits, &outcome), 0);
        assert_int_equal(outcome.blocked_by, -1);
        assert_true(shows(tally, begin, &limits)); /* as many as it may be */
        assert_int_equal(tally_add_moved(tally, begin, 0, 5, &limits, &outcome), 0);
        assert_int_equal(outcome.blocked_by, w);
        assert_int_equal(outcome.taken, 5);
        tally_count(tally, begin, known, unknown);
        assert_int_equal(known[w] + unknown[w], 7);
        assert_false(shows(tally, begin, &limits));
        assert_false(shows(tally, last, &limits));
        assert_int_equal(tally_take_unknown(tally, last, 0, 1, &limits, &outcome), 0);
        assert_int_equal(outcome.taken, 0);
        assert_int_equal(outcome.blocked_by, w);
        assert_true(shows(tally, last, &larger));
        assert_true(shows(tally, last + 1, &limits));
    }
    tally_book_free(book);
}

static void
a_restored_move_is_one(void **state PASU_UNUSED)
{
    const struct tally_limits limits = limit_of(TALLY_DAY, 2);
    const uint32_t at = FIRST_DAY * DAY + 700, ordinal = item.ordinal;
    struct tally *tally;
    struct tally_book *book = make_book(&tally);

    assert_int_equal(tally_restore(tally, at, 0, &ordinal, 1, 5), 0);
    assert_true(shows(tally, at, &limits)); /* a budget that was larger, perhaps */
    tally_restore_moved(tally, at);
    assert_false(shows(tally, at, &limits));
    assert_true(shows(tally, at + DAY, &limits));
    tally_book_free(book);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(past_a_limit_nobody_is_taken_in_the_window_of_a_move),
        cmocka_unit_test(a_restored_move_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
