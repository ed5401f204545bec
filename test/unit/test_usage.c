/* SPDX-License-Identifier: Apache-2.0 */
/* Which shapes were run: the same as a list says, as long as there is room, and never one that was
 * not. */
#include "exposure/usage.h"

#include "random.h"
#include "unit.h"

static _Atomic uint64_t bytes;

static void
it_has_what_was_added_and_nothing_else(void **state PASU_UNUSED)
{
    enum { SHAPES = 5000 };
    static uint64_t shapes[SHAPES];
    struct random random = {.state = 5};
    struct usage usage;

    usage_init(&usage, &bytes);
    assert_false(usage_has(&usage, 1));
    for (size_t i = 0; i < SHAPES; i++) {
        shapes[i] = i % 3 ? 1 + i : random_u64(&random) | 1;
        assert_int_equal(usage_add(&usage, shapes[i]), 0);
        assert_int_equal(usage_add(&usage, shapes[i]), 0);
    }
    for (size_t i = 0; i < SHAPES; i++)
        assert_true(usage_has(&usage, shapes[i]));
    for (size_t i = 0; i < SHAPES; i++)
        assert_false(usage_has(&usage, random_u64(&random) & ~UINT64_C(1)));
    assert_true(usage.count <= SHAPES);
    usage_release(&usage);
}

static void
what_finds_no_place_stays_new(void **state PASU_UNUSED)
{
    struct usage usage;
    uint64_t shape = 1;

    usage_init(&usage, &bytes);
    while (usage_add(&usage, shape) == 0)
        shape++;
    assert_true(usage.count <= USAGE_MAX && usage.count > USAGE_MAX / 2);
    assert_true(usage.size * sizeof(uint64_t) <= 2 * USAGE_MAX * sizeof(uint64_t));
    assert_false(usage_has(&usage, shape));
    assert_int_equal(usage_add(&usage, shape), PASU_E_RANGE);
    assert_false(usage_has(&usage, shape));
    assert_true(usage_has(&usage, 1));
    usage_release(&usage);
}

static void
only_what_was_let_pass_is_a_use(void **state PASU_UNUSED)
{
    struct exposure e = {.shape = 7};

    assert_false(usage_is_use(&e)); /* refused, denied, only judged */
    e.flags = FLAG_BIT(REFUSED);
    assert_false(usage_is_use(&e));
    e.flags = FLAG_BIT(FIRST_USE);
    assert_true(usage_is_use(&e));
    e.verdict = VERDICT_OF_BLOCK; /* by a budget, and nothing was shown */
    assert_false(usage_is_use(&e));
    e.flags = 0;
    e.part_count = 1;
    assert_true(usage_is_use(&e));
    e.shape = 0;
    assert_false(usage_is_use(&e));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_what_was_added_and_nothing_else),
        cmocka_unit_test(what_finds_no_place_stays_new),
        cmocka_unit_test(only_what_was_let_pass_is_a_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
