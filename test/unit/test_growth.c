/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that were inserted and are not counted yet. Without a catalog every kind can be meant. */
#include "gate/growth.h"
#include "unit.h"

static void
add(struct growth *g, struct growth_share *share, const char *tag)
{
    growth_add(g, share, NULL, NULL, view_of(tag, strlen(tag) + 1));
}

static void
rows_count_at_once_and_until_a_count_has_seen_them(void **state PASU_UNUSED)
{
    struct growth g = {0};
    struct growth_share share = {0};
    struct growth_sight sight;

    add(&g, &share, "INSERT 0 500");
    assert_int_equal(growth_of(&g, 1), 500);
    growth_look(&g, &sight); /* not committed: no count can see them */
    assert_int_equal(sight.fresh[1], 0);
    growth_counted(&g, &sight);
    assert_int_equal(growth_of(&g, 1), 500);
    growth_settle(&g, &share);
    assert_int_equal(growth_of(&g, 1), 500);
    growth_look(&g, &sight);
    assert_int_equal(sight.fresh[1], 500);
    add(&g, &share, "COPY 7"); /* while it is being counted */
    growth_settle(&g, &share);
    growth_counted(&g, &sight);
    assert_int_equal(growth_of(&g, 1), 7);
}

static void
what_others_have_not_committed_stays_when_some_is_counted(void **state PASU_UNUSED)
{
    struct growth g = {0};
    struct growth_share one = {0}, other = {0};
    struct growth_sight sight;

    add(&g, &one, "INSERT 0 10");
    add(&g, &other, "MERGE 4");
    growth_settle(&g, &one);
    growth_look(&g, &sight);
    growth_counted(&g, &sight);
    assert_int_equal(growth_of(&g, 0), 4);
    growth_settle(&g, &other);
    growth_settle(&g, &other); /* once */
    growth_look(&g, &sight);
    assert_int_equal(sight.fresh[0], 4);
    growth_counted(&g, &sight);
    assert_int_equal(growth_of(&g, 0), 0);
}

static void
only_tags_of_new_rows_count(void **state PASU_UNUSED)
{
    static const char *const tags[] = {"UPDATE 5", "SELECT 5",  "DELETE 5", "INSERT 0 0",
                                       "INSERT",   "INSERT 0 ", "COPY",     "COPY x",
                                       "",         "FETCH 5"};
    struct growth g = {0};
    struct growth_share share = {0};

    for (size_t i = 0; i < COUNT_OF(tags); i++)
        add(&g, &share, tags[i]);
    assert_int_equal(growth_of(&g, 0), 0);
    assert_false(share.is_any);
    add(&g, &share, "INSERT 0 99999999999999999999999");
    assert_int_equal(growth_of(&g, 0), UINT32_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_count_at_once_and_until_a_count_has_seen_them),
        cmocka_unit_test(what_others_have_not_committed_stays_when_some_is_counted),
        cmocka_unit_test(only_tags_of_new_rows_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
