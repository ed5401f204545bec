/* SPDX-License-Identifier: Apache-2.0 */
/* What conditions and comparisons tell of persons, where no column is shown that says it. */
#include "big_stack.h"
#include "plan_case.h"

static void
a_length_is_shown(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT pg_column_size(name) FROM customers", "customer hidden@0: 0=name"},
        {"SELECT octet_length(name) FROM customers", "customer hidden@0: 0=name"},
        {"SELECT pg_typeof(name) FROM customers", "-"},
    };

    CHECK_CASES(cases);
}

static void
whether_a_stored_value_is_null_is_nothing(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name IS NULL, (name, phone) IS NULL, c IS NOT NULL FROM customers c", "-"},
        {"SELECT name::text IS NULL, coalesce(phone, email) IS NULL FROM customers", "-"},
        {"SELECT nullif(name, '') IS NULL FROM customers", "-"},
        {"SELECT tel IS NULL FROM v_contact", "-"},
        {"SELECT q.n IS NULL FROM (SELECT name AS n FROM customers) q", "-"},
        {"SELECT num_nulls(name, phone), count(email) FROM customers", "-"},
        {"SELECT (SELECT email FROM customers LIMIT 1) IS NULL", "-"},
        {"SELECT count(CASE WHEN grade = 1 THEN name END) FROM customers", "-"},
        {"SELECT count(CASE WHEN amount > 1000 THEN 1 END) FROM orders", "-"},
    };

    CHECK_CASES(cases);
}

static void
whether_an_expression_is_null_shows_what_it_carries(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT nullif(name, 'x') IS NULL FROM customers", "customer hidden@0: 0=name"},
        {"SELECT CASE WHEN name = 'x' THEN 1 END IS NULL FROM customers",
         "customer hidden@0: 0=name"},
        {"SELECT CASE name WHEN 'x' THEN 1 END IS NULL FROM customers",
         "customer hidden@0: 0=name"},
        {"SELECT substring(name, '^x') IS NOT NULL FROM customers", "customer hidden@0: 0=name"},
        {"SELECT q.n IS NULL FROM (SELECT nullif(name, 'x') AS n FROM customers) q",
         "customer hidden@0: 0=name"},
        {"SELECT num_nulls(nullif(name, 'x')) FROM customers", "customer hidden@0: 0=name"},
        {"SELECT (SELECT substring(email, 'x') FROM customers LIMIT 1) IS NULL",
         "customer bound1: 0=email"},
        {"SELECT 1 FROM customers WHERE substring(email, '^x') IS NOT NULL", "- !probe"},
        {"SELECT 1 FROM customers WHERE nullif(email, 'x') IS NULL", "- !probe"},
        {"SELECT count(nullif(email, 'x')) FROM customers", "- !probe"},
        {"SELECT count(substring(email, '^x')) FROM customers", "- !probe"},
        {"SELECT count(CASE email WHEN 'x' THEN 1 END) FROM customers", "- !probe"},
    };

    CHECK_CASES(cases);
}

