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
        {"SELECT upper(s) FROM (SELECT string_agg(name, ',') AS s FROM customers UNION ALL SELECT "
         "title FROM products) q",
         "customer hidden@0: 0=name"},
        /* a part of one is nobody knows whose, whatever the other arm is */
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

/* As the GROUP BY that they are, where that cannot be seen. */
static void
operations_with_an_order_are_groups(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name FROM customers UNION SELECT item FROM orders ORDER BY 1",
         "customer hidden@0: 0=name; customer hidden@2: 0=order"},
        {"SELECT id, name AS n FROM customers UNION DISTINCT SELECT id, item FROM orders UNION "
         "SELECT customer_id, note FROM visits ORDER BY n DESC, id LIMIT 3",
         "customer hidden@0: 1=name; customer hidden@2: 1=order; customer hidden@4: 1=order"},
        {"SELECT name, email FROM customers INTERSECT SELECT item, item FROM orders ORDER BY 2, 1",
         "customer hidden@0: 0=name; customer hidden@2: 0=order; customer hidden@4: 1=email; "
         "customer hidden@6: 1=order"},
        {"SELECT name FROM customers EXCEPT SELECT title FROM public.products ORDER BY name",
         "customer hidden@0: 0=name !probe"},
        /* in which order rows come that are alike to it is the server's choice */
        {"SELECT name FROM customers UNION SELECT item FROM orders",
         "customer bound: 0=name+order"},
        {"SELECT name, id FROM customers UNION SELECT item, id FROM orders ORDER BY 1",
         "customer bound: 0=name+order"},
        {"SELECT upper(name) AS n FROM customers UNION SELECT item FROM orders ORDER BY 1",
         "customer hidden@0: 0=name; customer hidden@2: 0=order"},
        {"SELECT upper(name) FROM customers UNION SELECT item || 'x' FROM orders ORDER BY 1",
         "customer hidden@0: 0=name; customer hidden@2: 0=order"},
        {"SELECT coalesce(name, 'x'), 'y' FROM customers EXCEPT SELECT 'x', title FROM "
         "public.products ORDER BY 2, 1",
         "customer hidden@0: 0=name !probe"},
        /* what is equal can be other bytes, or an error would say what it is not */
        {"SELECT length(name) AS n FROM customers UNION SELECT item FROM orders ORDER BY 1",
         "customer bound: 0=name+order"},
        {"SELECT name FROM customers UNION SELECT id FROM orders ORDER BY 1",
         "customer bound: 0=name"},
        {"SELECT name FROM customers UNION ALL SELECT item FROM orders EXCEPT SELECT email FROM "
         "customers ORDER BY 1",
         "customer bound: 0=name+email+order"},
        /* which rows an arm takes, more columns can change */
        {"(SELECT name FROM customers LIMIT 3) UNION SELECT item FROM orders ORDER BY 1",
         "customer bound: 0=name+order"},
        {"SELECT name FROM customers EXCEPT ALL SELECT item FROM orders ORDER BY 1",
         "customer bound: 0=name+order"},
        {"DECLARE c SCROLL CURSOR FOR SELECT name FROM customers UNION SELECT item FROM orders "
         "ORDER BY 1",
         "- DECLARE(c) [customer bound: 0=name+order]"},
    };

    CHECK_CASES(cases);
}

/* Which guesses EXCEPT leaves out, or INTERSECT lets through, tells of the other side; so does it
 * where no row comes. */
static void
what_is_left_out_tells_of_the_other_side(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT title FROM products EXCEPT SELECT recipient FROM address_book",
         "recipient bound: 0=name !probe"},
        {"SELECT 'x' EXCEPT ALL SELECT recipient FROM address_book",
         "recipient bound: 0=name !probe"},
        {"SELECT recipient FROM address_book INTERSECT SELECT $1",
         "recipient bound: 0=name !probe"},
        {"SELECT coalesce(p.title, c.name) FROM public.products p, customers c WHERE c.id = 7 "
         "EXCEPT SELECT recipient FROM address_book",
         "customer bound: 0=name; recipient bound: 0=name !probe"},
        {"SELECT name FROM customers EXCEPT SELECT recipient FROM address_book",
         "customer bound: 0=name; recipient bound: 0=name"},
        /* of which keys of rows say nothing, where the left side can be made up */
        {"SELECT title FROM public.products EXCEPT SELECT recipient FROM address_book ORDER BY 1",
         "recipient bound: 0=name !probe"},
        {"SELECT name, 'Kim ' FROM customers EXCEPT SELECT 'Kim', recipient FROM address_book "
         "ORDER BY 1, 2",
         "customer bound: 0=name; recipient bound: 1=name !probe"},
        {"SELECT name FROM customers EXCEPT SELECT recipient FROM address_book ORDER BY 1",
         "customer hidden@0: 0=name; recipient hidden@2: 0=name"},
        /* all rows come */
        {"SELECT 'x' UNION SELECT recipient FROM address_book", "recipient bound: 0=name"},
    };

    CHECK_CASES(cases);
}

