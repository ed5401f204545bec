/* SPDX-License-Identifier: Apache-2.0 */
/* Queries: whose fields come in which column, and how that is known. */
#include "big_stack.h"
#include "plan_case.h"

#define EVERYTHING "customer bound: *=all; recipient bound: *=all"

static void
a_key_in_the_result_names_the_persons(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT * FROM customers", "customer key@0: 1=name 2=phone 3=email 4=address"},
        {"TABLE customers", "customer key@0: 1=name 2=phone 3=email 4=address"},
        {"SELECT name, id FROM customers ORDER BY 1", "customer key@1: 0=name"},
        {"SELECT c.name AS a, c.id AS b FROM public.customers c", "customer key@1: 0=name"},
        {"SELECT o.*, c.name FROM orders o, customers c",
         "customer key@1: 2=order 3=order 4=order; customer hidden@0: 5=name"},
        {"SELECT id, upper(name) FROM customers", "customer key@0: 1=name"},
        {"SELECT DISTINCT id, name FROM customers", "customer key@0: 1=name"},
        {"SELECT c.id, c.name, count(*) FROM customers c JOIN orders o ON o.customer_id = c.id "
         "GROUP BY c.id, c.name",
         "customer key@0: 1=name"},
        {"SELECT c.id, string_agg(o.item, ',') FROM customers c JOIN orders o "
         "ON o.customer_id = c.id GROUP BY c.id",
         "customer key@0: 1=order"},
        /* another table's key, equal in every row */
        {"SELECT c.id, o.item FROM customers c JOIN orders o ON o.customer_id = c.id",
         "customer key@0: 1=order"},
        {"SELECT * FROM customers JOIN visits ON customer_id = id",
         "customer key@0: 1=name 2=phone 3=email 4=address; customer key@0: 10=order"},
        {"SELECT * FROM orders JOIN visits USING (customer_id)",
         "customer key@0: 2=order 3=order 4=order; customer key@0: 6=order"},
        {"SELECT * FROM orders LEFT JOIN visits USING (customer_id)",
         "customer key@0: 2=order 3=order 4=order; customer hidden@0: 6=order"},
        /* two kinds of subjects in one table */
        {"SELECT * FROM address_book",
         "customer key@1: 4=door_code; recipient key@0: 2=name 3=phone"},
        {"SELECT id, customer_id FROM address_book", "-"},
        {"SELECT customer_id, note FROM visits_2024", "customer key@0: 1=order"},
    };

    CHECK_CASES(cases);
}

