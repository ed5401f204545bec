/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/map.h"
#include "breach/persons.h"
#include "unit.h"

enum { NAMES = 700, STEPS = 300000 };

static void
a_map_agrees_with_an_array_whatever_is_done(void **state PASU_UNUSED)
{
    static struct {
        bool is_there;
        uint32_t value;
    } naive[NAMES];
    struct map map = {.seed = 1234};
    uint64_t seed = 88172645463325252u;
    size_t count = 0;

    for (uint32_t step = 0; step < STEPS; step++) {
        size_t name;
        uint64_t key;
        uint32_t value = 0;

        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        name = (seed >> 20) % NAMES;
        key = name << 40; /* 0 too */
        assert_int_equal(map_get(&map, key, &value), naive[name].is_there);
        if (naive[name].is_there)
            assert_int_equal(value, naive[name].value);
        if ((seed & 3) == 0) {
            map_remove(&map, key);
            count -= naive[name].is_there;
            naive[name].is_there = false;
        } else {
            assert_int_equal(map_put(&map, key, step), 0);
            count += !naive[name].is_there;
            naive[name].is_there = true;
            naive[name].value = step;
        }
        assert_int_equal(map.count, count);
    }
    map_release(&map);
}

static int
add_up(void *arg, uint32_t ordinal)
{
    uint64_t *sum = arg;

    *sum = *sum * 31 + ordinal;
    return ordinal == 77 ? 5 : 0;
}

static void
nobody_is_an_empty_set(void **state PASU_UNUSED)
{
    struct persons *set = NULL;
    uint64_t sum = 0;

    assert_int_equal(persons_add(&set, NULL, 0), 0);
    assert_int_equal(persons_unite(&set, NULL), 0);
    assert_null(set);
    assert_int_equal(persons_count(NULL), 0);
    assert_int_equal(persons_count_union(NULL, NULL), 0);
    assert_false(persons_has(NULL, 0));
    assert_int_equal(persons_each(NULL, add_up, &sum), 0);
    persons_free(NULL);
}

static void
persons_are_united_counted_and_listed_in_order(void **state PASU_UNUSED)
{
    const uint32_t first[] = {7, 0, UINT32_MAX, 7}, second[] = {8, 7};
    struct persons *a = NULL, *b = NULL;
    uint64_t sum = 0;

    assert_int_equal(persons_add(&a, first, COUNT_OF(first)), 0);
    assert_int_equal(persons_add(&b, second, COUNT_OF(second)), 0);
    assert_int_equal(persons_count(a), 3);
    assert_int_equal(persons_count_union(a, b), 4);
    assert_int_equal(persons_count_union(NULL, b), 2);
    assert_int_equal(persons_unite(&a, b), 0);
    assert_int_equal(persons_count(a), 4);
    assert_int_equal(persons_count(b), 2);
    assert_true(persons_has(a, UINT32_MAX) && persons_has(a, 0) && !persons_has(a, 1));
    assert_int_equal(persons_each(a, add_up, &sum), 0);
    assert_true(sum == (UINT64_C(7) * 31 + 8) * 31 + UINT32_MAX);
    assert_int_equal(persons_add(&a, (const uint32_t[]){77}, 1), 0);
    assert_int_equal(persons_each(a, add_up, &sum), 5);
    persons_free(a);
    persons_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_agrees_with_an_array_whatever_is_done),
        cmocka_unit_test(nobody_is_an_empty_set),
        cmocka_unit_test(persons_are_united_counted_and_listed_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
