/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of tables further inside come up to the result, where nothing can tell that they do. */
#include "big_stack.h"
#include "plan_case.h"

#define WITHIN "_pasuhidden_pasugateway_pasucolumn"

static void
print_rewritten(const struct plan *plan, char *text, size_t size)
{
    snprintf(text, size, "%.*s", (int)plan->rewritten.length,
             plan->rewritten.bytes ? (const char *)plan->rewritten.bytes : "");
}

static void
each_query_hands_the_key_on(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT n FROM (SELECT name AS n FROM customers) s",
         "SELECT \"s\".\"pasu_key_1" WITHIN "\" AS \"pasu_key_2\", n FROM (SELECT name AS n, "
         "\"customers\".\"id\" AS \"pasu_key_1" WITHIN "\" FROM customers) s"},
        {"SELECT s.a FROM (SELECT name, phone FROM customers) s(a)",
         "SELECT \"s\".\"pasu_key_1" WITHIN "\" AS \"pasu_key_2\", s.a FROM (SELECT name, phone, "
         "\"customers\".\"id\" AS \"pasu_key_1" WITHIN "\" FROM customers) s(a)"},
        {"WITH w AS (SELECT name AS n, grade AS g FROM customers) SELECT n FROM w WHERE g = 2",
         "WITH w AS (SELECT name AS n, grade AS g, \"customers\".\"id\" AS \"pasu_key_1" WITHIN
         "\" FROM customers) SELECT \"w\".\"pasu_key_1" WITHIN
         "\" AS \"pasu_key_2\", n FROM w WHERE g = 2"},
        {"WITH w(x, y) AS (SELECT name, grade FROM customers) SELECT * FROM w",
         "WITH w(x, y) AS (SELECT name, grade, \"customers\".\"id\" AS \"pasu_key_1" WITHIN
         "\" FROM customers) SELECT \"w\".\"pasu_key_1" WITHIN
         "\" AS \"pasu_key_2\", \"w\".\"x\", \"w\".\"y\" FROM w"},
        {"SELECT l.* FROM products p, LATERAL (SELECT name FROM customers c WHERE c.id = p.id) l",
         "SELECT \"l\".\"pasu_key_1" WITHIN
         "\" AS \"pasu_key_2\", \"l\".\"name\" FROM products p, LATERAL (SELECT name, \"c\".\"id\" "
         "AS \"pasu_key_1" WITHIN "\" FROM customers c WHERE c.id = p.id) l"},
        {"SELECT n FROM (SELECT n FROM (SELECT name AS n FROM customers) a) b",
         "SELECT \"b\".\"pasu_key_2" WITHIN
         "\" AS \"pasu_key_3\", n FROM (SELECT n, \"a\".\"pasu_key_1" WITHIN
         "\" AS \"pasu_key_2" WITHIN
         "\" FROM (SELECT name AS n, \"customers\".\"id\" AS \"pasu_key_1" WITHIN
         "\" FROM customers) a) b"},
        {"WITH w AS (SELECT id, name FROM customers) SELECT name FROM w",
         "WITH w AS (SELECT id, name FROM customers) SELECT \"w\".\"id\" AS \"pasu_key_1\", name "
         "FROM w"},
        {"WITH w AS (SELECT * FROM customers) SELECT name FROM w",
         "WITH w AS (SELECT * FROM customers) SELECT \"w\".\"id\" AS \"pasu_key_1\", name FROM w"},
        {"WITH w AS (SELECT name FROM customers) SELECT a.name, b.name FROM w a, w b",
         "WITH w AS (SELECT name, \"customers\".\"id\" AS \"pasu_key_1" WITHIN
         "\" FROM customers) SELECT \"a\".\"pasu_key_1" WITHIN
         "\" AS \"pasu_key_2\", \"b\".\"pasu_key_1" WITHIN
         "\" AS \"pasu_key_3\", a.name, b.name FROM w a, w b"},
        {"WITH w AS (SELECT name FROM customers) SELECT name FROM w WHERE name IN (SELECT * FROM "
         "w)",
         "WITH w AS (SELECT name, \"customers\".\"id\" AS \"pasu_key_1" WITHIN
         "\" FROM customers) SELECT \"w\".\"pasu_key_1" WITHIN
         "\" AS \"pasu_key_2\", name FROM w WHERE name IN (SELECT \"w\".\"name\" FROM w)"},
        {"SELECT name AS from FROM (SELECT name AS from, phone IS DISTINCT FROM name AS limit FROM "
         "customers) s(name)",
         "SELECT \"s\".\"pasu_key_1" WITHIN
         "\" AS \"pasu_key_2\", name AS from FROM (SELECT name AS from, phone IS DISTINCT FROM "
         "name AS limit, \"customers\".\"id\" AS \"pasu_key_1" WITHIN "\" FROM customers) s(name)"},
        {"SELECT name FROM (SELECT name -- x\n, generate_series(1, 2)/* y */FROM customers ORDER "
         "BY 1 LIMIT 3) s",
         "SELECT \"s\".\"pasu_key_1" WITHIN
         "\" AS \"pasu_key_2\", name FROM (SELECT name -- x\n, generate_series(1, 2), "
         "\"customers\".\"id\" AS \"pasu_key_1" WITHIN
         "\"/* y */FROM customers ORDER BY 1 LIMIT 3) s"},
        {"SELECT title FROM products UNION ALL SELECT name FROM customers WHERE grade = 1 ORDER BY "
         "1",
         "SELECT NULL::pg_catalog.int8 AS \"pasu_key_1\", NULL::pg_catalog.oid AS \"pasu_key_2\", "
         "title FROM products UNION ALL SELECT \"customers\".\"id\"::pg_catalog.int8 AS "
         "\"pasu_key_1\", \"customers\".\"tableoid\"::pg_catalog.oid AS \"pasu_key_2\", name FROM "
         "customers WHERE grade = 1 ORDER BY 3"},
        {"(SELECT name, phone FROM customers ORDER BY 2 LIMIT 3) UNION ALL SELECT title, 'x' FROM "
         "products ORDER BY 1",
         "(SELECT \"customers\".\"id\"::pg_catalog.int8 AS \"pasu_key_1\", "
         "\"customers\".\"tableoid\"::pg_catalog.oid AS \"pasu_key_2\", name, phone FROM customers "
         "ORDER BY 4 LIMIT 3) UNION ALL SELECT NULL::pg_catalog.int8 AS \"pasu_key_1\", "
         "NULL::pg_catalog.oid AS \"pasu_key_2\", title, 'x' FROM products ORDER BY 3"},
        {"SELECT n FROM (SELECT name AS n FROM customers UNION ALL SELECT title FROM products) u",
         "SELECT \"u\".\"pasu_key_1" WITHIN "\" AS \"pasu_key_2\", \"u\".\"pasu_key_3" WITHIN
         "\" AS \"pasu_key_4\", n FROM (SELECT name AS n, \"customers\".\"id\"::pg_catalog.int8 AS "
         "\"pasu_key_1" WITHIN
         "\", \"customers\".\"tableoid\"::pg_catalog.oid AS \"pasu_key_3" WITHIN
         "\" FROM customers UNION ALL SELECT title, NULL::pg_catalog.int8 AS \"pasu_key_1" WITHIN
         "\", NULL::pg_catalog.oid AS \"pasu_key_3" WITHIN "\" FROM products) u"},
        {"UPDATE customers SET grade = grade WHERE grade = 2 RETURNING email",
         "UPDATE customers SET grade = grade WHERE grade = 2 RETURNING \"customers\".\"id\" AS "
         "\"pasu_key_1\", email"},
        {"DELETE FROM customers c USING orders o RETURNING name, item",
         "DELETE FROM customers c USING orders o RETURNING \"c\".\"id\" AS \"pasu_key_1\", "
         "\"o\".\"customer_id\" AS \"pasu_key_2\", name, item"},
        {"INSERT INTO customers (id, name) VALUES (1, 'x') RETURNING name",
         "INSERT INTO customers (id, name) VALUES (1, 'x') RETURNING \"customers\".\"id\" AS "
         "\"pasu_key_1\", name"},
        {"WITH d AS (DELETE FROM customers WHERE grade = 5 RETURNING name, grade) SELECT * FROM d",
         "WITH d AS (DELETE FROM customers WHERE grade = 5 RETURNING name, grade, "
         "\"customers\".\"id\" AS \"pasu_key_1" WITHIN "\") SELECT \"d\".\"pasu_key_1" WITHIN
         "\" AS \"pasu_key_2\", \"d\".\"name\", \"d\".\"grade\" FROM d"},
        {"SELECT q.b FROM (SELECT a, b FROM v_renamed) q",
         "SELECT \"q\".\"a\" AS \"pasu_key_1\", q.b FROM (SELECT a, b FROM v_renamed) q"},
    };
    struct plan_environment environment = shop_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_rewritten);
}

