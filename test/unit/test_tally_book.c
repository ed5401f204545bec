/* SPDX-License-Identifier: Apache-2.0 */
/* What people are shown of the tallies: everybody's, and who is new today. */
#include "exposure/tally.h"
#include "unit.h"

#include <inttypes.h>

enum { DAY = 1440 };

static int
note_principal(void *arg, const char *principal, struct tally *tally)
{
    uint64_t known[TALLY_WINDOWS], unknown[TALLY_WINDOWS];
    char *text = arg;

    assert_non_null(tally);
    tally_count(tally, DAY, known, unknown);
    snprintf(text + strlen(text), 64 - strlen(text), "%s %" PRIu64 ", ", principal,
             known[TALLY_DAY]);
    return strcmp(principal, "b") == 0 ? 7 : 0;
}

static void
a_walk_over_the_book_gives_everybody_by_name_until_it_is_ended(void **state PASU_UNUSED)
{
    static const char *const names[] = {"c", "a", "b"};
    const struct tally_item item = {.ordinal = 5, .is_row_end = 1};
    struct tally_outcome outcome;
    struct tally_book *book;
    struct tally *tally;
    char text[64] = "";

    assert_int_equal(tally_book_new(&book), 0);
    assert_int_equal(tally_book_each(book, note_principal, text), 0);
    assert_string_equal(text, "");
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_int_equal(tally_book_get(book, names[i], &tally), 0);
    assert_int_equal(tally_take(tally, DAY, &item, 1, NULL, &outcome), 0);
    assert_int_equal(tally_book_each(book, note_principal, text), 7);
    assert_string_equal(text, "a 0, b 1, ");
    tally_book_free(book);
}

static void
fresh_are_those_who_are_shown_for_the_first_time_in_a_day(void **state PASU_UNUSED)
{
    const struct tally_item items[] = {{.ordinal = 1, .is_row_end = 1},
                                       {.ordinal = 2, .is_row_end = 1},
                                       {.ordinal = 1, .is_row_end = 1},
                                       {.ordinal = 3, .is_row_end = 1}};
    const struct tally_limits limits = {
        .block = {UINT64_MAX, UINT64_MAX, 2, UINT64_MAX, UINT64_MAX},
        .alert = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
    };
    struct tally_outcome outcome;
    struct tally_book *book;
    struct tally *tally;

    assert_int_equal(tally_book_new(&book), 0);
    assert_int_equal(tally_book_get(book, "analyst", &tally), 0);
    assert_int_equal(tally_take(tally, DAY, items, COUNT_OF(items), &limits, &outcome), 0);
    assert_int_equal(outcome.taken, 3);
    assert_int_equal(outcome.fresh, 2);
    assert_int_equal(tally_take(tally, DAY + 1, items, 3, &limits, &outcome), 0);
    assert_int_equal(outcome.fresh, 0);
    assert_int_equal(tally_take(tally, 2 * DAY, items, 1, &limits, &outcome), 0);
    assert_int_equal(outcome.fresh, 1);
    tally_book_free(book);
}

static void
each_principal_has_one_tally_of_its_own(void **state PASU_UNUSED)
{
    const struct tally_item item = {1, 0, 1};
    struct tally_book *book;
    struct tally *tallies[100], *tally;
    struct tally_outcome outcome;
    uint64_t known[TALLY_WINDOWS], unknown[TALLY_WINDOWS];
    char name[16];

    assert_int_equal(tally_book_new(&book), 0);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%d", i * 37 % 100);
        assert_int_equal(tally_book_get(book, name, &tallies[i * 37 % 100]), 0);
    }
    assert_int_equal(tally_take(tallies[5], 1, &item, 1, NULL, &outcome), 0);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%d", i);
        assert_int_equal(tally_book_get(book, name, &tally), 0);
        assert_ptr_equal(tally, tallies[i]);
        tally_count(tally, 1, known, unknown);
        assert_int_equal(known[TALLY_DAY], i == 5);
    }
    tally_book_free(book);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_over_the_book_gives_everybody_by_name_until_it_is_ended),
        cmocka_unit_test(each_principal_has_one_tally_of_its_own),
        cmocka_unit_test(fresh_are_those_who_are_shown_for_the_first_time_in_a_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
