/* SPDX-License-Identifier: Apache-2.0 */
/* Constants that say what is read: queries that a function runs, and conditions on statistics. */
#include "big_stack.h"
#include "plan_case.h"

/* What is not surely one SELECT that runs no code is everything. */
static void
constants_that_are_run_are_read(void **state PASU_UNUSED)
{
    static const char everything[] = "customer bound: 0=all; recipient bound: 0=all !opaque";
    static const char unseen[] = "customer bound: 0=all; recipient bound: 0=all !opaque REFUSED";
    const struct plan_case cases[] = {
        {"SELECT query_to_xml('select 1', true, true, '')", "-"},
        {"SELECT query_to_xml('SELECT title FROM products', true, true, '')", "-"},
        {"SELECT query_to_xml('SELECT count(*), min(grade) FROM customers', true, true, '')", "-"},
        {"SELECT query_to_xml('SELECT phone FROM customers', true, true, '')",
         "customer bound: 0=phone"},
        {"SELECT query_to_xml('SELECT phone FROM customers'::text, true, true, '')",
         "customer bound: 0=phone"},
        {"SELECT query_to_xml(E'SELECT phone FROM cust\\x6fmers', true, true, '')",
         "customer bound: 0=phone"},
        {"SELECT title, query_to_xml('TABLE orders', true, true, '') FROM products",
         "customer bound: 1=order"},
        {"SELECT query_to_xml('SELECT query_to_xml(''SELECT email FROM customers'', true, true, "
         "'''')', true, true, '')",
         everything},
        {"SELECT query_to_xml('WITH products AS (SELECT email AS title FROM customers) SELECT "
         "title FROM products', true, true, '')",
         "customer bound: 0=email"},
        {"WITH customers AS (SELECT 1) SELECT query_to_xml('TABLE customers', true, true, '') "
         "FROM customers",
         "customer bound: 0=name+phone+email+address"},
        {"SELECT query_to_xml('SELECT ' || '1', true, true, '')", unseen},
        {"SELECT query_to_xml($1, true, true, '')", unseen},
        {"SELECT query_to_xml('SELECT 1; SELECT name FROM customers', true, true, '')", everything},
        {"SELECT query_to_xml('SELECT no_such FROM nowhere', true, true, '')", everything},
        {"SELECT query_to_xml('SELECT f_sql(7)', true, true, '')", everything},
        {"SELECT query_to_xml('DELETE FROM products', true, true, '')", everything},
        {"SELECT query_to_xml('SELECT 1'::varchar(4), true, true, '')", everything},
        {"SELECT query_to_xml('SELECT 1', true, true)", everything},
        {"SELECT query_to_xml(query => 'SELECT 1', nulls => true, tableforest => true, "
         "targetns => '')",
         unseen},
    };

    CHECK_CASES(cases);
}

static void
statistics_speak_of_other_tables(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT histogram_bounds FROM pg_stats WHERE tablename = 'customers'",
         "customer bound: 0=name+phone+email+address !statistics"},
        {"SELECT histogram_bounds FROM pg_stats WHERE tablename = 'customers' AND attname = "
         "'email'",
         "customer bound: 0=email !statistics"},
        {"SELECT s.histogram_bounds FROM pg_catalog.pg_stats s WHERE s.tablename = 'customers' AND "
         "s.attname IN ('grade', 'phone')",
         "customer bound: 0=phone !statistics"},
        {"SELECT * FROM pg_stats WHERE tablename = 'customers' AND attname = 'grade'", "-"},
        {"SELECT histogram_bounds FROM pg_stats WHERE tablename = 'products'", "-"},
        {"SELECT histogram_bounds FROM pg_stats WHERE tablename = $1",
         "customer bound: 0=all; recipient bound: 0=all !statistics REFUSED"},
        {"SELECT histogram_bounds FROM pg_stats WHERE tablename = 'nowhere'",
         "customer bound: 0=all; recipient bound: 0=all !statistics REFUSED"},
        {"SELECT histogram_bounds FROM pg_stats WHERE tablename = 'products' OR attname = 'email'",
         "customer bound: 0=all; recipient bound: 0=all !statistics REFUSED"},
        {"SELECT histogram_bounds FROM pg_stats WHERE tablename <> 'products'",
         "customer bound: 0=all; recipient bound: 0=all !statistics REFUSED"},
        {"SELECT a.histogram_bounds FROM pg_stats a, pg_stats b WHERE a.tablename = 'products'",
         "customer bound: 0=all; recipient bound: 0=all !statistics REFUSED"},
        {"SELECT histogram_bounds FROM pg_stats WHERE tablename = 'customers' AND attname IN "
         "('grade', $1)",
         "customer bound: 0=name+phone+email+address !statistics"},
        {"SELECT (SELECT min(histogram_bounds::text) FROM pg_stats WHERE o.tablename = 'products') "
         "FROM (SELECT 'products' AS tablename) o",
         "customer bound: 0=all; recipient bound: 0=all !statistics REFUSED"},
        {"SELECT (SELECT min(histogram_bounds::text) FROM pg_stats WHERE starelid = "
         "'products'::regclass) FROM (SELECT 'products'::regclass AS starelid) o",
         "customer bound: 0=all; recipient bound: 0=all !statistics REFUSED"},
        {"SELECT (SELECT min(histogram_bounds::text) FROM pg_stats WHERE tablename = 'customers' "
         "AND o.attname = 'grade') FROM (SELECT 'grade' AS attname) o",
         "customer bound: 0=name+phone+email+address !statistics"},
        {"SELECT tablename, attname FROM pg_stats", "-"},
        {"SELECT pid, state FROM pg_catalog.pg_stat_activity", "-"},
        {"SELECT query FROM pg_stat_activity",
         "customer bound: 0=all; recipient bound: 0=all !statistics"},
        {"SELECT count(*) FROM pg_stat_activity", "-"},
        {"SELECT relname FROM pg_class", "-"},
    };

    CHECK_CASES(cases);
}

static int
run(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_that_are_run_are_read),
        cmocka_unit_test(statistics_speak_of_other_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
