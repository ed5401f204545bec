/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a name is: of which table, of which query. */
#include "big_stack.h"
#include "plan_case.h"

/* Two tables of one name, each with its schema; one that says none may be either. */
static void
a_name_with_a_schema_is_of_that_table(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT public.people.name FROM work.people, public.people WHERE work.people.id = 7",
         "customer bound1: 0=name"},
        {"SELECT public.people.name FROM work.people, public.people WHERE public.people.id = 7",
         "customer pinned 7: 0=name"},
        {"SELECT public.people.* FROM work.people, public.people",
         "customer key@0: 1=name 2=phone 3=email 4=address"},
        {"SELECT work.people.* FROM work.people, public.people", "-"},
        {"SELECT reverse(public.people.name) FROM work.people, public.people",
         "customer bound1: 0=name"},
        {"SELECT o.customer_id, public.people.name FROM public.people, work.people, orders o "
         "WHERE o.customer_id = work.people.id",
         "customer bound1: 1=name"},
        {"SELECT public.customers.name FROM customers", "customer hidden@0: 0=name"},
        {"SELECT work.people.name FROM public.people people",
         "customer bound: 0=name+phone+email+address"},
        {"SELECT (SELECT work.people.id FROM customers people) FROM work.people", "-"},
    };

    CHECK_CASES(cases);
}

static void
inside_a_join_with_an_alias_its_tables_have_their_names(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT c.name FROM (customers c JOIN orders o ON c.id = 7) AS j, customers c",
         "customer bound1: 0=name"},
        {"SELECT j.name FROM (customers c JOIN orders o ON c.id = 7) AS j",
         "customer bound1 pins 7: 0=name"},
        {"SELECT o.customer_id, c.name FROM (orders o JOIN customers c ON o.customer_id = c.id) AS "
         "j, "
         "orders o, customers c",
         "customer bound1: 1=name"},
        {"SELECT j.customer_id, j.name FROM (orders o JOIN customers c ON o.customer_id = c.id) AS "
         "j",
         "customer bound1: 1=name"},
    };

    CHECK_CASES(cases);
}

static void
an_aggregate_is_of_the_query_that_its_columns_are_of(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT string_agg(c.name || (SELECT g.id FROM groups g), ',') FROM customers c",
         "customer bound: 0=name; customer bound: 0=all; recipient bound: 0=all !unknown_table"},
        {"SELECT array_agg(c.name) FILTER (WHERE EXISTS (SELECT FROM orders o WHERE o.customer_id "
         "= c.id)) "
         "FROM customers c",
         "customer bound: 0=name"},
        {"SELECT string_agg(c.name, ',' ORDER BY (SELECT max(o.id) FROM orders o)) FROM customers "
         "c",
         "customer hidden@0: 0=name"},
        {"SELECT c.name, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) FROM customers "
         "c",
         "customer hidden@0: 0=name"},
        {"SELECT c.name, (SELECT max(o.id) FROM orders o) FROM customers c",
         "customer hidden@0: 0=name"},
        {"SELECT (SELECT max(c.id) FROM orders o), 1 FROM customers c", "-"},
    };

    CHECK_CASES(cases);
}

/* Columns that are not all known have no positions. */
static void
a_name_by_position_can_be_any_of_open_columns(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT j.name FROM (unnest('{}'::text[]) AS name FULL JOIN (SELECT name FROM customers) "
         "c "
         "USING (name)) j",
         "customer bound1: 0=name"},
        {"SELECT b FROM (SELECT * FROM unnest(ARRAY['x']), (SELECT email FROM customers) q) z(a, "
         "b)",
         "customer bound1: 0=email"},
        {"WITH z(a, c, b) AS (SELECT * FROM generate_series(1, 1), customers) SELECT b FROM z",
         "customer bound: 0=name+phone+email+address"},
        {"SELECT b FROM (SELECT 1 AS a, 'x' AS b UNION ALL SELECT * FROM generate_series(1, 1) g, "
         "(SELECT email FROM customers) q) z",
         "customer bound1: 0=email"},
        {"SELECT b FROM customers z(a, b)", "customer hidden@0: 0=name"},
    };

    CHECK_CASES(cases);
}

/* The server gives an undeclared parameter the type of its first use. */
static void
a_parameter_that_stands_elsewhere_is_no_key(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"PREPARE p AS SELECT $1::float8, name FROM customers WHERE id = $1",
         "- PREPARE(p) [customer hidden@0: 1=name]"},
        {"PREPARE p AS SELECT name FROM customers WHERE $1::bigint IS NULL OR id = $1",
         "- PREPARE(p) [customer hidden@0: 0=name]"},
        {"PREPARE p AS SELECT name FROM customers WHERE $1::bigint IS NOT NULL AND id = $1",
         "- PREPARE(p) [customer pinned $1: 0=name]"},
        {"PREPARE p(bigint) AS SELECT $1::float8, name FROM customers WHERE id = $1",
         "- PREPARE(p) [customer pinned $1: 1=name]"},
        {"PREPARE p(numeric) AS SELECT name FROM customers WHERE id = $1::bigint",
         "- PREPARE(p) [customer hidden@0: 0=name]"},
        {"PREPARE p AS SELECT name FROM customers WHERE id = ANY ($1::bigint[])",
         "- PREPARE(p) [customer hidden@0 pins $1[]: 0=name]"},
        {"PREPARE p AS SELECT $1::int[], name FROM customers WHERE id = ANY ($1)",
         "- PREPARE(p) [customer hidden@0: 1=name]"},
    };

    CHECK_CASES(cases);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_with_a_schema_is_of_that_table),
        cmocka_unit_test(inside_a_join_with_an_alias_its_tables_have_their_names),
        cmocka_unit_test(an_aggregate_is_of_the_query_that_its_columns_are_of),
        cmocka_unit_test(a_name_by_position_can_be_any_of_open_columns),
        cmocka_unit_test(a_parameter_that_stands_elsewhere_is_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