/* Keys that queries in FROM hand on, or that views have. */
static void
groups_can_be_of_rows_of_queries(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT count(*), string_agg(n, ',') FROM (SELECT name AS n FROM customers) s",
         "customer hidden@0: 1=name"},
        {"WITH w AS (SELECT name, region FROM customers) SELECT region, json_agg(name) FROM w "
         "GROUP BY region",
         "customer hidden@0: 1=name"},
        {"SELECT x FROM (SELECT string_agg(n, ',') AS x FROM (SELECT name AS n FROM customers) s) "
         "t",
         "customer hidden@0: 0=name"},
        {"SELECT DISTINCT n FROM (SELECT name AS n FROM customers) s ORDER BY 1",
         "customer hidden@0: 0=name"},
        {"SELECT string_agg(x, ',') FROM (SELECT name AS x FROM customers UNION ALL SELECT item "
         "FROM orders) s",
         "customer hidden@0: 0=name; customer hidden@2: 0=order"},
        {"SELECT json_agg(s) FROM (SELECT id, name FROM customers) s", "customer hidden@0: 0=name"},
        {"SELECT b FROM v_renamed", "customer hidden@0: 0=email"},
        {"SELECT string_agg(b, ',') FROM v_renamed", "customer hidden@0: 0=email"},
        {"SELECT b FROM v_renamed UNION ALL SELECT email FROM customers",
         "customer hidden@0: 0=email; customer hidden@2: 0=email"},
        {"SELECT string_agg(who, ',') FROM v_shown", "customer bound: 0=name"},
        /* the row would have more columns; the value is of one of them; another one is taken */
        {"SELECT json_agg(s) FROM (SELECT name FROM customers) s", "customer bound: 0=name"},
        {"SELECT min(n) FROM (SELECT name AS n FROM customers) s", "customer bound: 0=name"},
        {"SELECT DISTINCT n FROM (SELECT name AS n FROM customers LIMIT 3) s ORDER BY 1",
         "customer bound: 0=name"},
        {"SELECT who, count(*) FROM v_shown GROUP BY who", "customer bound: 0=name"},
    };
    struct plan_environment environment = shop_environment();
    static const struct plan_case clerk[] = {
        {"SELECT b FROM v_renamed", "customer bound1: 0=email"}};

    CHECK_CASES(cases);
    environment.role = "clerk"; /* is not known to be allowed all of the view */
    check_cases_in(clerk, COUNT_OF(clerk), &environment);
}

/* Queries in the list of targets are asked once more, for keys. */
static void
queries_of_targets_are_asked_for_keys(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT p.title, ARRAY(SELECT c.name FROM customers c WHERE c.grade = p.price ORDER BY 1) "
         "FROM public.products p",
         "customer hidden@0: 1=name"},
        {"SELECT (SELECT string_agg(name, ',') FROM customers WHERE grade = $1), ARRAY(SELECT item "
         "FROM orders o JOIN customers c ON c.id = o.customer_id)",
         "customer hidden@0: 0=name; customer hidden@2: 1=order"},
        {"SELECT c.name, (SELECT json_agg(o.item || c.email) FROM orders o) FROM customers c",
         "customer hidden@0: 0=name 1=email; customer hidden@1: 1=order"},
        {"SELECT (SELECT name FROM customers WHERE grade = 1)", "customer hidden@0: 0=name"},
        {"SELECT p.title, (SELECT c.name FROM customers c WHERE c.id = 1000 + 7 * p.id) FROM "
         "public.products p",
         "customer hidden@0: 1=name"},
        /* what a condition says need not be asked */
        {"SELECT (SELECT name FROM customers WHERE id = 5)", "customer hidden@0 pins 5: 0=name"},
        /* which rows these are is not known, or can be others the second time */
        {"SELECT (SELECT name FROM customers ORDER BY grade LIMIT 1)", "customer bound1: 0=name"},
        {"SELECT (SELECT max(name) FROM customers)", "customer bound: 0=name"},
        {"SELECT ARRAY(SELECT DISTINCT name FROM customers)", "customer bound: 0=name"},
        {"SELECT ARRAY(SELECT name FROM customers WHERE f_log(grade) > 1)",
         "customer bound: 0=name"},
        {"SELECT ARRAY(SELECT name FROM customers WHERE EXISTS (SELECT 1 FROM orders))",
         "customer bound: 0=name"},
        {"SELECT $1::text, ARRAY(SELECT name FROM customers WHERE region = $1)",
         "customer bound: 1=name"},
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
        cmocka_unit_test(operations_with_an_order_are_groups),
        cmocka_unit_test(what_is_left_out_tells_of_the_other_side),
        cmocka_unit_test(groups_can_be_of_rows_of_queries),
        cmocka_unit_test(queries_of_targets_are_asked_for_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