static void
a_constant_makes_a_probe_however_it_is_compared(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT 1 FROM customers WHERE NOT (email <> 'x')", "- !probe"},
        {"SELECT 1 FROM customers WHERE email >= 'a' AND email < 'b'", "- !probe"},
        {"SELECT 1 FROM customers WHERE email BETWEEN 'a' AND $1", "- !probe"},
        {"SELECT 1 FROM customers WHERE email IS DISTINCT FROM 'x'", "- !probe"},
        {"SELECT 1 FROM customers WHERE ARRAY[email] && ARRAY['x']", "- !probe"},
        {"SELECT 1 FROM customers WHERE to_jsonb(email) @> '\"x\"'", "- !probe"},
        {"SELECT 1 FROM customers WHERE md5(email) > 'x'", "- !probe"},
        {"SELECT 1 FROM customers WHERE lower(email)::bool", "- !probe"},
        {"SELECT count(*) FILTER (WHERE regexp_matches(name, 'x')) FROM customers", "- !probe"},
        {"SELECT 1 FROM customers HAVING bool_or(reverse(email)::bool)", "- !probe"},
        {"SELECT grade FROM customers GROUP BY grade HAVING max(name) > 'x'", "-"},
        {"SELECT grade FROM customers GROUP BY grade HAVING max(name) = 'x'", "- !probe"},
        {"SELECT grade FROM customers GROUP BY grade HAVING max(name) LIKE 'x%'", "- !probe"},
        {"SELECT grade FROM customers WHERE grade = 1 GROUP BY grade HAVING max(name) > 'x'",
         "- !probe"},
        {"SELECT 1 FROM customers HAVING max(name) > 'x'", "- !probe"},
        {"SELECT id FROM customers GROUP BY id HAVING max(name) > 'x'", "- !probe"},
        {"SELECT id % 7 FROM customers GROUP BY 1, id % 7 HAVING max(name) > 'x'", "- !probe"},
        {"SELECT 1 FROM customers GROUP BY grade, email HAVING max(name) > 'x'", "- !probe"},
        {"SELECT grade FROM customers GROUP BY grade "
         "HAVING (SELECT email FROM customers LIMIT 1) > 'x'",
         "- !probe"},
        {"SELECT q.grade FROM (SELECT * FROM customers LIMIT 1) q GROUP BY q.grade "
         "HAVING max(q.email) > 'x'",
         "- !probe"},
        {"SELECT 1 WHERE 'x' IN (SELECT email FROM customers)", "- !probe"},
        {"SELECT 1 WHERE 'x' = ANY (SELECT email FROM customers)", "- !probe"},
        {"SELECT 1 WHERE ('x', 1) IN (SELECT email, 1 FROM customers)", "- !probe"},
        {"SELECT 1 WHERE 'x' <> ALL (SELECT email FROM customers)", "- !probe"},
        {"SELECT count(*) FROM (SELECT email FROM customers INTERSECT SELECT 'x') q", "- !probe"},
        {"SELECT EXISTS (SELECT email FROM customers EXCEPT SELECT 'x')", "- !probe"},
        {"SELECT rank('x') WITHIN GROUP (ORDER BY name) FROM customers", "- !probe"},
        {"SELECT id FROM customers ORDER BY email <> 'x' LIMIT 1", "- !probe"},
        {"CREATE TEMP TABLE t AS SELECT 1 AS x FROM customers WHERE email = 'x'", "- DDL !probe"},
        {"CREATE VIEW v AS SELECT id FROM customers WHERE email = 'x'", "- DDL !probe"},
        {"EXPLAIN ANALYZE SELECT name FROM customers WHERE id = 5 AND email < 'x'", "- !probe"},
        {"EXPLAIN SELECT name FROM customers WHERE id = 5 AND email < 'x'", "-"},
        {"EXPLAIN ANALYZE SELECT name FROM customers WHERE id = 5", "-"},
        {"SELECT 1 FROM customers WHERE email <> ''", "-"},
        {"SELECT count(*) FROM orders WHERE amount BETWEEN 1 AND 5 AND amount <> 3", "-"},
        {"SELECT count(*) FROM orders WHERE date_trunc('day', ordered_at) < $1", "-"},
        {"SELECT count(*) FROM (SELECT name FROM customers UNION ALL SELECT 'x') q", "-"},
        {"SELECT id FROM customers ORDER BY lower(name), name || 'x'", "-"},
        {"SELECT count(*) FROM orders WHERE customer_id IN (SELECT id FROM customers)", "-"},
        {"CREATE VIEW v AS SELECT id FROM customers WHERE grade = 1", "- DDL"},
    };

    CHECK_CASES(cases);
}

static void
any_condition_on_a_pinned_person_is_a_probe(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT 1 FROM orders WHERE customer_id = 5 AND amount > 1500", "- !probe"},
        {"SELECT count(*) FROM orders WHERE amount > 1500 AND customer_id = $1", "- !probe"},
        {"SELECT 1 FROM orders WHERE customer_id IN (5) AND ordered_at < now()", "- !probe"},
        {"SELECT 1 FROM orders WHERE customer_id = ANY($1) AND amount % 2 = 1", "- !probe"},
        {"SELECT 1 FROM orders WHERE customer_id + 0 = 5 AND amount > 1", "- !probe"},
        {"SELECT 1 FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = 5 "
         "AND o.amount > 1",
         "- !probe"},
        {"SELECT 1 FROM (SELECT * FROM orders WHERE amount > 1) o WHERE o.customer_id = 5",
         "- !probe"},
        {"SELECT 1 FROM customers c WHERE c.id = 5 AND EXISTS (SELECT 1 FROM orders o "
         "WHERE o.customer_id = c.id AND o.amount > 1)",
         "- !probe"},
        {"SELECT 1 FROM orders o, (VALUES (5)) v(k) WHERE o.customer_id = v.k AND o.amount > 1",
         "- !probe"},
        {"SELECT count(*) FROM orders o, generate_series(1, o.amount) WHERE o.customer_id = 5",
         "- !probe"},
        {"SELECT 1 FROM orders WHERE customer_id = (SELECT min(id) FROM customers) AND amount > 1",
         "- !probe"},
        {"SELECT 1 FROM orders WHERE customer_id = 5 ORDER BY ordered_at DESC LIMIT 10", "-"},
        {"SELECT count(*) FROM orders WHERE customer_id = $1", "-"},
        {"SELECT 1 FROM customers WHERE id = 5 AND phone IS NOT NULL", "-"},
        {"SELECT 1 FROM orders WHERE customer_id > 5 AND amount > 1", "-"},
        {"SELECT 1 FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.amount > 1", "-"},
        {"SELECT 1 FROM v_contact, v_renamed WHERE a = 5", "-"},
        {"SELECT item FROM orders WHERE customer_id = 5 AND amount > 1",
         "customer pinned 5: 0=order"},
    };

    CHECK_CASES(cases);
}

