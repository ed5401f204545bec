/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that were inserted and are not counted yet. Without a catalog every kind can be meant. */
#include "gate/growth.h"
#include "unit.h"

/* Kinds 0 and 1 have changed places, as after a reload that names them the other way round. */
static const uint8_t slots[CATALOG_KINDS_MAX] = {1, 0, 2};

static void
add(struct growth *g, struct growth_share *share, const char *tag)
{
    growth_add(g, share, NULL, slots, NULL, view_of(tag, strlen(tag) + 1));
}

static void
rows_count_at_once_and_until_a_count_has_seen_them(void **state PASU_UNUSED)
{
    struct growth g = {0};
    struct catalog_seen seen = {0};
    struct growth_share share = {0};
    struct growth_sight sight;

    add(&g, &share, "INSERT 0 500");
    assert_int_equal(growth_of(&g, &seen, 1), 500);
    growth_look(&g, &seen, &sight); /* not committed: no count can see them */
    assert_int_equal(sight.fresh[1], 0);
    growth_counted(&seen, &sight);
    assert_int_equal(growth_of(&g, &seen, 1), 500);
    growth_settle(&g, &share);
    assert_int_equal(growth_of(&g, &seen, 1), 500);
    growth_look(&g, &seen, &sight);
    assert_int_equal(sight.fresh[1], 500);
    add(&g, &share, "COPY 7"); /* while it is being counted */
    growth_settle(&g, &share);
    growth_counted(&seen, &sight);
    assert_int_equal(growth_of(&g, &seen, 1), 7);
}

static void
what_others_have_not_committed_stays_when_some_is_counted(void **state PASU_UNUSED)
{
    struct growth g = {0};
    struct catalog_seen seen = {0};
    struct growth_share one = {0}, other = {0};
    struct growth_sight sight;

    add(&g, &one, "INSERT 0 10");
    add(&g, &other, "MERGE 4");
    growth_settle(&g, &one);
    growth_look(&g, &seen, &sight);
    growth_counted(&seen, &sight);
    assert_int_equal(growth_of(&g, &seen, 0), 4);
    growth_settle(&g, &other);
    growth_settle(&g, &other); /* once */
    growth_look(&g, &seen, &sight);
    assert_int_equal(sight.fresh[0], 4);
    growth_counted(&seen, &sight);
    assert_int_equal(growth_of(&g, &seen, 0), 0);
}

static void
only_tags_of_new_rows_count(void **state PASU_UNUSED)
{
    static const char *const tags[] = {"UPDATE 5", "SELECT 5",  "DELETE 5", "INSERT 0 0",
                                       "INSERT",   "INSERT 0 ", "COPY",     "COPY x",
                                       "",         "FETCH 5"};
    struct growth g = {0};
    struct catalog_seen seen = {0};
    struct growth_share share = {0};

    for (size_t i = 0; i < COUNT_OF(tags); i++)
        add(&g, &share, tags[i]);
    assert_int_equal(growth_of(&g, &seen, 0), 0);
    assert_false(share.is_any);
    add(&g, &share, "INSERT 0 99999999999999999999999");
    assert_int_equal(growth_of(&g, &seen, 0), UINT32_MAX);
}

static void
each_place_sees_for_itself(void **state PASU_UNUSED)
{
    struct growth g = {0};
    struct catalog_seen one = {0}, other = {0};
    struct growth_share share = {0};
    struct growth_sight sight;
    uint64_t fresh[CATALOG_KINDS_MAX];

    add(&g, &share, "INSERT 0 10");
    growth_settle(&g, &share);
    growth_look(&g, &one, &sight);
    sight.fresh[1] = 9;
    growth_fresh(&sight, slots, fresh);
    assert_true(fresh[0] == 9 && fresh[1] == 10 && fresh[2] == 10);
    growth_counted(&one, &sight);
    assert_int_equal(growth_of(&g, &one, 0), 0);
    assert_int_equal(growth_of(&g, &other, 0), 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_count_at_once_and_until_a_count_has_seen_them),
        cmocka_unit_test(what_others_have_not_committed_stays_when_some_is_counted),
        cmocka_unit_test(each_place_sees_for_itself),
        cmocka_unit_test(only_tags_of_new_rows_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