static void
one_persons_key_is_not_anothers(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT a.id, b.name FROM customers a, customers b", "customer hidden@0: 1=name"},
        {"SELECT a.id, b.id, a.name, b.name FROM customers a, customers b",
         "customer key@0: 2=name; customer key@1: 3=name"},
        {"SELECT a.id, b.name FROM customers a JOIN customers b ON a.id = b.id",
         "customer key@0: 1=name"},
        {"SELECT a.id, b.name FROM customers a LEFT JOIN customers b ON a.id = b.id",
         "customer hidden@0: 1=name"},
        {"SELECT upper(name), string_agg(email, ',') FROM customers GROUP BY CUBE (upper(name))",
         "customer hidden@0: 0=name; customer hidden@2: 1=email"},
        {"SELECT grade + 1, string_agg(email, ',') FROM customers GROUP BY ROLLUP (grade + 1)",
         "customer hidden@0: 1=email"},
        {"SELECT n FROM (SELECT name AS n FROM customers GROUP BY ROLLUP (name)) q",
         "customer bound: 0=name"},
        {"SELECT a.id, b.name FROM customers a JOIN customers b ON a.id <> b.id",
         "customer hidden@0: 1=name"},
        {"SELECT a.id, b.name FROM customers a, customers b WHERE a.id = b.id OR true",
         "customer hidden@0: 1=name"},
        {"SELECT id + 1 AS id, name FROM customers", "customer hidden@0: 1=name"},
        {"SELECT id, lag(name) OVER (ORDER BY id) FROM customers", "customer hidden@0: 1=name"},
        {"SELECT id, first_value(name) OVER w FROM customers WINDOW w AS (ORDER BY id)",
         "customer hidden@0: 1=name"},
        {"SELECT id, name, lag(name) OVER (ORDER BY id) FROM customers",
         "customer key@0: 1=name; customer hidden@0: 2=name"},
        {"SELECT max(item) OVER (PARTITION BY customer_id) FROM orders",
         "customer hidden@0: 0=order"},
        {"SELECT max(item) OVER (PARTITION BY id) FROM orders", "customer hidden@0: 0=order"},
        {"SELECT max(name) OVER (PARTITION BY region) FROM customers", "customer hidden@0: 0=name"},
        {"SELECT lag(name, 1, 'x') OVER (ORDER BY id) FROM customers", "customer hidden@0: 0=name"},
        {"SELECT lag(name, 1, region) OVER (ORDER BY id) FROM customers", "customer bound: 0=name"},
        {"SELECT id, lag(upper(name) || phone) OVER (ORDER BY id) FROM customers",
         "customer hidden@0: 1=name+phone"},
        {"SELECT first_value(coalesce(c.name, 'x')) OVER (ORDER BY o.id) FROM customers c JOIN "
         "orders o ON o.customer_id = c.id",
         "customer hidden@0: 0=name"},
        {"SELECT lag(c.name || o.item) OVER (ORDER BY o.id) FROM customers c, orders o",
         "customer bound: 0=name+order"},
        {"SELECT lag((SELECT d.name FROM customers d WHERE d.id = c.id)) OVER () FROM customers c",
         "customer bound: 0=name"},
        {"SELECT lag(upper(name), id) OVER (ORDER BY id) FROM customers", "customer bound: 0=name"},
        {"SELECT max(upper(name)) OVER (PARTITION BY id) FROM customers", "customer bound: 0=name"},
        {"SELECT sum(amount) OVER (PARTITION BY id) FROM orders", "customer bound: 0=order"},
        {"SELECT array_agg(item) FILTER (WHERE amount > 1) OVER () FROM orders",
         "customer bound: 0=order"},
        {"SELECT id, row_number() OVER (ORDER BY name), name FROM customers",
         "customer key@0: 2=name"},
        {"SELECT id, (SELECT name FROM customers LIMIT 1) FROM customers",
         "customer bound1: 1=name"},
        {"SELECT id, (SELECT c.name) FROM customers c", "customer key@0: 1=name"},
        {"SELECT o.id, o.item FROM orders o", "customer hidden@0: 1=order"},
        {"SELECT id, string_agg(name, ',') OVER () FROM customers", "customer hidden@0: 1=name"},
        {"SELECT max(id), string_agg(name, ',') FROM customers", "customer hidden@0: 1=name"},
        {"SELECT c.id, (SELECT string_agg(c.name, ',')) FROM customers c GROUP BY c.id",
         "customer key@0: 1=name"},
        {"SELECT (SELECT string_agg(c.name, ',')) FROM customers c", "customer bound: 0=name"},
        {"SELECT id, name FROM customers GROUP BY ROLLUP (id, name)", "customer hidden@0: 1=name"},
    };

    CHECK_CASES(cases);
}

static void
a_condition_pins_the_key(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT email FROM customers WHERE id = 100007", "customer pinned 100007: 0=email"},
        {"SELECT email FROM customers WHERE 100007 = id", "customer pinned 100007: 0=email"},
        {"SELECT email FROM customers WHERE id = '100007'", "customer pinned 100007: 0=email"},
        {"SELECT email FROM customers WHERE id = '100007'::bigint",
         "customer pinned 100007: 0=email"},
        {"SELECT email FROM customers WHERE id = $1", "customer pinned $1: 0=email"},
        {"SELECT email FROM customers WHERE id = $2::int8 AND grade > $1",
         "customer pinned $2: 0=email"},
        {"SELECT email FROM customers WHERE id OPERATOR(pg_catalog.=) 5",
         "customer pinned 5: 0=email"},
        {"SELECT email FROM customers WHERE grade = 1 AND (region = 'x' AND id = -5)",
         "customer pinned -5: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = 5", "customer pinned 5: 0=email"},
        {"SELECT email FROM customers WHERE id = 5 AND id IN (4, 5)", "customer pinned 5: 0=email"},
        {"SELECT email FROM customers WHERE id = 5 FOR UPDATE", "customer pinned 5: 0=email"},
        {"SELECT c.email, o.item FROM customers c JOIN orders o ON o.customer_id = c.id "
         "WHERE c.id = $1",
         "customer pinned $1: 0=email; customer pinned $1: 1=order"},
        {"SELECT c.email FROM customers c JOIN orders o ON o.customer_id = c.id AND c.id = 5",
         "customer pinned 5: 0=email"},
        {"SELECT c.email FROM customers c LEFT JOIN orders o ON o.customer_id = c.id "
         "WHERE c.id = 5",
         "customer pinned 5: 0=email"},
        {"SELECT o.item FROM products p LEFT JOIN orders o ON o.customer_id = p.id "
         "WHERE o.customer_id = 5",
         "customer pinned 5: 0=order"},
        {"SELECT id, email FROM customers WHERE id = 5", "customer key@0 pins 5: 1=email"},
        /* no column comes with an origin that proves the table: the key is asked for */
        {"SELECT upper(email) FROM customers WHERE id = 5", "customer hidden@0 pins 5: 0=email"},
        {"SELECT upper(email) FROM public.customers WHERE id = 5", "customer pinned 5: 0=email"},
        {"SELECT recipient, door_code FROM address_book WHERE id = 500001",
         "customer hidden@0: 1=door_code; recipient pinned 500001: 0=name"},
    };

    CHECK_CASES(cases);
}

