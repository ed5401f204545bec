/* SPDX-License-Identifier: Apache-2.0 */
/* Groups further inside: their persons are known where a row shows all of them, and bound where it
 * shows nobody knows which. */
#include "big_stack.h"
#include "plan_case.h"

#define GROUPS "(SELECT region AS r, string_agg(name, ',') AS s FROM customers GROUP BY region) q"
#define NAMES  "(SELECT name AS n, count(*) AS c FROM customers GROUP BY name) q"

/* All that is bound beside them would be all of a kind. */
static void
what_shows_all_of_a_group_is_known(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT s FROM " GROUPS, "customer hidden@0: 0=name"},
        {"SELECT q.s, r FROM " GROUPS " WHERE r = 'x' ORDER BY s", "customer hidden@0: 0=name"},
        {"SELECT * FROM " GROUPS, "customer hidden@0: 1=name"},
        {"SELECT t FROM (SELECT s AS t FROM " GROUPS ") p", "customer hidden@0: 0=name"},
        {"WITH w(a, b) AS (SELECT grade, json_agg(name) FROM customers GROUP BY 1) "
         "SELECT x.b, y.b FROM w x, w y",
         "customer hidden@0: 0=name; customer hidden@2: 1=name"},
        {"SELECT p.id, s FROM products p LEFT JOIN " GROUPS " ON true",
         "customer hidden@0: 1=name"},
        {"SELECT upper(n) FROM " NAMES, "customer hidden@0: 0=name"},
        {"SELECT n FROM (SELECT DISTINCT name AS n FROM customers ORDER BY n) q",
         "customer hidden@0: 0=name"},
        {"WITH w AS (SELECT DISTINCT name FROM customers ORDER BY 1 LIMIT 9) SELECT upper(name) "
         "FROM w WHERE name > 'x'",
         "customer hidden@0: 0=name"},
        {"SELECT s, row_number() OVER () FROM (SELECT string_agg(name, ',') AS s FROM customers) q",
         "customer hidden@0: 0=name"},
        {"SELECT s, c.name FROM customers c, " GROUPS,
         "customer hidden@0: 1=name; customer hidden@1: 0=name"},
        {"SELECT a, b FROM (SELECT string_agg(name, ',') AS a, string_agg(email, ',') AS b FROM "
         "customers) q",
         "customer hidden@0: 0=name; customer hidden@2: 1=email"},
    };

    CHECK_CASES(cases);
}

/* Rows have the key of their arm; what is taken over from the rows before is bound. */
static void
queries_that_read_themselves_have_keys(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"WITH RECURSIVE t AS (SELECT id, name, 1 AS n FROM customers UNION ALL SELECT c.id, "
         "c.name, n + 1 FROM t JOIN customers c ON c.id = t.id + 7) SELECT n, name FROM t",
         "customer hidden@0: 1=name"},
        {"WITH RECURSIVE t(a, b) AS (SELECT id, name FROM customers UNION ALL SELECT c.id, "
         "c.name FROM t, customers c) SELECT * FROM t",
         "customer hidden@0: 1=name"},
        {"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t), u AS (SELECT name FROM "
         "customers) SELECT name FROM t, u",
         "customer hidden@0: 0=name"},
        {"WITH RECURSIVE t(a, b) AS (SELECT title, 1 FROM products UNION ALL SELECT c.name, b + 1 "
         "FROM t, customers c) SELECT a FROM t WHERE b > 1",
         "customer hidden@0: 0=name"},
        {"WITH RECURSIVE t(a, b) AS (SELECT title, title FROM products UNION ALL SELECT b, c.name "
         "FROM t, customers c) SELECT a FROM t",
         "customer bound: 0=name"},
        {"WITH RECURSIVE t(a, b) AS (SELECT 1, name FROM customers UNION ALL SELECT a + 1, "
         "t.b || c.name FROM t, customers c) SELECT b FROM t",
         "customer hidden@0: 0=name; customer hidden@2: 0=name; customer bound: 0=name"},
        {"WITH RECURSIVE t(a, b) AS (SELECT id, name FROM customers UNION SELECT c.id, c.name "
         "FROM t, customers c) SELECT b FROM t",
         "customer bound: 0=name"},
        {"WITH RECURSIVE t(a, b) AS (SELECT id, name FROM customers UNION ALL SELECT c.id, c.name "
         "FROM t, customers c) SEARCH DEPTH FIRST BY b SET way SELECT way FROM t",
         "customer bound: 0=name"},
        {"WITH RECURSIVE t(a, b) AS (SELECT id, name FROM customers UNION ALL SELECT c.id, c.name "
         "FROM t, customers c) CYCLE b SET seen USING way SELECT t::text FROM t",
         "customer bound: 0=name"},
        {"WITH RECURSIVE t(a, b) AS (SELECT grade, region FROM customers UNION ALL SELECT c.id, "
         "t::text FROM t, customers c) SELECT b FROM t",
         "-"},
    };

    CHECK_CASES(cases);
}

static void
the_least_text_made_of_columns_is_one_persons(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT min(name || '/' || phone) FROM customers WHERE grade = $1",
         "customer hidden@0: 0=name+phone"},
        {"SELECT min(c.name || o.item), count(*) FROM customers c JOIN orders o ON o.customer_id = "
         "c.id",
         "customer hidden@0: 0=name; customer hidden@2: 0=order"},
        {"SELECT m, k FROM (SELECT min(n || p) AS m, min(p || n) AS k FROM (SELECT name AS n, "
         "phone "
         "AS p FROM customers) q) s",
         "customer hidden@0: 0=name+phone; customer hidden@2: 1=name+phone"},
        /* an index can have it */
        {"SELECT max(upper(name)) FROM customers", "customer bound: 0=name"},
        {"SELECT max(name::text) FROM customers", "customer bound: 0=name"},
        /* which rows it is made of, or which type it has, is not known */
        {"SELECT region, max(coalesce(name, 'x')) FROM customers GROUP BY region",
         "customer bound: 1=name"},
        {"SELECT max(name || $1) FROM customers", "customer bound: 0=name"},
        {"SELECT max(name || grade) FROM customers", "customer bound: 0=name"},
    };

    CHECK_CASES(cases);
}

