/* SPDX-License-Identifier: Apache-2.0 */
/* Two trees are told apart by everything but where things stand. */
#include "postgres/sql.h"
#include "unit.h"

static struct arena arena;

static PgQuery__ParseResult *
tree_of(const char *text)
{
    PgQuery__ParseResult *tree;

    assert_int_equal(sql_parse(&arena, text, &tree), 0);
    return tree;
}

static const PgQuery__SelectStmt *
select_of(const PgQuery__ParseResult *tree)
{
    return tree->stmts[0]->stmt->select_stmt;
}

static bool
is_changed(const char *old, const char *new, const struct sql_change *changes)
{
    return sql_is_changed(tree_of(old), tree_of(new), changes);
}

static void
trees_are_the_same_wherever_their_parts_stand(void **state PASU_UNUSED)
{
    assert_true(is_changed("SELECT a, 'x' FROM t; SELECT 1",
                           "/* */ select  a\n, 'x' from T;\n\nSELECT 1 ;", NULL));
}

static void
every_other_difference_is_seen(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "SELECT a FROM t WHERE b = 1",
        "SELECT a FROM t WHERE b = 2",
        "SELECT a FROM t WHERE b = '1'",
        "SELECT a FROM t WHERE b = 1.0",
        "SELECT a FROM t WHERE b = $1",
        "SELECT a FROM t WHERE b = $2",
        "SELECT a FROM t WHERE b <> 1",
        "SELECT a FROM t WHERE c = 1",
        "SELECT a FROM u WHERE b = 1",
        "SELECT a FROM s.t WHERE b = 1",
        "SELECT a FROM ONLY t WHERE b = 1",
        "SELECT a AS x FROM t WHERE b = 1",
        "SELECT a, a FROM t WHERE b = 1",
        "SELECT * FROM t WHERE b = 1",
        "SELECT a FROM t WHERE b = 1 AND true",
        "SELECT a FROM t WHERE b = 1 OR true",
        "SELECT a FROM t WHERE b IS NULL",
        "SELECT a FROM t WHERE b IS NOT NULL",
        "SELECT DISTINCT a FROM t WHERE b = 1",
        "SELECT a FROM t WHERE b = 1 ORDER BY 1",
        "SELECT a FROM t WHERE b = 1 ORDER BY 1 DESC",
        "SELECT a FROM t WHERE b = 1 LIMIT 1",
        "SELECT a FROM t WHERE b = 1 FOR UPDATE",
        "SELECT a FROM t WHERE b = 1; SELECT 1",
        "SELECT a INTO x FROM t WHERE b = 1",
        "SELECT a FROM t WHERE b = 1 UNION SELECT 1",
        "SELECT a FROM t WHERE b = 1 UNION ALL SELECT 1",
        "DELETE FROM t WHERE b = 1 RETURNING a",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        for (size_t k = 0; k < COUNT_OF(texts); k++)
            if (is_changed(texts[i], texts[k], NULL) != (i == k))
                fail_msg("%s\n%s", texts[i], texts[k]);
}

static void
just_the_changes_that_were_told_are_taken(void **state PASU_UNUSED)
{
    const PgQuery__ParseResult *old = tree_of("SELECT (SELECT a FROM t), b, * FROM u");
    const PgQuery__SelectStmt *more = select_of(tree_of("SELECT x, y"));
    PgQuery__Node *const *targets = select_of(old)->target_list;
    const PgQuery__Node *inner = targets[0]->res_target->val->sub_link->subselect;
    struct sql_change changes[] = {
        {.next = &changes[1],
         .node = targets[0],
         .before = more->target_list,
         .before_count = more->n_target_list},
        {.next = &changes[2],
         .node = inner->select_stmt->target_list[0],
         .after = more->target_list,
         .after_count = 1},
        {.node = targets[2],
         .instead = more->target_list,
         .instead_count = 2,
         .after = more->target_list,
         .after_count = 1},
    };
    static const char *const wrong[] = {
        "SELECT (SELECT a FROM t), b, * FROM u",
        "SELECT x, y, (SELECT a FROM t), b, x, y, x FROM u",
        "SELECT x, y, (SELECT a, x FROM t), b, *, x FROM u",
        "SELECT x, y, (SELECT a, x FROM t), b, x, y FROM u",
        "SELECT x, y, (SELECT a, y FROM t), b, x, y, x FROM u",
        "SELECT x, (SELECT a, x FROM t), b, x, y, x FROM u",
        "SELECT y, x, (SELECT a, x FROM t), b, x, y, x FROM u",
        "SELECT x, y, (SELECT x, a FROM t), b, x, y, x FROM u",
        "SELECT x, y, (SELECT a, x FROM t), b, x, y, x, x FROM u",
    };

    assert_true(sql_is_changed(old, tree_of("SELECT x, y, (SELECT a, x FROM t), b, x, y, x FROM u"),
                               changes));
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (sql_is_changed(old, tree_of(wrong[i]), changes))
            fail_msg("%s", wrong[i]);
}

static void
strings_are_found_however_they_are_written(void **state PASU_UNUSED)
{
    static const char *const parts[] = {"nothing", "hidden"};
    static const char *const with[] = {
        "SELECT (SELECT 1 AS hidden_1)",
        "SELECT 1 AS HIDDEN",
        "SELECT U&\"hid\\0064en\" FROM t",
        "SELECT 1 FROM t AS s(a, hidden)",
    };

    for (size_t i = 0; i < COUNT_OF(with); i++)
        assert_true(sql_has_string(&tree_of(with[i])->base, parts, 2));
    assert_false(sql_has_string(&tree_of("SELECT /* hidden */ 1 FROM t")->base, parts, 2));
    assert_false(sql_has_string(&tree_of("SELECT hidden FROM t")->base, parts, 1));
}

static int
begin(void **state PASU_UNUSED)
{
    arena_init(&arena, 1 << 16);
    return 0;
}

static int
end(void **state PASU_UNUSED)
{
    arena_release(&arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_the_same_wherever_their_parts_stand),
        cmocka_unit_test(every_other_difference_is_seen),
        cmocka_unit_test(just_the_changes_that_were_told_are_taken),
        cmocka_unit_test(strings_are_found_however_they_are_written),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