/* Each with what it would be seen by. */
static void
what_could_see_it_keeps_it_out(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        /* whole rows */
        "SELECT s FROM (SELECT name FROM customers) s",
        "SELECT s.* IS NULL FROM (SELECT name FROM customers) s",
        "SELECT s::text FROM (SELECT name FROM customers) s",
        "SELECT row_to_json(s) FROM (SELECT name FROM customers) s",
        "SELECT (s).name FROM (SELECT name FROM customers) s",
        "SELECT name FROM (SELECT name FROM customers) s WHERE s IS NOT NULL",
        "SELECT name FROM (SELECT name FROM customers) s ORDER BY s",
        "SELECT name FROM (SELECT name FROM customers) s WINDOW w AS (ORDER BY s)",
        "SELECT name, count(s) OVER () FROM (SELECT name FROM customers) s",
        "SELECT name, (SELECT s) FROM (SELECT name FROM customers) s",
        "SELECT s.name, f.x FROM (SELECT name FROM customers) s, LATERAL (SELECT s AS x) f",
        "SELECT name FROM (SELECT name FROM customers) s WHERE EXISTS (SELECT s.*::text)",
        "SELECT s.name, s.upper FROM (SELECT name FROM customers) s", /* upper(s) */
        "WITH w AS (SELECT name FROM customers) SELECT name FROM w WHERE name = (SELECT w::text)",
        /* stars */
        "SELECT * FROM (SELECT name FROM customers) s, products p",
        "SELECT * FROM (SELECT name, name FROM customers) s",
        "SELECT * FROM (SELECT name, 1 FROM customers) s",
        "SELECT ROW(s.*), s.name FROM (SELECT name FROM customers) s",
        "WITH w AS (SELECT name FROM customers) SELECT name FROM w WHERE EXISTS (TABLE w)",
        "WITH w AS (SELECT name FROM customers), x AS (SELECT * FROM w, products) SELECT name FROM "
        "w",
        /* places of columns */
        "SELECT a FROM (SELECT name FROM customers) s(a, b)",
        "WITH w(a, b) AS (SELECT name FROM customers) SELECT a FROM w",
        "WITH w(a) AS (SELECT name FROM customers) SELECT s.a FROM w s(a, b)",
        "SELECT j.x FROM ((SELECT name FROM customers) s CROSS JOIN products p) j(x, y)",
        "WITH w AS (SELECT name FROM customers) SELECT w.name FROM w, (w v CROSS JOIN products) "
        "j(x)",
        /* names of columns */
        "SELECT s.name FROM (SELECT name FROM customers) s NATURAL JOIN products",
        "WITH w AS (SELECT name FROM customers) SELECT a.name FROM w a NATURAL JOIN w b",
        "SELECT \"pasu_key_1\" FROM (SELECT name FROM customers) s",
        "SELECT U&\"pasu\\005fkey_1\", name FROM (SELECT name FROM customers) s",
        "SELECT PASU_KEY_1, name FROM (SELECT name FROM customers) s",
        "SELECT name, pazu_kez_1_pasuhidden_pasugateway_pasucolumm FROM (SELECT name FROM "
        "customers) s",
        "SELECT name, pasu_kex_1_pasuhixden_pasugatewax_pasucolumn FROM (SELECT name FROM "
        "customers) s",
        /* rows that are several */
        "SELECT name FROM (SELECT DISTINCT name FROM customers) s",
        "SELECT name FROM (SELECT DISTINCT ON (grade) name FROM customers) s",
        "SELECT n FROM (SELECT max(name) AS n FROM customers WHERE grade = 1) s",
        "SELECT name FROM (SELECT name FROM customers GROUP BY name) s LIMIT 3",
        "SELECT name FROM (SELECT name FROM customers GROUP BY ROLLUP (name)) s",
        "SELECT n FROM (SELECT lag(name) OVER () AS n FROM customers) s",
        "SELECT name FROM customers UNION SELECT item FROM orders",
        "SELECT name FROM customers EXCEPT ALL SELECT item FROM orders",
        "SELECT n FROM (SELECT name AS n FROM customers UNION SELECT item FROM orders) u",
        "WITH RECURSIVE r AS (SELECT name FROM customers UNION SELECT name FROM r) "
        "SELECT name FROM r",
        "SELECT DISTINCT n FROM (SELECT name AS n FROM customers) s",
        "SELECT max(n) FROM (SELECT name AS n FROM customers) s",
        /* another key than the row had */
        "UPDATE customers SET id = 5 WHERE grade = 2 RETURNING name",
        "UPDATE customers SET (name, id) = ('x', 5) WHERE grade = 2 RETURNING name",
        "WITH u AS (UPDATE customers SET id = 5 RETURNING id, name) SELECT name FROM u",
        "INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET id = 2 "
        "RETURNING name",
        /* rows that go elsewhere */
        "SELECT name INTO x FROM (SELECT name FROM customers) s",
        "CREATE TABLE x AS SELECT name FROM (SELECT name FROM customers) s",
        "EXPLAIN ANALYZE SELECT name FROM (SELECT name FROM customers) s",
        /* an order between the whole and its arms */
        "(SELECT name FROM customers UNION ALL SELECT title FROM products ORDER BY 1) "
        "UNION ALL SELECT title FROM products",
    };
    struct plan_environment environment = shop_environment();

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct plan *plan = plan_of(texts[i], &environment);

        if (plan->rewritten.bytes)
            fail_msg("%s\n%.*s", texts[i], (int)plan->rewritten.length,
                     (const char *)plan->rewritten.bytes);
        plan_release(plan);
    }
}

