/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says to people: why its persons are found as they are, and what its columns are
 * called. */
#include "big_stack.h"
#include "plan_case.h"

/* "HIDDEN SHOWN": the reasons of the parts of all statements; "-" where a statement has none. */
static void
print_why(const struct plan *plan, char *text, size_t size)
{
    static const char *const names[] = {
#define X(name, text_) #name,
#include "postgres/plan_why.def"
#undef X
    };
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < plan->statement_count; i++) {
        const struct plan_statement *s = &plan->statements[i];

        s = s->inner ? s->inner : s;
        if (s->part_count == 0)
            used += (size_t)snprintf(text + used, size - used, "%s-", used > 0 ? " " : "");
        for (size_t p = 0; p < s->part_count; p++)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? " " : "",
                                     names[s->parts[p].why]);
    }
}

static void
check(const struct plan_case *cases, size_t count, const struct plan_environment *environment)
{
    check_printed(cases, count, environment, print_why);
}

static void
every_part_says_why_it_has_its_source(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT id, name FROM customers", "SHOWN"},
        {"SELECT name FROM customers", "HIDDEN"},
        {"SELECT a.id, a.name, b.name FROM customers a, customers b", "SHOWN HIDDEN"},
        {"SELECT name FROM customers WHERE id = 5", "PINNED"},
        {"SELECT DISTINCT name FROM customers", "GROUPED"},
        {"SELECT DISTINCT name FROM customers ORDER BY name", "LISTED"},
        {"SELECT name FROM customers GROUP BY name", "LISTED"},
        {"SELECT max(name) FROM customers", "LISTED"},
        {"SELECT max(name) FROM customers WHERE grade = 1", "AGGREGATED"},
        {"SELECT name FROM customers UNION SELECT name FROM customers", "INSIDE"},
        {"SELECT name AS pasu_key_1 FROM customers", "SELECT"},
        {"SELECT c.name FROM customers c FOR UPDATE OF c", "SELECT"},
        {"PREPARE p AS SELECT name FROM customers", "HIDDEN"},
        {"PREPARE p AS SELECT name FROM customers; EXPLAIN EXECUTE p",
         "KIND UNFOLLOWED UNFOLLOWED"},
        {"SELEC name FROM customers", "UNFOLLOWED UNFOLLOWED"},
        {"SELECT 1; SELECT id FROM customers", "- -"},
        {"SELECT name FROM customers; CREATE TABLE n AS SELECT name FROM customers", "WHOLE -"},
    };
    struct plan_environment environment = shop_environment();

    check(cases, COUNT_OF(cases), &environment);
}

static void
rights_and_settings_are_told_apart(void **state PASU_UNUSED)
{
    static const struct plan_case denied[] = {{"SELECT name FROM customers", "MAY_NOT_READ"}},
                                  nobody[] = {{"SELECT name FROM customers", "NO_ROLE"}},
                                  off[] = {{"SELECT name FROM customers", "OFF"}};
    struct plan_environment environment = shop_environment();

    environment.role = "somebody else";
    check(denied, 1, &environment);
    environment.role = "";
    check(nobody, 1, &environment);
    environment.role = "app";
    environment.may_inject = false;
    check(off, 1, &environment);
}

static void
columns_are_named_for_who_wants_that(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    const char sql[] = "SELECT c.name AS who, upper(phone), email || ' ', * FROM customers c";
    struct plan *plan = plan_of(sql, &environment);
    const struct plan_output *outputs;

    assert_null(plan->statements[0].outputs);
    plan_release(plan);
    environment.names_columns = true;
    plan = plan_of(sql, &environment);
    outputs = plan->statements[0].outputs;
    assert_non_null(outputs);
    assert_true(plan->statements[0].column_count > 4);
    assert_string_equal(outputs[0].name, "who");
    assert_int_equal(outputs[0].relation, plan->statements[0].parts[0].relation);
    assert_int_equal(outputs[0].attribute, 2);
    assert_string_equal(outputs[1].name, "upper");
    assert_int_equal(outputs[1].relation, 0);
    assert_null(outputs[2].name);
    assert_string_equal(outputs[3].name, "id");
    assert_int_equal(outputs[3].attribute, 1);
    plan_release(plan);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_says_why_it_has_its_source),
        cmocka_unit_test(rights_and_settings_are_told_apart),
        cmocka_unit_test(columns_are_named_for_who_wants_that),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
