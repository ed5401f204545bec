/* SPDX-License-Identifier: Apache-2.0 */
/* The order of numbers that are close to each other, and what it says. */
#include "detect/walk.h"

#include "random.h"
#include "unit.h"

#include <math.h>

enum { PLACES = 5, ORDERS = 120, STRANGERS = 800, STEPS = 8 };

static double
best_of(const double ways[WAYS])
{
    double best = ways[0];

    for (size_t i = 1; i < WAYS; i++)
        best = ways[i] > best ? ways[i] : best;
    return best;
}

/* The how manieth order of PLACES: each of the numbers takes one of the ranks that are left. */
static void
order_of(unsigned which, const uint64_t numbers[PLACES], struct order_read reads[PLACES])
{
    uint32_t left[PLACES] = {0, 1, 2, 3, 4};

    for (unsigned i = 0; i < PLACES; i++) {
        unsigned at = which % (PLACES - i);

        which /= PLACES - i;
        reads[i] = (struct order_read){.number = numbers[i], .rank = left[at]};
        memmove(&left[at], &left[at + 1], (PLACES - 1 - at) * sizeof(*left));
    }
}

static void
test_an_e_value_of_an_order_is_one_on_average_over_all_orders(void **state)
{
    static const uint64_t sets[][PLACES] = {
        {7, 8, 9, 10, 11}, {7, 8, 9, 10, 9000}, {1, 2, 5, 6, 7}};

    (void)state;
    for (size_t set = 0; set < COUNT_OF(sets); set++) {
        double sums[WAYS] = {0};

        for (unsigned which = 0; which < ORDERS; which++) {
            struct order_read reads[PLACES];
            double ways[WAYS] = {0};

            order_of(which, sets[set], reads);
            (void)order_ways(reads, PLACES, ways);
            for (size_t i = 0; i < WAYS; i++)
                sums[i] += exp(ways[i]) / ORDERS;
        }
        for (size_t i = 0; i < WAYS; i++)
            assert_true(fabs(sums[i] - 1) < 1e-9);
    }
}

/* Eight numbers that follow each other, at even distances among strangers'. */
static size_t
make_day(struct order_read *reads, uint64_t stride, bool is_walk)
{
    struct random r = {.state = 5};
    uint32_t order[STEPS] = {3, 0, 6, 1, 7, 4, 2, 5};
    size_t count = 0, step = 0;

    for (size_t i = 0; i < STRANGERS; i++) {
        reads[count] = (struct order_read){1 + random_below(&r, 100000), (uint32_t)count};
        count++;
        if (i % (STRANGERS / STEPS) == 50) {
            uint64_t place = is_walk ? step : order[step];

            reads[count] = (struct order_read){200000 + place * stride, (uint32_t)count};
            count++;
            step++;
        }
    }
    return count;
}

static void
test_a_walk_of_eight_among_eight_hundred_shows(void **state)
{
    struct order_read reads[STRANGERS + STEPS];
    static const uint64_t strides[] = {1, 7};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(strides); i++) {
        double ways[WAYS] = {0}, other[WAYS] = {0};
        size_t count = make_day(reads, strides[i], true);

        assert_int_equal(order_ways(reads, count, ways), STEPS);
        assert_true(best_of(ways) > log(200));
        count = make_day(reads, strides[i], false);
        assert_true(order_ways(reads, count, other) < STEPS);
        assert_true(best_of(other) < log(5));
    }
}

static void
test_who_falls_through_the_numbers_walks_too(void **state)
{
    struct order_read reads[STRANGERS + STEPS];
    double ways[WAYS] = {0};
    size_t count = make_day(reads, 1, true);

    (void)state;
    for (size_t i = 0; i < count; i++)
        reads[i].rank = (uint32_t)(count - i);
    assert_int_equal(order_ways(reads, count, ways), STEPS);
    assert_true(best_of(ways) > log(200));
}

static void
test_a_number_that_comes_again_counts_when_it_came_first(void **state)
{
    struct order_read once[] = {{1, 0}, {2, 1}, {3, 2}, {4, 3}};
    struct order_read again[] = {{1, 0}, {2, 1}, {3, 2}, {4, 3}, {1, 4}, {2, 5}, {1, 6}};
    double ways[WAYS] = {0}, same[WAYS] = {0};

    (void)state;
    assert_int_equal(order_ways(once, COUNT_OF(once), ways), 4);
    assert_int_equal(order_ways(again, COUNT_OF(again), same), 4);
    assert_memory_equal(ways, same, sizeof(ways));
    assert_int_equal(order_ways(once, 2, ways), 0); /* two have one order or the other */
    assert_int_equal(order_ways(once, 0, ways), 0);
}

/* A window is looked at when it is full, or when the day is over and there are some. */
static void
test_a_walk_is_looked_at_by_windows(void **state)
{
    static struct walk w;

    (void)state;
    w = (struct walk){.seed = UINT64_C(0x9E3779B97F4A7C15)};
    for (uint64_t i = 0; i < WALK_DEPTH - 1; i++)
        walk_add(&w, 1000 + i);
    walk_look(&w, false);
    assert_int_equal(w.looked, 0);
    walk_add(&w, 1000 + WALK_DEPTH - 1);
    walk_add(&w, 5); /* there is no room for it in this one */
    walk_look(&w, false);
    assert_int_equal(w.looked, WALK_DEPTH);
    assert_int_equal(w.longest, WALK_DEPTH);
    assert_true(w.order[0] > 1000);
    for (uint64_t i = 0; i < 100; i++)
        walk_add(&w, 9000 + i);
    walk_look(&w, true);
    assert_int_equal(w.looked, WALK_DEPTH + 100);
    walk_end_day(&w);
    assert_int_equal(w.looked, 0);
    assert_true(w.order[0] == 0);
    for (uint64_t i = 0; i < 10; i++)
        walk_add(&w, 9500 + i);
    walk_look(&w, true);
    assert_int_equal(w.looked, 0); /* ten are too few */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_e_value_of_an_order_is_one_on_average_over_all_orders),
        cmocka_unit_test(test_a_walk_of_eight_among_eight_hundred_shows),
        cmocka_unit_test(test_who_falls_through_the_numbers_walks_too),
        cmocka_unit_test(test_a_number_that_comes_again_counts_when_it_came_first),
        cmocka_unit_test(test_a_walk_is_looked_at_by_windows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