/* The OID of a row's table is no column that rights on a column allow. */
static void
rights_decide_what_can_be_added(void **state PASU_UNUSED)
{
    static const struct plan_case clerk[] = {
        {"SELECT n FROM (SELECT name AS n FROM customers) s", "customer hidden@0: 0=name"},
        {"SELECT name FROM customers UNION ALL SELECT title FROM products",
         "customer bound1: 0=name"},
    };
    static const struct plan_case stranger[] = {
        {"SELECT n FROM (SELECT name AS n FROM customers) s", "customer bound1: 0=name"},
        {"UPDATE customers SET grade = 1 RETURNING name", "customer bound1: 0=name"},
        {"WITH w AS (SELECT id, name FROM customers) SELECT name FROM w",
         "customer hidden@0: 0=name"}, /* it reads the key itself */
    };
    struct plan_environment environment = shop_environment();

    environment.role = "clerk";
    check_cases_in(clerk, COUNT_OF(clerk), &environment);
    environment.role = "stranger";
    check_cases_in(stranger, COUNT_OF(stranger), &environment);
}

/* Each table is known by its own key, or none of its kind is. */
static void
one_tables_key_is_not_anothers(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT a.n, b.n FROM (SELECT name AS n FROM customers) a, "
         "(SELECT name AS n FROM customers) b",
         "customer hidden@0: 0=name; customer hidden@1: 1=name"},
        {"SELECT a.n, b.m FROM (SELECT name AS n, id AS i FROM customers) a "
         "LEFT JOIN (SELECT item AS m, customer_id AS i FROM orders) b ON a.i = b.i",
         "customer hidden@0: 0=name; customer hidden@1: 1=order"},
        {"SELECT c.id, s.name FROM customers c, (SELECT name FROM customers) s",
         "customer hidden@0: 1=name"},
        {"SELECT s.id, s.name FROM (SELECT a.id, b.name FROM customers a, customers b) s",
         "customer hidden@0: 1=name"},
        {"SELECT s.n, c.name FROM customers c, (SELECT max(name) AS n FROM customers WHERE grade = "
         "1) s",
         "customer hidden@0: 1=name; customer bound: 0=name"},
        {"SELECT a.n, b.n FROM (SELECT name AS n FROM customers) a, "
         "(SELECT max(name) AS n FROM customers WHERE grade = 1) b",
         "customer hidden@0: 0=name; customer bound: 1=name"},
        {"SELECT name FROM customers UNION ALL SELECT item FROM orders",
         "customer hidden@0: 0=name; customer hidden@2: 0=order"},
    };

    check_cases_in(
        cases, COUNT_OF(cases),
        &(struct plan_environment){
            .catalog = &shop, .role = "app", .is_plain_dialect = true, .may_inject = true});
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_query_hands_the_key_on),
        cmocka_unit_test(what_could_see_it_keeps_it_out),
        cmocka_unit_test(rights_decide_what_can_be_added),
        cmocka_unit_test(one_tables_key_is_not_anothers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