static void
what_looks_like_a_pin_is_none(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT email FROM customers WHERE id = 5 OR grade = 1", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE NOT id = 5", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id <> 5", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = 5.0", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = 1e2", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = ' 5'", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = '0x5'", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = '05'", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = NULL", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = $1::numeric", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = '5'::mytype", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = (SELECT 5)", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = f_clean(5)", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id + 0 = 5", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE (id = 5) = false", "customer hidden@0: 0=email"},
        {"SELECT c.email FROM customers c WHERE EXISTS (SELECT 1 FROM orders WHERE id = 5)",
         "customer hidden@0: 0=email"},
        {"SELECT c.email FROM products p LEFT JOIN customers c ON c.id = 5",
         "customer hidden@0: 0=email"},
        {"SELECT c.email FROM products p LEFT JOIN (orders o JOIN customers c ON c.id = 5) "
         "ON true",
         "customer hidden@0: 0=email"},
        {"SELECT b.email FROM customers a, customers b WHERE a.id = 5",
         "customer hidden@0: 0=email"},
        {"SELECT string_agg(email, ',') FROM customers WHERE id = 5",
         "customer hidden@0 pins 5: 0=email"},
        {"SELECT max(email) FROM customers WHERE id = 5", "customer hidden@0 pins 5: 0=email"},
        {"SELECT email FROM customers WHERE id = ANY(SELECT 5)", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id NOT IN (5)", "customer hidden@0: 0=email"},
        {"SELECT email FROM customers WHERE id = ALL(ARRAY[5])", "customer hidden@0: 0=email"},
    };

    CHECK_CASES(cases);
}

static void
several_keys_can_be_pinned(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT DISTINCT email FROM customers WHERE id IN (1, $1)",
         "customer pinned 1,$1: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY($1)",
         "customer pinned $1[]: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY($1::bigint[])",
         "customer pinned $1[]: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY('{7,14}')",
         "customer pinned 7,14: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY('{7,14}'::int8[])",
         "customer pinned 7,14: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY(ARRAY[7, 14])",
         "customer pinned 7,14: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = 7 OR id = 14 OR 21 = id",
         "customer pinned 7,14,21: 0=email"},
        {"SELECT email FROM customers WHERE id IN (7, 14)", "customer hidden@0 pins 7,14: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id IN (7, grade)", "customer bound: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY('{7,x}')",
         "customer pinned {7,x}[]: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY('{}')",
         "customer pinned {}[]: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY('{{7},{14}}')",
         "customer pinned {{7},{14}}[]: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY('{7,NULL}')",
         "customer pinned {7,NULL}[]: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY('7')", "customer bound: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY('{7}'::text[])",
         "customer bound: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY(ARRAY[7, NULL, 14])",
         "customer pinned 7,14: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id IN (NULL)", "customer bound: 0=email"},
        {"SELECT DISTINCT email FROM customers WHERE id = ANY($1::text[])",
         "customer bound: 0=email"},
        {"SELECT email FROM customers WHERE id IN (5)", "customer pinned 5: 0=email"},
    };

    CHECK_CASES(cases);
}

