/* SPDX-License-Identifier: Apache-2.0 */
/* Values that wait until the index is free: what they take is bounded, and they come in order. */
#include "breach/index_later.h"

#include "index_answer.h"

static int
put(struct index_later *later, uint64_t number, uint64_t value)
{
    struct pack pack = {0};

    pack_number(&pack, value);
    return index_later_put(later, index_key_session(INDEX_SHAPE, number), &pack);
}

static uint64_t
get(struct index *index, uint64_t number)
{
    struct index_key key = index_key_session(INDEX_SHAPE, number);
    struct view value;
    struct reader r;

    assert_int_equal(index_get(index, INDEX_MAIN, index_key_view(&key), &value), 0);
    r = reader_of(value);
    return unpack_number(&r);
}

/* Of a byte each, of which a ledger can have any number: openings are such. */
static void
short_values_are_counted_with_all_that_they_take(void **state PASU_UNUSED)
{
    enum { OVERHEAD = 16 };
    struct index_later later = {0};
    uint64_t count = 0;

    for (; !index_later_is_full(&later); count++) {
        assert_true(count < INDEX_LATER_MAX / 10);
        assert_int_equal(put(&later, count, 1), 0);
    }
    assert_true(count > INDEX_LATER_MAX / (10 + OVERHEAD));
    assert_true(later.waiting.space <= 2 * (size_t)INDEX_LATER_MAX);
    index_later_release(&later);
}

static void
long_ones_do_not_keep_their_memory(void **state PASU_UNUSED)
{
    struct index_later later = {0};
    struct index *index;
    struct pack large = {0};

    assert_int_equal(index_make(&index, index_place, NULL), 0);
    assert_non_null(pack_room(&large, 3 * (size_t)INDEX_LATER_MAX));
    memset(large.bytes, 7, 3 * (size_t)INDEX_LATER_MAX);
    large.used = 3 * (size_t)INDEX_LATER_MAX;
    assert_int_equal(index_later_put(&later, index_key_letter('S'), &large), 0);
    assert_null(large.bytes);
    assert_true(index_later_is_full(&later));
    assert_int_equal(index_later_write(&later, index), 0);
    assert_int_equal(later.waiting.space, 0);
    index_discard(index, index_place);
}

static void
they_come_in_order_and_once(void **state PASU_UNUSED)
{
    enum { COUNT = 1000 };
    struct index_later later = {0};
    struct index *index;

    assert_int_equal(index_make(&index, index_place, NULL), 0);
    for (uint64_t round = 1; round <= 2; round++) {
        struct pack failed = {.failed = true};

        for (uint64_t n = 0; n < COUNT; n++)
            assert_int_equal(put(&later, n, n * round), 0);
        assert_int_equal(put(&later, 7, 5000 + round), 0); /* the last word counts */
        assert_int_equal(index_later_put(&later, index_key_letter('S'), &failed), PASU_E_NOMEM);
        assert_int_equal(index_later_write(&later, index), 0);
        for (uint64_t n = 0; n < COUNT; n++)
            assert_int_equal(get(index, n), n == 7 ? 5000 + round : n * round);
    }
    assert_int_equal(index_put(index, INDEX_MAIN, VIEW("x"), VIEW("")), 0);
    assert_int_equal(index_later_write(&later, index), 0);
    assert_int_equal(get(index, 8), 16);
    index_later_release(&later);
    index_discard(index, index_place);
}

/* Without memory nothing of the value waits, and what waited still does. */
static void
what_there_is_no_memory_for_is_left_out_whole(void **state PASU_UNUSED)
{
    struct index_later later = {0};
    struct index *index;
    uint64_t done = 0;
    int result = 0;

    assert_int_equal(index_make(&index, index_place, NULL), 0);
    while (result == 0) {
        struct pack pack = {0};

        pack_number(&pack, done);
        memory_fail_at(1);
        result = index_later_put(&later, index_key_session(INDEX_SHAPE, done), &pack);
        memory_fail_at(0);
        if (result != 0 && done == 0) { /* the first of all needs some */
            result = put(&later, done, done);
            assert_int_equal(result, 0);
        }
        done += result == 0;
    }
    assert_int_equal(result, PASU_E_NOMEM);
    assert_true(done > 10);
    assert_int_equal(put(&later, done, done), 0);
    assert_int_equal(index_later_write(&later, index), 0);
    for (uint64_t n = 0; n <= done; n++)
        assert_int_equal(get(index, n), n);
    index_later_release(&later);
    index_discard(index, index_place);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_values_are_counted_with_all_that_they_take),
        cmocka_unit_test(long_ones_do_not_keep_their_memory),
        cmocka_unit_test(they_come_in_order_and_once),
        cmocka_unit_test(what_there_is_no_memory_for_is_left_out_whole),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
