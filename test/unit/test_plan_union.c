/* SPDX-License-Identifier: Apache-2.0 */
/* Set operations: rows of UNION ALL are of one arm each, whatever stands in the others. */
#include "big_stack.h"
#include "plan_case.h"

#define ARM(grade) "SELECT name FROM customers WHERE grade = " #grade

/* One hidden key for all arms of one table, where they show the same of it. */
static void
arms_share_a_key_where_they_show_the_same(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {ARM(1) " UNION ALL " ARM(2), "customer hidden@0: 0=name"},
        {ARM(1) " UNION ALL " ARM(2) " UNION ALL " ARM(3) " UNION ALL " ARM(4) " UNION ALL " ARM(
             5) " UNION ALL " ARM(6) " UNION ALL " ARM(7) " UNION ALL " ARM(8),
         "customer hidden@0: 0=name"},
        {ARM(1) " UNION ALL (SELECT title FROM products UNION ALL " ARM(2) ")",
         "customer hidden@0: 0=name"},
        {"SELECT x FROM (SELECT name AS x FROM customers UNION ALL " ARM(1) ") a UNION ALL " ARM(2),
         "customer hidden@0: 0=name"},
        {"WITH w AS (SELECT name AS x FROM customers) SELECT a.x, b.x FROM w a, w b UNION ALL "
         "SELECT x, 'x' FROM w UNION ALL SELECT name, 'x' FROM customers",
         "customer hidden@0: 0=name; customer hidden@2: 1=name"},
        /* what is shown of one arm's persons is not of the other's */
        {"SELECT name, NULL FROM customers UNION ALL SELECT 'x', phone FROM customers",
         "customer hidden@0: 0=name; customer hidden@2: 1=phone"},
        {"SELECT name, phone FROM customers UNION ALL SELECT name, 'x' FROM customers",
         "customer hidden@0: 0=name 1=phone; customer hidden@2: 0=name"},
        /* a name that can mean another table is proven by itself */
        {"SELECT name FROM customers UNION ALL SELECT name FROM public.customers",
         "customer hidden@0: 0=name; customer hidden@2: 0=name"},
    };

    CHECK_CASES(cases);
}

static void
arms_can_have_several_tables_of_a_kind(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT c.name, o.item FROM customers c JOIN orders o ON o.customer_id = c.id + 1 UNION "
         "ALL SELECT name, 'x' FROM customers",
         "customer hidden@0: 0=name; customer hidden@2: 1=order"},
        {"SELECT a.name || b.name FROM customers a, customers b UNION ALL SELECT item FROM orders",
         "customer hidden@0: 0=name; customer hidden@2: 0=name; customer hidden@4: 0=order"},
        {"SELECT 'x', title FROM products UNION ALL SELECT a.name, b.name FROM customers a, "
         "customers b",
         "customer hidden@0: 0=name; customer hidden@2: 1=name"},
        {"SELECT item FROM orders UNION ALL SELECT door_code FROM address_book UNION ALL SELECT "
         "note FROM visits UNION ALL SELECT recipient FROM address_book UNION ALL " ARM(1),
         "customer hidden@0: 0=order; customer hidden@2: 0=door_code; customer hidden@4: 0=order; "
         "customer hidden@6: 0=name; recipient hidden@8: 0=name"},
    };

    CHECK_CASES(cases);
}

static void
arms_can_be_groups(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT region, string_agg(name, ',') FROM customers GROUP BY region UNION ALL SELECT "
         "'all', count(*)::text FROM customers",
         "customer hidden@0: 1=name"},
        {"SELECT region, string_agg(name, ',') FROM customers GROUP BY 1 UNION ALL SELECT title, "
         "name FROM products, customers",
         "customer hidden@0: 1=name; customer hidden@2: 1=name"},
        {"SELECT max(name) FROM customers UNION ALL SELECT min(name) FROM customers",
         "customer hidden@0: 0=name; customer hidden@2: 0=name"},
        {"SELECT s FROM (SELECT string_agg(name, ',') AS s FROM customers UNION ALL SELECT title "
         "FROM products) q",
         "customer hidden@0: 0=name"},
        /* a part of one is nobody knows whose, whatever the other arm is */
        {"SELECT upper(s) FROM (SELECT string_agg(name, ',') AS s FROM customers UNION ALL SELECT "
         "title FROM products) q",
         "customer bound: 0=name"},
        {"SELECT s FROM (SELECT upper(string_agg(name, ',')) AS s FROM customers UNION ALL SELECT "
         "string_agg(name, ',') FROM customers) q",
         "customer hidden@0: 0=name; customer bound: 0=name"},
        /* the server chooses anew in which order they come */
        {"SELECT region, string_agg(name, ',') FROM customers GROUP BY region UNION ALL SELECT "
         "title, 'x' FROM products LIMIT 3",
         "customer bound: 1=name"},
        {"SELECT DISTINCT name FROM customers UNION ALL SELECT title FROM products",
         "customer bound: 0=name"},
    };

    CHECK_CASES(cases);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arms_share_a_key_where_they_show_the_same),
        cmocka_unit_test(arms_can_have_several_tables_of_a_kind),
        cmocka_unit_test(arms_can_be_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