static void
what_carries_a_field_shows_it(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name || '/' || phone AS x, grade FROM customers",
         "customer hidden@0: 0=name+phone"},
        {"SELECT md5(phone), length(email) FROM customers", "customer hidden@0: 0=phone 1=email"},
        {"SELECT row_to_json(c) FROM customers c", "customer hidden@0: 0=name+phone+email+address"},
        {"SELECT c FROM customers c", "customer hidden@0: 0=name+phone+email+address"},
        {"SELECT c::text, (c).email FROM customers c",
         "customer hidden@0: 0=name+phone+email+address 1=name+phone+email+address"},
        {"SELECT row(c.*), ARRAY[name, address] FROM customers c",
         "customer hidden@0: 0=name+phone+email+address 1=name+address"},
        {"SELECT coalesce(phone, email), greatest(name, 'x'), nullif(name, '') FROM customers",
         "customer hidden@0: 0=phone+email 1=name 2=name"},
        {"SELECT CASE WHEN name LIKE 'x%' THEN 1 ELSE 2 END FROM customers",
         "customer hidden@0: 0=name"},
        {"SELECT name = 'x', name LIKE 'x%', name IN ('x'), grade FROM customers",
         "customer hidden@0: 0=name 1=name 2=name"},
        {"SELECT name IS NULL, phone IS NOT NULL FROM customers", "-"},
        {"SELECT name COLLATE \"C\", name::varchar(3), (ARRAY[name])[1] FROM customers",
         "customer hidden@0: 0=name 1=name 2=name"},
        {"SELECT EXISTS (SELECT 1 FROM customers WHERE grade = 1)", "-"},
        {"SELECT (SELECT email FROM customers WHERE id = 5)", "customer hidden@0 pins 5: 0=email"},
        {"SELECT (SELECT email FROM customers WHERE id IN (5, 6) LIMIT 1)",
         "customer bound1: 0=email"},
        {"SELECT ARRAY(SELECT email FROM customers LIMIT 3)", "customer bound: 0=email"},
        {"SELECT 'x' IN (SELECT email FROM customers)", "customer bound: 0=email"},
        {"SELECT min(name), max(email), count(phone) FROM customers",
         "customer hidden@0: 0=name; customer hidden@2: 1=email"},
        {"SELECT min(name), max(email), count(phone) FROM customers WHERE grade = 1",
         "customer hidden@0: 0=name; customer hidden@2: 1=email"},
        {"SELECT sum(amount), avg(amount), count(*) FROM orders",
         "customer bound: 0=order 1=order"},
        {"SELECT json_agg(c) FROM customers c", "customer hidden@0: 0=name+phone+email+address"},
        {"SELECT region, string_agg(name, ',' ORDER BY email) FROM customers GROUP BY region",
         "customer hidden@0: 1=name"},
        {"SELECT region, max(name) FROM customers GROUP BY region", "customer hidden@0: 1=name"},
        {"SELECT region, max(upper(name)) FROM customers GROUP BY region",
         "customer hidden@0: 1=name"},
        {"SELECT max(name) FROM customers WHERE grade = 1", "customer bound: 0=name"},
        {"SELECT min(name) FILTER (WHERE grade = 1) FROM customers", "customer hidden@0: 0=name"},
        {"SELECT count(DISTINCT name), count(*) FILTER (WHERE grade = 1) FROM customers", "-"},
        {"SELECT DISTINCT name FROM customers", "customer bound: 0=name"},
        {"SELECT DISTINCT ON (region) name FROM customers", "customer bound1: 0=name"},
        {"SELECT name FROM customers GROUP BY name HAVING count(*) > 1",
         "customer hidden@0: 0=name"},
        {"SELECT name FROM customers GROUP BY name HAVING max(email) > 'k'",
         "customer hidden@0: 0=name"},
        {"SELECT name FROM customers GROUP BY name HAVING max(email) > min(name)",
         "customer bound: 0=name"},
        {"SELECT upper(x) FROM customers, unnest(string_to_array(name, '')) x",
         "customer hidden@0: 0=name"},
        {"SELECT f_clean(grade), f_clean(amount) FROM customers, orders",
         "customer hidden@0: 1=order"},
        /* what is put elsewhere is shown there */
        {"SELECT grade FROM customers WHERE pg_notify('x', name) IS NULL",
         "customer bound: 0=name !opaque"},
        {"SELECT current_setting('my.x') FROM customers WHERE set_config('my.x', name, true) <> ''",
         "customer bound: 0=name !opaque"},
        {"SELECT xmlelement(name p, phone), xmlforest(email) FROM customers",
         "customer hidden@0: 0=phone 1=email"},
        {"SELECT phone(c) FROM customers c",
         "customer bound: 0=name+phone+email+address; customer bound: 0=all; "
         "recipient bound: 0=all !opaque"},
        {"SELECT glue(name), grade FROM customers", "customer bound: 0=name"},
        {"SELECT (SELECT count(*) FROM orders o WHERE o.customer_id = c.id), name FROM customers c",
         "customer hidden@0: 1=name"},
    };

    CHECK_CASES(cases);
}

