/* SPDX-License-Identifier: Apache-2.0 */
/* Whom errors and notices can speak of: of which statements that is known. */
#include "big_stack.h"
#include "plan_case.h"

static void
print_words(const struct plan *plan, char *text, size_t size)
{
    const struct plan_statement *s = &plan->statements[0];
    const struct plan_part *part = &s->parts[s->words.part];
    static const char *const told[] = {"", " told by input"};

    if (s->words.fields == 0) {
        snprintf(text, size, "anybody");
        return;
    }
    snprintf(text, size, "fields %llu of %zu pins%s%s", (unsigned long long)s->words.fields,
             part->pin_count, s->words.is_certain ? " certain" : "", told[s->words.told]);
}

static void
check(const struct plan_case *cases, size_t count)
{
    struct plan_environment environment = shop_environment();

    check_printed(cases, count, &environment, print_words);
}

static void
what_is_selected_is_of_the_rows_that_a_pin_lets_through(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name::int FROM customers WHERE id = 7", "fields 1 of 1 pins told by input"},
        {"SELECT name::int FROM public.customers WHERE id = $1",
         "fields 1 of 1 pins certain told by input"},
        {"SELECT c.email::date AS d FROM customers c WHERE 7 = c.id",
         "fields 4 of 1 pins told by input"},
        {"SELECT name::int, phone FROM customers WHERE id = 7", "fields 3 of 1 pins"},
        {"SELECT (name || '0')::int FROM customers WHERE id = 7 AND grade > 0",
         "fields 1 of 1 pins"},
        {"SELECT name::int FROM customers WHERE id IN (7, 14)", "fields 1 of 2 pins"},
        {"SELECT name::int FROM customers WHERE id = 7 ORDER BY email::int LIMIT 1",
         "fields 1 of 1 pins"},
        {"SELECT note::int FROM visits WHERE customer_id = 7", "fields 16 of 1 pins told by input"},
        /* The server reads the parameter's text when it runs the statement. */
        {"SELECT name::int FROM customers WHERE id = $1::bigint", "fields 1 of 1 pins"},
        /* Not every type's input function quotes what it is given. */
        {"SELECT name::json FROM customers WHERE id = 7", "fields 1 of 1 pins"},
        {"SELECT amount::smallint FROM orders WHERE customer_id = 7", "fields 16 of 1 pins"},
    };

    check(cases, COUNT_OF(cases));
}

static void
conditions_look_at_anybody(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name::int FROM customers", "anybody"},
        {"SELECT name::int FROM customers WHERE id > 7", "anybody"},
        {"SELECT name FROM customers WHERE id = 7 AND phone::int = 3", "anybody"},
        {"SELECT name FROM customers WHERE phone::int = 3 AND id = 7", "anybody"},
        {"SELECT name FROM customers c WHERE id = 7 AND c IS NOT NULL", "anybody"},
        {"SELECT name FROM customers WHERE id = 7 AND EXISTS (SELECT FROM customers x WHERE "
         "x.name::int = 3)",
         "anybody"},
        {"SELECT name::int FROM customers WHERE id = 7 OR grade = 1", "anybody"},
        {"SELECT c.name::int FROM customers c JOIN orders o ON o.item::int = 1 WHERE c.id = 7",
         "anybody"},
        {"SELECT name, (SELECT max(name::int) FROM customers) FROM customers WHERE id = 7",
         "anybody"},
        {"SELECT max(name::int) FROM customers WHERE id = 7 HAVING max(name) > ''", "anybody"},
        {"SELECT name::int FROM customers WHERE id = 7 UNION SELECT 1", "anybody"},
        {"SELECT name::int INTO t FROM customers WHERE id = 7", "anybody"},
        {"SELECT name::int FROM customers WHERE id = 7 FOR UPDATE", "anybody"},
        {"WITH w AS (SELECT name::int n FROM customers) SELECT name FROM customers WHERE id = 7",
         "anybody"},
    };

    check(cases, COUNT_OF(cases));
}

static void
what_runs_code_can_speak_of_anybody(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT f_sql(1), name::int FROM customers WHERE id = 7", "anybody"},
        {"SELECT nothing_known(name) FROM customers WHERE id = 7", "anybody"},
        {"SELECT name::work.mood FROM customers WHERE id = 7", "fields 1 of 1 pins"},
        {"SELECT histogram_bounds FROM pg_stats WHERE tablename = 'customers'", "anybody"},
        {"SELECT door_code::int FROM address_book WHERE customer_id = 7", "anybody"},
        {"SELECT name::int FROM nothing WHERE id = 7", "anybody"},
        {"SELECT who::int FROM v_contact", "anybody"},
    };

    check(cases, COUNT_OF(cases));
}

static void
an_own_cast_may_say_anything(void **state PASU_UNUSED)
{
    static const struct plan_case clean[] = {
        {"SELECT name::int FROM customers WHERE id = 7", "fields 1 of 1 pins"},
    };
    static const struct plan_case foreign[] = {
        {"SELECT name::work.mood FROM customers WHERE id = 7", "anybody"},
    };
    static const struct plan_case equal[] = {
        {"SELECT name::int FROM customers WHERE id = 7", "anybody"},
    };

    shop.has_clean_casts = true;
    check(clean, COUNT_OF(clean));
    shop.has_clean_casts = false;
    shop.has_foreign_casts = true;
    check(foreign, COUNT_OF(foreign));
    shop.has_foreign_casts = false;
    shop.has_foreign_equal = true;
    check(equal, COUNT_OF(equal));
    shop.has_foreign_equal = false;
    shop.has_own_equality = true;
    check(equal, COUNT_OF(equal));
    shop.has_own_equality = false;
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_selected_is_of_the_rows_that_a_pin_lets_through),
        cmocka_unit_test(conditions_look_at_anybody),
        cmocka_unit_test(what_runs_code_can_speak_of_anybody),
        cmocka_unit_test(an_own_cast_may_say_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