static void
how_many_rows_come_can_tell(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT title FROM products LIMIT (SELECT max(amount) FROM orders)", "- !probe"},
        {"SELECT title FROM products OFFSET (SELECT amount FROM orders WHERE id = 1) LIMIT 1",
         "- !probe"},
        {"SELECT count(*) FROM generate_series(1, (SELECT amount FROM orders LIMIT 1))",
         "- !probe"},
        {"SELECT title FROM products LIMIT (SELECT count(*) FROM customers)", "-"},
        {"SELECT count(*) FROM orders, unnest(string_to_array(item, ','))", "-"},
    };

    CHECK_CASES(cases);
}

static void
a_column_shows_what_it_is_equal_to(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT v.e FROM (VALUES ('x')) v(e) JOIN customers c ON c.email = v.e",
         "customer hidden@0: 0=email !probe"},
        {"SELECT c.id, v.e FROM (VALUES ('x')) v(e), customers c WHERE v.e || '@y' = c.email",
         "customer key@0: 1=email !probe"},
        {"SELECT * FROM (VALUES ('x')) v(e) JOIN customers c ON c.email = v.e AND c.id = 5",
         "customer key@1 pins 5: 0=email 2=name 3=phone 4=email 5=address !probe"},
        {"SELECT e FROM customers c LEFT JOIN (VALUES ('x')) v(e) ON c.email LIKE v.e",
         "customer hidden@0: 0=email !probe"},
        {"SELECT email FROM customers c JOIN (VALUES ('x')) v(email) USING (email)",
         "customer hidden@0: 0=email !probe"},
        {"SELECT v.email FROM customers c NATURAL JOIN (VALUES ('x')) v(email)",
         "customer hidden@0: 0=email !probe"},
        {"SELECT j.e FROM ((VALUES ('x')) v(e) JOIN customers c ON c.email = v.e) AS j",
         "customer bound1: 0=email !probe"},
        {"SELECT 1 FROM ((VALUES (1)) c(e) CROSS JOIN products p) AS j JOIN customers c "
         "ON c.email = 'x'",
         "- !probe"},
        {"SELECT 1 FROM (customers c JOIN orders o ON c.id = o.customer_id AND c.email = 'x') AS j",
         "- !probe"},
        {"SELECT d FROM generate_series(1, 9) d JOIN customers c ON right(c.email, 1) = d::text",
         "customer hidden@0: 0=email !probe"},
        {"SELECT * FROM generate_series(1, 9) d JOIN orders o ON o.amount = d WHERE o.id = 1",
         "customer hidden@0: *=order"},
        {"SELECT p.id FROM products p JOIN orders o ON p.price = o.amount", "-"},
        {"SELECT p.price FROM products p JOIN orders o ON p.price = o.amount",
         "customer hidden@0: 0=order"},
        /* one passes on to another */
        {"SELECT a.x FROM (VALUES ('x')) a(x), (VALUES ('x')) b(x), customers c "
         "WHERE a.x = b.x AND b.x = c.email",
         "customer hidden@0: 0=email !probe"},
        {"SELECT a.x FROM (VALUES ('x')) a(x) JOIN (VALUES ('x')) b(x) USING (x) "
         "JOIN customers c ON b.x = c.email",
         "customer hidden@0: 0=email !probe"},
        {"SELECT * FROM (VALUES ('x')) v(e) JOIN LATERAL (SELECT 1 FROM customers c "
         "WHERE c.email = v.e) l ON true",
         "customer bound: 0=email !probe"},
        {"DELETE FROM products p USING customers c WHERE c.email = p.title RETURNING p.*",
         "customer hidden@0: 1=email !probe"},
        {"DELETE FROM products p USING v_renamed c WHERE c.b = p.title RETURNING *",
         "customer key@3: 1=email 4=email !probe"},
        {"SELECT x.y FROM (VALUES ('x')) v(e) JOIN customers c ON c.email = v.e, "
         "LATERAL (SELECT v.e AS y) x",
         "customer hidden@0: 0=email !probe"},
        {"SELECT u FROM (VALUES ('x')) v(e) CROSS JOIN unnest(ARRAY[v.e]) u "
         "JOIN customers c ON c.email = v.e",
         "customer hidden@0: 0=email !probe"},
        {"SELECT v.e FROM (VALUES ('x')) v(e), customers c WHERE right(c.email || v.e, 1) = 'x'",
         "customer hidden@0: 0=email !probe"},
        {"UPDATE products SET price = 2 FROM customers c WHERE c.email = products.title "
         "RETURNING products.title",
         "customer hidden@0: 0=email !probe"},
        /* from a query inside, a row can be equal to many */
        {"SELECT v.e FROM (VALUES ('x')) v(e) WHERE EXISTS (SELECT FROM customers c "
         "WHERE c.email = v.e)",
         "customer bound: 0=email !probe"},
        {"SELECT v.e FROM (VALUES ('x')) v(e) WHERE v.e IN (SELECT email FROM customers)",
         "customer bound: 0=email !probe"},
        {"SELECT v.e FROM (VALUES ('x')) v(e) WHERE v.e = (SELECT email FROM customers LIMIT 1)",
         "customer bound1: 0=email !probe"},
        {"WITH v(e) AS (VALUES ('x')) SELECT e FROM v, customers c WHERE c.email = e",
         "customer hidden@0: 0=email !probe"},
        {"SELECT q.e FROM (SELECT v.e FROM (VALUES ('x')) v(e), customers c WHERE c.email = v.e) q",
         "customer hidden@0: 0=email !probe"},
        {"SELECT v.e FROM (VALUES ('x')) v(e), customers c GROUP BY v.e HAVING max(c.email) = v.e",
         "customer bound: 0=email !probe"},
        {"SELECT v.e FROM (VALUES ('x')) v(e), customers c ORDER BY c.email = v.e DESC LIMIT 1",
         "customer hidden@0: 0=email !probe"},
        {"UPDATE products p SET price = 1 FROM customers c WHERE c.email = p.title "
         "RETURNING p.title",
         "customer hidden@0: 0=email !probe"},
        /* of a view that has both */
        {"SELECT a FROM v_renamed WHERE a::text = b", "customer key@0: 0=email"},
        /* without being shown */
        {"SELECT 1 FROM customers c JOIN (VALUES ('x')) v(e) ON v.e = c.email", "- !probe"},
        {"SELECT v.e, EXISTS (SELECT FROM customers c WHERE c.email = v.e) "
         "FROM (VALUES ('x')) v(e)",
         "customer bound: 0=email !probe"},
        {"SELECT v.e, (SELECT 1 FROM customers c WHERE c.email = v.e LIMIT 1) "
         "FROM (VALUES ('x')) v(e)",
         "customer bound: 0=email !probe"},
        {"SELECT count(*) FROM customers c JOIN products p ON p.title = c.email", "- !probe"},
        {"SELECT count(*) FROM customers a JOIN customers b ON a.email = b.email || 'x'",
         "- !probe"},
        /* joins of what is stored, and of keys */
        {"SELECT count(*) FROM customers a JOIN customers b ON lower(a.email) = lower(b.email)",
         "-"},
        {"SELECT count(*) FROM customers a JOIN customers b ON a.email = coalesce(b.email, '')",
         "-"},
        {"SELECT count(*) FROM customers JOIN v_renamed ON email = b", "-"},
        {"SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id", "-"},
        {"SELECT p.title FROM products p JOIN orders o ON o.id = p.id WHERE o.amount > p.price",
         "-"},
        {"SELECT c.region FROM customers c WHERE c.name = c.region", "-"},
    };

    CHECK_CASES(cases);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_is_shown),
        cmocka_unit_test(whether_a_stored_value_is_null_is_nothing),
        cmocka_unit_test(whether_an_expression_is_null_shows_what_it_carries),
        cmocka_unit_test(a_constant_makes_a_probe_however_it_is_compared),
        cmocka_unit_test(any_condition_on_a_pinned_person_is_a_probe),
        cmocka_unit_test(how_many_rows_come_can_tell),
        cmocka_unit_test(a_column_shows_what_it_is_equal_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