static void
a_query_inside_carries_its_columns(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT n FROM (SELECT name AS n, grade AS g FROM customers) q",
         "customer hidden@0: 0=name"},
        {"SELECT g FROM (SELECT name AS n, grade AS g FROM customers) q", "-"},
        {"SELECT q FROM (SELECT name AS n, grade AS g FROM customers) q",
         "customer bound1: 0=name"},
        {"SELECT b FROM (SELECT name, grade FROM customers) q(a, b)", "-"},
        {"SELECT a, b FROM (VALUES (1, (SELECT name FROM customers LIMIT 1))) v(a, b)",
         "customer bound1: 1=name"},
        {"WITH w AS (SELECT name AS n, grade AS g FROM customers) SELECT n FROM w",
         "customer hidden@0: 0=name"},
        {"WITH w AS (SELECT name AS n, grade AS g FROM customers) SELECT g FROM w", "-"},
        {"WITH w(x, y) AS (SELECT name, grade FROM customers) SELECT * FROM w",
         "customer hidden@0: 0=name"},
        {"WITH products AS (SELECT name AS title FROM customers) SELECT title FROM products",
         "customer hidden@0: 0=name"},
        {"WITH customers AS (SELECT 1 AS name) SELECT name FROM customers", "-"},
        {"WITH customers AS (SELECT 1 AS name) SELECT name FROM public.customers",
         "customer hidden@0: 0=name"},
        {"SELECT name FROM customers, (WITH customers AS (SELECT 1) SELECT 1) q",
         "customer hidden@0: 0=name"},
        {"WITH RECURSIVE t AS (SELECT name, 1 AS n FROM customers UNION ALL "
         "SELECT name, n + 1 FROM t WHERE n < 3) SELECT n, name FROM t",
         "customer hidden@0: 1=name; customer bound: 1=name"},
        {"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) "
         "SELECT n, c.grade FROM t, customers c",
         "-"},
        {"WITH RECURSIVE a AS (SELECT * FROM products), products AS (SELECT name FROM customers) "
         "SELECT * FROM a",
         "customer bound: *=name+phone+email+address"},
        {"SELECT title FROM products UNION ALL SELECT name FROM customers",
         "customer hidden@0: 0=name"},
        {"SELECT region, name FROM customers UNION SELECT title, title FROM products",
         "customer bound: 1=name"},
        {"SELECT grade FROM customers EXCEPT SELECT 1", "-"},
        {"VALUES (1, 2), (3, (SELECT max(phone) FROM customers))", "customer bound: 1=phone"},
        {"SELECT l.* FROM products p, LATERAL (SELECT name FROM customers c WHERE c.id = p.id) l",
         "customer hidden@0: 0=name"},
        {"SELECT l.x FROM customers c, LATERAL (SELECT c.name AS x) l",
         "customer hidden@0: 0=name"},
        {"SELECT j.name FROM (customers c CROSS JOIN products p) AS j", "customer bound1: 0=name"},
        {"SELECT x.y FROM customers AS x(i, y)", "customer hidden@0: 0=name"},
        {"WITH d AS (DELETE FROM customers WHERE id = 5 RETURNING name, grade) SELECT * FROM d",
         "customer hidden@0: 0=name"},
        {"SELECT * FROM products p JOIN (SELECT name FROM customers) q ON true",
         "customer bound1: 3=name"},
    };

    CHECK_CASES(cases);
}

