/* SPDX-License-Identifier: Apache-2.0 */
/* How often each has asked, against plain arrays; and where small sets of hashes have one. */
#include "detect/hashes.h"
#include "detect/requests.h"

#include "random.h"
#include "unit.h"

enum { KEYS = 5000, TIMES = 40000, MOST = 5000 };

static int
count_one(struct requests *t, uint64_t key, size_t limit, size_t *held)
{
    return requests_room(t) > 0 && requests_count(t, key) ? 1 : requests_add(t, key, limit, held);
}

static void
test_requests_are_counted_and_forgotten_with_the_day(void **state PASU_UNUSED)
{
    static uint64_t keys[KEYS];
    struct random random = {3};
    struct requests t = {0};
    size_t held = 0;

    for (size_t i = 0; i < KEYS; i++)
        keys[i] = i % 7 == 0 ? UINT64_C(0xABCDEF) << 40 | (uint64_t)i << REQUESTS_BITS | 1
                             : random_u64(&random); /* some begin at one place */
    for (unsigned day = 0; day < 3; day++) {
        uint64_t due[KEYS] = {0};

        for (size_t i = 0; i < TIMES; i++) {
            size_t k = random_below(&random, KEYS / (1 + day));

            due[k]++;
            assert_int_equal(count_one(&t, keys[k], SIZE_MAX, &held), 1);
        }
        for (size_t k = 0; k < KEYS; k++)
            assert_true(requests_of(&t, keys[k]) == due[k]);
        assert_int_equal(held, t.size * sizeof(*t.counts));
        requests_clear(&t, &held);
        for (size_t k = 0; k < KEYS; k++)
            assert_true(requests_of(&t, keys[k]) == 0);
    }
    assert_true(t.size > 0); /* it was needed, and is kept */
    assert_int_equal(count_one(&t, keys[0], SIZE_MAX, &held), 1);
    requests_clear(&t, &held);
    assert_int_equal(t.size, 0); /* for one that is too much */
    assert_int_equal(held, 0);
}

static void
test_requests_take_no_more_than_they_may(void **state PASU_UNUSED)
{
    struct random random = {4};
    struct requests t = {0};
    const size_t limit = 1024 * sizeof(*t.counts);
    size_t held = 0, uncounted = 0;
    uint64_t first = random_u64(&random);

    assert_int_equal(count_one(&t, first, limit, &held), 1);
    for (size_t i = 0; i < KEYS; i++) {
        int counted = count_one(&t, random_u64(&random), limit, &held);

        assert_true(counted >= 0 && held <= limit);
        uncounted += counted == 0;
    }
    assert_int_equal(uncounted, KEYS + 1 - 768);
    assert_int_equal(count_one(&t, first, limit, &held), 1); /* whom there is room for goes on */
    assert_true(requests_of(&t, first) == 2);
    requests_release(&t, &held);
    assert_int_equal(held, 0);
}

static void
test_who_asks_very_often_is_counted_in_full(void **state PASU_UNUSED)
{
    struct random random = {5};
    struct requests t = {0};
    uint64_t keys[40], due[COUNT_OF(keys)];
    size_t held = 0;

    for (size_t k = 0; k < COUNT_OF(keys); k++) {
        keys[k] = random_u64(&random);
        due[k] = REQUESTS_MOST * (k % 3) + k % 5;
        for (uint64_t i = 0; i < due[k]; i++)
            assert_int_equal(count_one(&t, keys[k], SIZE_MAX, &held), 1);
    }
    for (size_t k = 0; k < COUNT_OF(keys); k++)
        assert_true(requests_of(&t, keys[k]) == due[k]);
    requests_clear(&t, &held);
    for (size_t k = 0; k < COUNT_OF(keys); k++)
        assert_true(requests_of(&t, keys[k]) == 0);
    for (size_t k = 0; k < COUNT_OF(keys); k++) /* the next day begins at 0 */
        assert_int_equal(count_one(&t, keys[k], SIZE_MAX, &held), 1);
    for (size_t k = 0; k < COUNT_OF(keys); k++)
        assert_true(requests_of(&t, keys[k]) == 1);
    requests_release(&t, &held);
    assert_int_equal(held, 0);
}

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Spread evenly, crowded at one end, few and many. */
static void
test_a_hash_is_where_the_smaller_ones_end(void **state PASU_UNUSED)
{
    static uint64_t hashes[MOST];
    struct random random = {5};

    for (unsigned round = 0; round < 300; round++) {
        size_t count = random_below(&random, round % 3 == 0 ? MOST : 300);

        for (size_t i = 0; i < count; i++)
            hashes[i] = random_u64(&random) >> (round % 4 == 0   ? random_below(&random, 63)
                                                : round % 4 == 1 ? 40
                                                                 : 0);
        qsort(hashes, count, sizeof(hashes[0]), compare);
        for (unsigned ask = 0; ask < 100; ask++) {
            uint64_t hash = random_u64(&random) >> random_below(&random, 60);
            size_t due = 0;

            if (ask % 2 == 0 && count > 0)
                hash = hashes[random_below(&random, (uint32_t)count)] + ask % 3 - 1;
            if (ask == 1)
                hash = UINT64_MAX;
            while (due < count && hashes[due] < hash)
                due++;
            assert_int_equal(hashes_find(hashes, count, hash), due);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_are_counted_and_forgotten_with_the_day),
        cmocka_unit_test(test_requests_take_no_more_than_they_may),
        cmocka_unit_test(test_who_asks_very_often_is_counted_in_full),
        cmocka_unit_test(test_a_hash_is_where_the_smaller_ones_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
