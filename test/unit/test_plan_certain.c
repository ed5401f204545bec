/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a value surely shows the person of its row, and whether its absence does. */
#include "big_stack.h"
#include "plan_case.h"

/* Of each part, its columns: "+" where a value shows the person for certain, "-" where not; and "0"
 * where a null does so, too. */
static void
print_certainty(const struct plan *plan, char *text, size_t size)
{
    const struct plan_statement *statement = &plan->statements[0];
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < statement->part_count; i++) {
        const struct plan_part *part = &statement->parts[i];

        for (size_t k = 0; k < part->column_count && length < size; k++)
            length +=
                (size_t)snprintf(text + length, size - length, "%s%u%s%s",
                                 length == 0 ? ""
                                 : k == 0    ? "; "
                                             : " ",
                                 part->columns[k].column, part->columns[k].is_certain ? "+" : "-",
                                 part->columns[k].tells_null ? "0" : "");
    }
}

static void
check(const struct plan_case *cases, size_t count)
{
    struct plan_environment environment = shop_environment();

    check_printed(cases, count, &environment, print_certainty);
}

static void
a_column_and_what_is_made_of_it_alone_is_certain(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name, upper(phone), lower(email::text) FROM customers", "0+0 1+0 2+0"},
        {"SELECT * FROM (SELECT name AS n FROM customers) s", "0+0"},
        {"SELECT name || phone FROM customers", "0+0"},
        {"SELECT name FROM customers UNION ALL SELECT title FROM products", "0+0"},
    };

    check(cases, COUNT_OF(cases));
}

static void
what_is_null_with_its_operand_is_certain(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT phone LIKE '010%' FROM customers", "0+0"},
        {"SELECT NOT (phone = 'x') FROM customers", "0+0"},
        {"SELECT phone IN ('x', 'y') FROM customers", "0+0"},
        {"SELECT phone BETWEEN 'x' AND 'y' FROM customers", "0+0"},
        {"SELECT phone = 'x' OR email = 'y' FROM customers", "0+0"},
        {"SELECT phone > 'x' AND lower(phone) < 'y' FROM customers", "0+0"},
    };

    check(cases, COUNT_OF(cases));
}

static void
a_boolean_that_others_can_decide_is_not(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT phone = 'x' OR grade > 2 FROM customers", "0-"},
        {"SELECT grade > 2 AND phone = 'x' FROM customers", "0-"},
        {"SELECT (phone = 'x') IS NOT TRUE FROM customers", "0-"},
        {"SELECT phone IS DISTINCT FROM 'x' FROM customers", "0-"},
        {"SELECT phone = ANY ($1) FROM customers", "0-"},
        {"SELECT phone IN (SELECT title FROM products) FROM customers", "0-"},
        {"SELECT grade::text IN ('1', phone) FROM customers", "0-"},
        {"SELECT (grade, phone) = (1, 'x') FROM customers", "0-"},
        {"SELECT ARRAY[grade::text, phone] = ARRAY['1', 'x'] FROM customers", "0-"},
        {"SELECT concat(phone, grade) = 'x' FROM customers", "0-"},
        {"SELECT coalesce(phone, 'x') = 'x' FROM customers", "0-"},
        {"SELECT b FROM (SELECT phone = 'x' OR grade > 2 AS b FROM customers) s", "0-"},
        {"SELECT phone = 'x' OR grade > 2, name FROM customers", "0- 1+0"},
    };

    check(cases, COUNT_OF(cases));
}

static void
a_null_that_can_come_of_something_else_is_not(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name || grade FROM customers", "0+"},
        {"SELECT name || $1 FROM customers", "0+"},
        {"SELECT name || NULL FROM customers", "0+"},
        {"SELECT c.name || o.item FROM customers c JOIN orders o ON o.customer_id = c.id",
         "0+; 0+"},
        {"SELECT CASE WHEN grade > 2 THEN name END FROM customers", "0+"},
        {"SELECT nullif(name, 'x') FROM customers", "0+0"},
    };

    check(cases, COUNT_OF(cases));
}

static void
one_of_several_values_is_as_certain_as_all_of_them(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT CASE WHEN grade > 2 THEN name ELSE '-' END FROM customers", "0-"},
        {"SELECT CASE WHEN grade > 2 THEN name ELSE phone END FROM customers", "0+"},
        {"SELECT CASE WHEN phone = 'x' THEN 1 ELSE 2 END FROM customers", "0+"},
        {"SELECT CASE WHEN grade > 2 THEN 1 WHEN phone = 'x' THEN 2 END FROM customers", "0-"},
        {"SELECT CASE phone WHEN 'x' THEN 1 ELSE 2 END FROM customers", "0+"},
        {"SELECT CASE grade WHEN 1 THEN 1 WHEN length(phone) THEN 2 END FROM customers", "0-"},
        {"SELECT coalesce(name, '-') FROM customers", "0+0"},
        {"SELECT coalesce('-', name) FROM customers", "0-"},
        {"SELECT coalesce(NULL, name) FROM customers", "0+0"},
        {"SELECT coalesce(phone, email) FROM customers", "0+0"},
        {"SELECT coalesce(title, name) FROM products, customers", "0-"},
        {"SELECT greatest(name, 'z') FROM customers", "0-"},
        {"SELECT least(name, phone) FROM customers", "0+0"},
        {"SELECT greatest(NULL, name) FROM customers", "0+"},
        {"SELECT nullif(name, name) FROM customers", "0+"},
        {"SELECT nullif(title, name) FROM products, customers", "0-"},
    };

    check(cases, COUNT_OF(cases));
}

static void
what_a_condition_makes_equal_is_certain_where_it_holds(void **state PASU_UNUSED)
{
#define LIST "SELECT v.e FROM (VALUES ('x')) v(e), customers c WHERE "
    static const struct plan_case cases[] = {
        {LIST "c.email = v.e", "0+"},           {LIST "c.grade > 1 AND c.email = v.e", "0+"},
        {LIST "(c.email = v.e) IS TRUE", "0+"}, {LIST "c.grade > 1 OR c.email = v.e", "0-"},
        {LIST "NOT (c.email = v.e)", "0-"},     {LIST "(c.email = v.e) IS NOT TRUE", "0-"},
        {LIST "c.email <> v.e", "0-"},          {LIST "(c.email = v.e) = false", "0-"},
    };

    check(cases, COUNT_OF(cases));
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_and_what_is_made_of_it_alone_is_certain),
        cmocka_unit_test(what_is_null_with_its_operand_is_certain),
        cmocka_unit_test(a_boolean_that_others_can_decide_is_not),
        cmocka_unit_test(a_null_that_can_come_of_something_else_is_not),
        cmocka_unit_test(one_of_several_values_is_as_certain_as_all_of_them),
        cmocka_unit_test(what_a_condition_makes_equal_is_certain_where_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