/* Nobody can say whose, but of how many at most. */
static void
a_row_of_a_query_inside_shows_so_many_persons(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT n FROM (SELECT DISTINCT name AS n FROM customers) q", "customer bound: 0=name"},
        {"SELECT n FROM (SELECT max(name) AS n FROM customers) q", "customer hidden@0: 0=name"},
        {"SELECT n FROM (SELECT a.name || b.name AS n FROM customers a, customers b) q",
         "customer hidden@0: 0=name; customer hidden@1: 0=name"},
        {"SELECT n FROM (SELECT name AS n FROM customers ORDER BY 1 LIMIT 5) q",
         "customer hidden@0: 0=name"},
        {"SELECT n, r FROM (SELECT name AS n, recipient AS r FROM customers, address_book) q",
         "customer hidden@0: 0=name; recipient hidden@1: 1=name"},
        {"WITH w AS (SELECT name FROM customers) SELECT a.name, b.name FROM w a, w b",
         "customer hidden@0: 0=name; customer hidden@1: 1=name"},
        {"SELECT a.who, b.who FROM v_contact a, v_contact b", "customer bound2: 0=name 1=name"},
        {"SELECT a.who, a.tel FROM v_contact a, v_contact b", "customer bound1: 0=name 1=phone"},
        {"SELECT who FROM v_contact UNION ALL SELECT name FROM customers "
         "UNION ALL SELECT item FROM orders",
         "customer bound1: 0=name+order"},
        {"SELECT who FROM v_contact UNION SELECT name FROM customers", "customer bound: 0=name"},
        {"SELECT a.name || b.name FROM customers a, customers b UNION ALL SELECT 'x'",
         "customer hidden@0: 0=name; customer hidden@2: 0=name"},
        {"SELECT who, f_sql(1) FROM v_contact",
         "customer bound: 0=name 1=name+phone+email+address !opaque"},
        {"SELECT lag(who) OVER () FROM v_contact", "customer bound: 0=name"},
        {"SELECT who FROM v_contact GROUP BY who", "customer bound: 0=name"},
        {"SELECT string_agg(who, ',') FROM v_contact", "customer bound: 0=name"},
        {"SELECT (SELECT who FROM v_contact LIMIT 1), (SELECT who FROM v_contact LIMIT 1)",
         "customer bound2: 0=name 1=name"},
        {"SELECT (SELECT who FROM v_contact LIMIT 1), (SELECT max(who) FROM v_contact)",
         "customer bound: 0=name 1=name"},
        {"SELECT a.who, lag(b.who) OVER () FROM v_contact a, v_contact b",
         "customer bound: 0=name 1=name"},
        {"SELECT DISTINCT a.who, b.who FROM v_contact a, v_contact b",
         "customer bound: 0=name 1=name"},
        {"SELECT ARRAY(SELECT who FROM v_contact)", "customer bound: 0=name"},
    };

    CHECK_CASES(cases);
}

static void
a_view_carries_what_its_query_does(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT who FROM v_contact", "customer bound1: 0=name"},
        {"SELECT * FROM v_renamed", "customer key@0: 1=email"},
        {"SELECT a, c FROM v_renamed", "-"},
        {"SELECT line FROM v_nested LIMIT 40", "customer bound1: 0=name+phone"},
        {"SELECT name FROM mv_vip", "customer bound1: 0=name"},
        {"SELECT v FROM v_contact v", "customer bound1: 0=name+phone"},
        {"SELECT v FROM junk", "customer bound: 0=phone"},
        {"SELECT k FROM junk", "customer bound: 0=phone"},
    };

    CHECK_CASES(cases);
}

static void
a_name_in_two_schemas_is_either(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"INSERT INTO ruling VALUES (1)", "- moved(name+phone+email+address)"}, /* by its rule */
        {"DELETE FROM ruling", "- moved(name+phone+email+address)"},
        {"SELECT name FROM people", "customer hidden@0: 0=name"}, /* and of which it is */
        {"SELECT q.name FROM people p, people q", "customer hidden@0: 0=name"},
        {"SELECT id, name FROM people", "customer key@0: 1=name"},
        {"SELECT name FROM people WHERE id = 5", "customer pinned 5: 0=name"},
        {"SELECT name FROM work.people", "-"},
        {"SELECT name FROM public.people", "customer hidden@0: 0=name"},
        {"SELECT * FROM people", "customer key@0: 1=name 2=phone 3=email 4=address"},
        {"SELECT title FROM products", "-"},
    };

    CHECK_CASES(cases);
}

