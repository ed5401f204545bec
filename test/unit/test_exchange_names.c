/* SPDX-License-Identifier: Apache-2.0 */
/* What a name is expected to stand for while SQL that gives and takes names waits in the queue. */
#include "postgres/exchange.h"
#include "unit.h"

static const struct plan_environment environment = {.role = "app", .is_plain_dialect = true};

static struct exchange_request *
add(struct exchange *x, enum exchange_step step, const char *name, const char *text)
{
    struct exchange_request *request = exchange_add(x, step);

    assert_non_null(request);
    snprintf(request->name, sizeof(request->name), "%s", name);
    if (text) {
        assert_int_equal(plan_new(&request->plan, view_of_text(text), &environment), 0);
        request->bound = &request->plan->statements[0];
    }
    return request;
}

/* Each text is run by a Query, or by Bind and Execute. */
static void
ask(struct exchange *x, const char *text, bool by_messages)
{
    if (by_messages)
        add(x, STEP_BIND, "", text);
    exchange_note_names(
        x, add(x, by_messages ? STEP_EXECUTE : STEP_QUERY, "", by_messages ? NULL : text));
}

static void
names_that_waiting_sql_gives_and_takes_are_expected(void **state PASU_UNUSED)
{
    static const struct {
        const char *texts[4];
        const char *expected; /* NULL: nothing; else the beginning of the plan's text */
    } cases[] = {
        {{"SELECT 1"}, "SELECT name"},
        {{"DEALLOCATE b", "PREPARE b AS SELECT 7"}, "SELECT name"},
        {{"DEALLOCATE a"}, NULL},
        {{"DEALLOCATE ALL"}, NULL},
        {{"DISCARD ALL"}, NULL},
        {{"DEALLOCATE a", "PREPARE a AS SELECT 7"}, "PREPARE a"},
        {{"DEALLOCATE a", "PREPARE a AS SELECT 7", "DEALLOCATE ALL"}, NULL},
    };

    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        const char *expected = cases[i / 2].expected;
        const struct plan_statement *meant;
        const struct plan *plan;
        struct exchange x = {0};
        struct view types;

        add(&x, STEP_PARSE, "a", "SELECT name FROM customers");
        for (const char *const *text = cases[i / 2].texts; *text; text++)
            ask(&x, *text, i % 2);
        plan = exchange_expected(&x, "a", &meant, &types);
        assert_int_equal(plan != NULL, expected != NULL);
        assert_int_equal(meant != NULL, expected != NULL);
        if (plan)
            assert_memory_equal(plan->text.bytes, expected, strlen(expected));
        if (plan && plan->statements[0].inner)
            assert_ptr_equal(meant, plan->statements[0].inner);
        exchange_release(&x);
    }
}

static void
the_unnamed_statement_is_none_of_sql(void **state PASU_UNUSED)
{
    const struct plan_statement *meant;
    struct exchange x = {0};
    struct view types;

    add(&x, STEP_PARSE, "", "SELECT name FROM customers");
    ask(&x, "DEALLOCATE ALL", false);
    assert_non_null(exchange_expected(&x, "", &meant, &types));
    exchange_release(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_waiting_sql_gives_and_takes_are_expected),
        cmocka_unit_test(the_unnamed_statement_is_none_of_sql),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
