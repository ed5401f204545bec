/* SPDX-License-Identifier: Apache-2.0 */
/* A rewritten text is taken only if its columns are where they were meant to be, and all else is as
 * it was. */
#include "big_stack.h"
#include "postgres/plan_rewrite.h"
#include "unit.h"

static const char text[] =
    "SELECT a, (SELECT b, c FROM u), s.* FROM t, (SELECT d FROM v) s ORDER BY 2";

struct stage {
    struct plan_work work;
    struct arena keep;
    struct rewrite rewrite;
    struct plan plan;
    const PgQuery__SelectStmt *select;
    struct target_list outer, inner;
};

static void
begin(struct stage *stage)
{
    PgQuery__ParseResult *tree;

    memset(stage, 0, sizeof(*stage));
    arena_init(&stage->work.memory, 1 << 16);
    arena_init(&stage->keep, 1 << 12);
    stage->work.keep = &stage->keep;
    stage->work.text = text;
    stage->work.length = strlen(text);
    assert_int_equal(sql_scan(&stage->work.memory, text, PLAN_TOKENS_MAX, &stage->work.tokens), 0);
    assert_int_equal(sql_parse(&stage->work.memory, text, &tree), 0);
    stage->select = tree->stmts[0]->stmt->select_stmt;
    stage->outer = (struct target_list){stage->select->target_list, stage->select->n_target_list};
    stage->inner.targets =
        stage->outer.targets[1]->res_target->val->sub_link->subselect->select_stmt->target_list;
    stage->inner.count = 2;
    assert_true(rewrite_star(&stage->work, &stage->rewrite, &stage->outer, 2, "s.d", 0));
    assert_true(rewrite_add_last(&stage->work, &stage->rewrite, &stage->inner, "u.k AS h1"));
    assert_true(rewrite_add_first(&stage->work, &stage->rewrite, &stage->outer,
                                  "t.k AS h2, NULL::pg_catalog.int8 AS h3"));
    assert_true(rewrite_ordinals(&stage->work, &stage->rewrite, stage->select->sort_clause,
                                 stage->select->n_sort_clause, 3, 2));
}

static bool
end(struct stage *stage, char *rewritten, size_t size)
{
    bool is_taken = rewrite_apply(&stage->work, &stage->rewrite, &stage->plan);

    snprintf(rewritten, size, "%.*s", (int)stage->plan.rewritten.length,
             is_taken ? (const char *)stage->plan.rewritten.bytes : "");
    arena_release(&stage->work.memory);
    arena_release(&stage->keep);
    return is_taken;
}

static void
what_is_where_it_was_meant_to_be_is_taken(void **state PASU_UNUSED)
{
    struct stage stage;
    char rewritten[512];

    begin(&stage);
    assert_true(end(&stage, rewritten, sizeof(rewritten)));
    assert_string_equal(rewritten, "SELECT t.k AS h2, NULL::pg_catalog.int8 AS h3, a, "
                                   "(SELECT b, c, u.k AS h1 FROM u), s.d "
                                   "FROM t, (SELECT d FROM v) s ORDER BY 4");
}

/* The columns of the inner query, put into the outer one. */
static void
columns_in_another_list_are_not(void **state PASU_UNUSED)
{
    struct stage stage;
    char rewritten[512];

    begin(&stage);
    ((struct edit *)(uintptr_t)stage.rewrite.insertions->next->edit)->at =
        (uint32_t)(strstr(text, ", s.*") - text);
    assert_false(end(&stage, rewritten, sizeof(rewritten)));
}

static void
columns_beside_another_target_are_not(void **state PASU_UNUSED)
{
    struct stage stage;
    char rewritten[512];

    begin(&stage);
    stage.rewrite.insertions->next->beside -= 3; /* behind b, not c */
    assert_false(end(&stage, rewritten, sizeof(rewritten)));
    begin(&stage);
    stage.rewrite.insertions->beside += 3;
    assert_false(end(&stage, rewritten, sizeof(rewritten)));
    begin(&stage);
    stage.rewrite.insertions->is_first = false;
    assert_false(end(&stage, rewritten, sizeof(rewritten)));
}

static void
other_columns_are_not(void **state PASU_UNUSED)
{
    struct stage stage;
    char rewritten[512];

    begin(&stage);
    stage.rewrite.insertions->columns = "t.k AS h2, NULL::pg_catalog.int4 AS h3";
    assert_false(end(&stage, rewritten, sizeof(rewritten)));
    begin(&stage);
    stage.rewrite.insertions->columns = "t.k AS h2";
    assert_false(end(&stage, rewritten, sizeof(rewritten)));
}

static void
a_text_that_says_more_is_not(void **state PASU_UNUSED)
{
    static const char *const more[] = {"t.k AS h2, NULL::pg_catalog.int8 AS h3, x, ",
                                       "t.k AS h2, NULL::pg_catalog.int8 AS h3, -",
                                       "DISTINCT t.k AS h2, NULL::pg_catalog.int8 AS h3, ",
                                       "t.k AS h2, NULL::pg_catalog.int8 AS h3 FROM x; SELECT "};
    struct stage stage;
    char rewritten[512];

    for (size_t i = 0; i < COUNT_OF(more); i++) {
        begin(&stage);
        stage.rewrite.growth += 64;
        ((struct edit *)(uintptr_t)stage.rewrite.insertions->edit)->inserted = more[i];
        assert_false(end(&stage, rewritten, sizeof(rewritten)));
    }
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_where_it_was_meant_to_be_is_taken),
        cmocka_unit_test(columns_in_another_list_are_not),
        cmocka_unit_test(columns_beside_another_target_are_not),
        cmocka_unit_test(other_columns_are_not),
        cmocka_unit_test(a_text_that_says_more_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