static void
what_nobody_knows_is_everything(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT a FROM no_such", "customer bound: 0=all; recipient bound: 0=all !unknown_table"},
        {"SELECT * FROM no_such", EVERYTHING " !unknown_table"},
        {"SELECT 1 FROM no_such", "- !unknown_table"},
        {"SELECT v FROM z, (WITH z AS (SELECT 1) SELECT 1) q",
         "customer bound: 0=all; recipient bound: 0=all !unknown_table"},
        {"SELECT v FROM pg_temp.customers",
         "customer bound: 0=all; recipient bound: 0=all !unknown_table"},
        {"SELECT no_such(1)", "customer bound: 0=all; recipient bound: 0=all !opaque"},
        {"SELECT f_sql(5)", "customer bound: 0=name+phone+email+address !opaque"},
        {"SELECT * FROM f_all()", "customer bound: *=name+phone+email+address !opaque"},
        {"SELECT name FROM f_all()", "customer bound: 0=name+phone+email+address !opaque"},
        /* what USING makes one of a known column and one that is not */
        {"SELECT title FROM products RIGHT JOIN f_all() f USING (title)",
         "customer bound: 0=name+phone+email+address !opaque"},
        {"SELECT title FROM f_all() f LEFT JOIN products USING (title)",
         "customer bound: 0=name+phone+email+address !opaque"},
        {"SELECT j.title FROM products RIGHT JOIN f_all() f USING (title) AS j",
         "customer bound: 0=name+phone+email+address !opaque"},
        {"SELECT title FROM products NATURAL RIGHT JOIN f_all() f",
         "customer bound: 0=name+phone+email+address !opaque"},
        {"SELECT j.title FROM (products NATURAL RIGHT JOIN f_all() f) AS j",
         "customer bound: 0=name+phone+email+address !opaque"},
        {"SELECT s.title FROM (SELECT * FROM products NATURAL RIGHT JOIN f_all() f) s",
         "customer bound: 0=name+phone+email+address !opaque"},
        {"SELECT products.title FROM products RIGHT JOIN f_all() f USING (title)", "- !opaque"},
        {"SELECT 1 === 2", "customer bound: 0=all; recipient bound: 0=all !opaque"},
        {"SELECT c.f_sql FROM customers c", "customer hidden@0: 0=name+phone+email+address; "
                                            "customer bound: 0=name+phone+email+address !opaque"},
        {"SELECT query_to_xml('SELECT f_dyn()', true, true, '')",
         "customer bound: 0=all; recipient bound: 0=all !opaque !marks mark(1/20000#32767=all)"},
        {"SELECT no_such_column FROM customers", "customer bound: 0=name+phone+email+address"},
        {"SELECT length(name) FROM customers", "customer hidden@0: 0=name"},
        {"SELECT row_number() OVER (ORDER BY 1), pg_catalog.count(*) FROM customers", "-"},
    };

    CHECK_CASES(cases);
}

static void
users_own_operators_and_casts_are_opaque(void **state PASU_UNUSED)
{
    static const struct plan_case operators[] = {
        {"SELECT email FROM customers WHERE id = 5", "customer hidden@0: 0=email !opaque"},
        {"SELECT email FROM customers WHERE id OPERATOR(pg_catalog.=) 5",
         "customer pinned 5: 0=email"},
        {"SELECT title FROM products WHERE id IN (5)", "- !opaque"},
        {"SELECT CASE id WHEN 1 THEN 2 END FROM products", "- !opaque"},
    };
    static const struct plan_case equality[] = {
        {"SELECT email FROM customers WHERE id = 5", "customer hidden@0: 0=email"},
        {"SELECT * FROM orders JOIN visits USING (customer_id)",
         "customer key@0: 2=order 3=order 4=order; customer hidden@0: 6=order"},
        {"SELECT * FROM orders NATURAL JOIN visits",
         "customer key@0: 2=order 3=order 4=order; customer hidden@0: 6=order"},
    };
    static const struct plan_case casts[] = {
        {"SELECT 5::public.mine", "customer bound: 0=all; recipient bound: 0=all !opaque"},
        {"SELECT 5::text, '{}'::jsonb, now()::date", "-"},
    };

    shop.has_foreign_equal = true;
    CHECK_CASES(operators);
    shop.has_foreign_equal = false;
    shop.has_own_equality = true;
    CHECK_CASES(equality);
    shop.has_own_equality = false;
    shop.has_foreign_casts = true;
    CHECK_CASES(casts);
    shop.has_foreign_casts = false;
}