/* Made of it row by row: it need not show any of them, but shows nobody else. */
static void
a_part_of_a_group_is_of_its_persons(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT upper(s) FROM " GROUPS, "customer hidden@0: 0=name"},
        {"SELECT s || '' FROM " GROUPS, "customer hidden@0: 0=name"},
        {"SELECT CASE WHEN r = 'x' THEN s END FROM " GROUPS, "customer hidden@0: 0=name"},
        {"SELECT x FROM " GROUPS ", LATERAL (SELECT upper(s) AS x) l", "customer hidden@0: 0=name"},
        {"SELECT upper(x) FROM (SELECT upper(s) AS x FROM " GROUPS ") p",
         "customer hidden@0: 0=name"},
        {"SELECT coalesce(a, 'x') FROM (SELECT max(name) AS a, count(*) FROM customers) q",
         "customer hidden@0: 0=name"},
        {"SELECT c.name, upper(s) FROM customers c, " GROUPS,
         "customer hidden@0: 0=name; customer hidden@1: 1=name"},
        {"SELECT t.n, upper(s) FROM (SELECT name AS n FROM customers) t, " GROUPS,
         "customer hidden@0: 0=name; customer hidden@1: 1=name"},
        /* one that is grouped by what it reads */
        {"SELECT upper(s), count(*) FROM " GROUPS " GROUP BY 1", "customer bound: 0=name"},
    };

    CHECK_CASES(cases);
}

static void
a_part_of_a_group_is_bound(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT x FROM " GROUPS ", unnest(string_to_array(s, ',')) x", "customer bound: 0=name"},
        {"SELECT max(s) FROM " GROUPS, "customer bound: 0=name"},
        {"SELECT lag(s) OVER () FROM " GROUPS, "customer bound: 0=name"},
        {"SELECT (SELECT s) FROM " GROUPS, "customer bound: 0=name"},
        {"SELECT q FROM " GROUPS, "customer bound: 0=name"},
        {"SELECT s FROM " GROUPS " UNION SELECT title FROM products", "customer bound: 0=name"},
        {"SELECT v.e FROM (VALUES ('x')) v(e), " GROUPS " WHERE v.e = s",
         "customer bound: 0=name !probe"},
        {"SELECT (SELECT s FROM " GROUPS ")", "customer bound: 0=name"},
        {"SELECT s FROM (SELECT region, min(name) AS s FROM customers GROUP BY 1) q",
         "customer hidden@0: 0=name"},
        {"SELECT s FROM (SELECT region, min(coalesce(name, '')) AS s FROM customers GROUP BY 1) q",
         "customer bound: 0=name"},
        {"SELECT s FROM (SELECT string_agg(name, ',') FILTER (WHERE random() < 1) AS s FROM "
         "customers) q",
         "customer bound: 0=name !opaque"},
    };

    CHECK_CASES(cases);
}

/* In which order groups come the server chooses anew for one that has more columns. */
static void
what_depends_on_their_order_is_bound(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT s FROM " GROUPS " LIMIT 3", "customer bound: 0=name"},
        {"SELECT s FROM " GROUPS " ORDER BY r OFFSET 1", "customer bound: 0=name"},
        {"SELECT s FROM (SELECT s FROM " GROUPS " LIMIT 1) p", "customer bound: 0=name"},
        {"SELECT s, row_number() OVER () FROM " GROUPS, "customer bound: 0=name"},
        {"SELECT DISTINCT ON (r) s FROM " GROUPS, "customer bound: 0=name"},
        {"SELECT q.s, c.name FROM customers c, " GROUPS ", (SELECT array_agg(r) FROM " GROUPS ") p",
         "customer hidden@0: 1=name; customer bound: 0=name"},
        {"WITH w AS (SELECT region AS r, string_agg(name, ',') AS s FROM customers GROUP BY "
         "region) "
         "SELECT s, (SELECT array_agg(r) FROM w) FROM w",
         "customer bound: 0=name"},
    };

    CHECK_CASES(cases);
}

/* Where something could see the columns of a group, the others are known still. */
static void
what_cannot_have_an_array_is_as_before(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT s, t.n FROM (SELECT name AS n FROM customers) t, (SELECT string_agg(name, ',') "
         "AS s FROM customers) q WHERE q IS NOT NULL",
         "customer hidden@0: 1=name; customer bound: 0=name"},
        {"WITH d AS (DELETE FROM products RETURNING id) SELECT s FROM " GROUPS,
         "customer bound: 0=name"},
    };
    struct plan_environment environment = shop_environment();
    static const struct plan_case clerk[] = {{"SELECT s FROM " GROUPS, "customer bound: 0=name"}};

    CHECK_CASES(cases);
    environment.role = "clerk"; /* may not read of which table a row is */
    check_cases_in(clerk, COUNT_OF(clerk), &environment);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_shows_all_of_a_group_is_known),
        cmocka_unit_test(queries_that_read_themselves_have_keys),
        cmocka_unit_test(the_least_text_made_of_columns_is_one_persons),
        cmocka_unit_test(a_part_of_a_group_is_of_its_persons),
        cmocka_unit_test(a_part_of_a_group_is_bound),
        cmocka_unit_test(what_depends_on_their_order_is_bound),
        cmocka_unit_test(what_cannot_have_an_array_is_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