static void
a_comparison_with_a_constant_is_a_probe(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT 1 FROM customers WHERE email = 'x@y.kr'", "- !probe"},
        {"SELECT grade FROM customers WHERE phone = $1", "- !probe"},
        {"SELECT count(*) FROM customers WHERE name LIKE 'Kim%'", "- !probe"},
        {"SELECT EXISTS (SELECT 1 FROM customers WHERE email IN ('x', 'y'))", "- !probe"},
        {"SELECT count(*) FILTER (WHERE name = 'x') FROM customers", "- !probe"},
        {"SELECT 1 FROM customers WHERE starts_with(email, 'x')", "- !probe"},
        {"SELECT 1 FROM customers WHERE strpos('x@y.kr', lower(email)) > 0", "- !probe"},
        {"SELECT 1 FROM customers WHERE strpos(email, name) > 0", "- !probe"},
        {"UPDATE customers SET grade = 1 WHERE email = 'x'", "- !probe"},
        {"DELETE FROM customers WHERE email ~ '^x'", "- !probe"},
        {"SELECT 1 FROM v_contact WHERE tel = 'x'", "- !probe"},
        {"SELECT id FROM customers WHERE email = lower('X')", "- !probe"},
        {"SELECT 1 FROM customers WHERE email IN (SELECT 'x')", "- !probe"},
        {"SELECT name FROM customers WHERE email = 'x'", "customer hidden@0: 0=name"},
        {"SELECT 1 FROM customers WHERE id = 5 AND region = 'x'", "-"},
        {"SELECT count(*) FROM orders WHERE ordered_at > '2024-01-01' AND amount > 1000", "-"},
        {"SELECT count(*) FROM customers a JOIN customers b ON a.email = b.email", "-"},
        {"SELECT 1 FROM v_renamed WHERE c = 1", "-"},
    };

    CHECK_CASES(cases);
}

static void
everyday_traffic_shows_nothing(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"", ""},
        {" ; -- nothing", ""},
        {"SELECT 1", "-"},
        {"SELECT version(), now(), current_user", "-"},
        {"SELECT * FROM products WHERE id = $1", "-"},
        {"SELECT count(*) FROM customers", "-"},
        {"SELECT region, count(*) FROM customers GROUP BY region", "-"},
        {"SELECT grade, region FROM customers LIMIT 50", "-"},
        {"SELECT 1 FROM customers WHERE id = 100007", "-"},
        {"SELECT id FROM customers ORDER BY name", "-"},
        {"SELECT max(created_at) FROM customers", "-"},
        {"UPDATE customers SET grade = grade WHERE id = 100007", "-"},
        {"UPDATE customers SET name = 'x' WHERE id = 5 RETURNING id", "-"},
        {"INSERT INTO customers (id, name) VALUES (1, 'x')", "-"},
        {"INSERT INTO orders SELECT * FROM orders WHERE false", "-"},
        {"DELETE FROM orders WHERE customer_id = 5", "-"},
        {"BEGIN; SET LOCAL work_mem = '8MB'; SELECT title FROM products LIMIT 3; COMMIT",
         "- | - | - | - END"},
        {"SELECT n.nspname, c.relname FROM pg_catalog.pg_class c, pg_class n", "-"},
        {"SELECT f_clean(3), generate_series(1, 3)", "-"},
    };

    CHECK_CASES(cases);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_in_the_result_names_the_persons),
        cmocka_unit_test(one_persons_key_is_not_anothers),
        cmocka_unit_test(a_condition_pins_the_key),
        cmocka_unit_test(what_looks_like_a_pin_is_none),
        cmocka_unit_test(several_keys_can_be_pinned),
        cmocka_unit_test(what_carries_a_field_shows_it),
        cmocka_unit_test(a_query_inside_carries_its_columns),
        cmocka_unit_test(a_row_of_a_query_inside_shows_so_many_persons),
        cmocka_unit_test(a_view_carries_what_its_query_does),
        cmocka_unit_test(a_name_in_two_schemas_is_either),
        cmocka_unit_test(what_nobody_knows_is_everything),
        cmocka_unit_test(users_own_operators_and_casts_are_opaque),
        cmocka_unit_test(a_comparison_with_a_constant_is_a_probe),
        cmocka_unit_test(everyday_traffic_shows_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
