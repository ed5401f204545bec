/* SPDX-License-Identifier: Apache-2.0 */
/* What INSERT, UPDATE, DELETE and MERGE show, and where the values that they write go. */
#include "big_stack.h"
#include "plan_case.h"

static void
changes_show_what_they_return(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"UPDATE customers SET grade = grade WHERE grade = 2 RETURNING email",
         "customer hidden@0: 0=email"},
        {"UPDATE customers SET grade = 1 WHERE id = 5 RETURNING email",
         "customer pinned 5: 0=email"},
        /* what comes back is the old owner's, whatever the key says now */
        {"UPDATE customers SET id = 6 WHERE id = 5 RETURNING email",
         "customer pinned 5: 0=email moved(name+phone+email+address of one)"},
        {"UPDATE orders SET customer_id = $1 WHERE customer_id = $2 RETURNING customer_id, item",
         "customer pinned $2: 1=order moved(order of one)"},
        {"UPDATE orders SET customer_id = customer_id + 7 RETURNING customer_id, item",
         "customer bound1: 1=order moved(order of one a row)"},
        {"UPDATE orders SET customer_id = $1 WHERE id = $2 RETURNING *",
         "customer bound1: 2=order 3=order 4=order moved(order of one a row)"},
        {"UPDATE orders o SET id = 5 WHERE o.id = o.customer_id RETURNING id, item",
         "customer hidden@0: 1=order"},
        {"UPDATE orders SET customer_id = customer_id, amount = 1 RETURNING customer_id, item",
         "customer key@0: 1=order"},
        {"INSERT INTO address_book (id, customer_id) VALUES (1, 2) ON CONFLICT (id) DO UPDATE "
         "SET customer_id = EXCLUDED.customer_id RETURNING id, customer_id, recipient, door_code",
         "customer bound1: 3=door_code; recipient key@0: 2=name moved(door_code)"},
        {"UPDATE customers SET grade = 1 RETURNING *",
         "customer key@0: 1=name 2=phone 3=email 4=address"},
        {"UPDATE customers c SET grade = 1 FROM orders o WHERE o.customer_id = c.id "
         "RETURNING c.id, o.item",
         "customer key@0: 1=order"},
        {"DELETE FROM orders WHERE customer_id = $1 RETURNING item", "customer pinned $1: 0=order"},
        {"DELETE FROM orders o USING customers c WHERE c.id = o.customer_id RETURNING c.name, c.id",
         "customer key@1: 0=name"},
        {"INSERT INTO customers (id, name) VALUES (1, 'x') RETURNING id, name",
         "customer key@0: 1=name"},
        {"INSERT INTO customers (id, name) VALUES (1, 'x') RETURNING name",
         "customer hidden@0: 0=name"},
        {"INSERT INTO customers AS c (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET grade = 2 "
         "RETURNING c.phone",
         "customer hidden@0: 0=phone"},
        {"UPDATE customers SET grade = 1 WHERE id = 5 RETURNING old.name",
         "customer hidden@0 pins 5: 0=name"},
        /* what was another person's comes back in one's own row */
        {"UPDATE customers SET region = (SELECT max(phone) FROM customers) WHERE id = 5 "
         "RETURNING region",
         "customer bound: 0=phone !marks mark(customers=phone)"},
        {"UPDATE customers SET region = name WHERE id = 5 RETURNING region",
         "customer pinned 5: 0=name !marks mark(customers#7=name)"},
        {"INSERT INTO products (title) SELECT name FROM customers RETURNING title",
         "customer bound: 0=name !marks mark(products=name)"},
        {"MERGE INTO products p USING customers c ON p.id = c.grade "
         "WHEN MATCHED THEN UPDATE SET title = c.name",
         "- !marks mark(products=name)"},
        {"UPDATE triggered SET price = 1 RETURNING title", "customer bound: 0=email !opaque"},
        {"INSERT INTO triggered VALUES (1) RETURNING *",
         "customer bound: 0=email 1=email 2=email !opaque"},
        {"INSERT INTO triggered VALUES (1)", "- !opaque"},
        {"SELECT title FROM triggered", "-"},
        {"UPDATE ruled SET grade = 1", "customer bound: *=name+phone+email+address !opaque"},
    };

    CHECK_CASES(cases);
}

/* Whoever reads it there is counted for the person of the key: who puts it there, for whose it is.
 */
static void
what_comes_under_anothers_key_is_moved(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"UPDATE customers a SET name = b.name FROM customers b WHERE b.id = a.id + 7",
         "- moved(name of one a row)"},
        {"UPDATE customers a SET name = b.name FROM customers b WHERE b.id = $1 AND a.id = $2",
         "- moved(name of one)"},
        {"INSERT INTO customers (id, name) SELECT id + 1, name FROM customers",
         "- moved(name of one a row)"},
        {"INSERT INTO orders (customer_id, item) SELECT $1, item FROM orders WHERE id = $2",
         "- moved(order of one a row)"},
        {"INSERT INTO orders (item) SELECT item FROM orders", "- moved(order of one a row)"},
        /* a trigger may write its key */
        {"UPDATE public.people SET grade = 1", "- moved(name+phone+email+address)"},
        {"DELETE FROM public.people", "-"},
        {"WITH u AS (UPDATE orders SET customer_id = 5) SELECT 1", "- moved(order)"},
        {"MERGE INTO orders o USING visits v ON o.id = v.customer_id "
         "WHEN MATCHED THEN UPDATE SET item = v.note",
         "- moved(order of one a row)"},
        {"MERGE INTO orders o USING visits v ON o.id = 5 WHEN NOT MATCHED THEN "
         "INSERT (customer_id, item) VALUES (7, v.note)",
         "- moved(order of one a row)"},
        {"INSERT INTO orders (customer_id, item) SELECT min(customer_id), max(item) FROM orders "
         "GROUP BY id",
         "- moved(order)"},
        /* one row with the values of many */
        {"INSERT INTO customers (id, name) SELECT 9, string_agg(name, ',') FROM customers",
         "- !marks mark(customers=name)"},
        {"UPDATE customers SET address = (SELECT string_agg(address, ',') FROM customers) "
         "WHERE id = 5",
         "- !marks mark(customers=address)"},
    };

    CHECK_CASES(cases);
}

/* What an application does every day. */
static void
what_stays_under_its_own_key_is_not(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"UPDATE orders SET item = $1 WHERE id = $2", "-"},
        {"UPDATE customers SET name = upper(name), email = lower(email) WHERE id = $1", "-"},
        /* all columns, as object mappers write them: nothing of the old owner is left */
        {"UPDATE orders SET customer_id = $1, item = $2, amount = $3, ordered_at = $4 "
         "WHERE id = $5",
         "-"},
        {"UPDATE customers SET id = $1, name = $2 WHERE id = $1", "-"},
        {"INSERT INTO customers (id, name) VALUES ($1, $2)", "-"},
        {"INSERT INTO customers (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE "
         "SET id = EXCLUDED.id, name = EXCLUDED.name",
         "-"},
        {"INSERT INTO orders (customer_id, item) SELECT customer_id, item FROM orders", "-"},
        {"INSERT INTO orders (customer_id, item) SELECT $1, item FROM orders "
         "WHERE customer_id = $1",
         "-"},
        {"INSERT INTO visits SELECT c.id, now(), o.item FROM customers c "
         "JOIN orders o ON o.customer_id = c.id",
         "-"},
        {"WITH gone AS (DELETE FROM orders WHERE id < 5 RETURNING *) "
         "INSERT INTO visits SELECT customer_id, now(), item FROM gone",
         "-"},
        {"INSERT INTO visits SELECT customer_id, now(), item FROM orders UNION ALL "
         "SELECT customer_id, day, note FROM visits",
         "-"},
        {"INSERT INTO customers SELECT * FROM people ON CONFLICT (id) DO UPDATE "
         "SET name = coalesce(EXCLUDED.name, customers.name)",
         "-"},
        {"UPDATE orders o SET item = v.note FROM visits v WHERE v.customer_id = o.customer_id",
         "-"},
        {"MERGE INTO orders o USING visits v ON o.customer_id = v.customer_id "
         "WHEN MATCHED THEN UPDATE SET item = v.note "
         "WHEN NOT MATCHED THEN INSERT (customer_id, item) VALUES (v.customer_id, v.note)",
         "-"},
        {"UPDATE v_renamed SET b = lower(b) WHERE a = 5", "-"},
    };

    CHECK_CASES(cases);
}

/* By views, partitions, triggers and foreign keys. */
static void
what_goes_on_to_other_tables_is_marked_there(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"INSERT INTO v_contact SELECT reverse(name), title FROM customers, products",
         "- !marks mark(public.customers=name) mark(v_contact=name)"},
        {"INSERT INTO visits (day) SELECT name FROM customers",
         "- !marks mark(public.visits_2024=name) mark(visits=name)"},
        {"INSERT INTO visits (customer_id, note) SELECT customer_id, item FROM orders", "-"},
        {"INSERT INTO logged (id, region) SELECT 1, phone FROM customers",
         "- !marks mark(public.log=name) mark(logged=phone)"},
        {"UPDATE logged SET grade = 1", "- !marks mark(public.log=name)"},
        {"DELETE FROM logged WHERE id = $1", "- !marks mark(public.log=name)"},
        {"COPY logged FROM STDIN", "- COPY_IN !marks mark(public.log=name)"},
        {"INSERT INTO referenced SELECT 1, name FROM customers",
         "- !marks mark(public.referencing=name) mark(referenced=name)"},
        {"UPDATE referenced SET k = (SELECT length(name) FROM customers LIMIT 1)",
         "- !marks mark(referenced=name)"},
        {"ALTER TABLE products ALTER price TYPE text USING f_sql(1)",
         "- DDL !opaque !marks mark(products=name+phone+email+address)"},
        {"ALTER TABLE customers ALTER region TYPE text USING name",
         "- DDL !marks mark(customers#7=name)"},
        {"ALTER TABLE customers ALTER region TYPE varchar", "- DDL"},
    };

    CHECK_CASES(cases);
}

static void
what_is_written_elsewhere_is_marked(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"CREATE TABLE work.t1 AS SELECT name AS a FROM customers",
         "- DDL !marks mark(work.t1=name)"},
        {"CREATE TEMP TABLE t AS SELECT grade FROM customers", "- DDL"},
        {"CREATE TABLE t AS EXECUTE p(1)", "- DDL !marks mark(t=all)"},
        {"CREATE MATERIALIZED VIEW m AS SELECT phone FROM customers", "- DDL !marks mark(m=phone)"},
        {"SELECT name, phone INTO t FROM customers", "- DDL !marks mark(t=name+phone)"},
        {"SELECT title INTO t FROM products", "- DDL"},
        {"INSERT INTO z SELECT 1, phone FROM customers", "- !marks mark(z=phone)"},
        {"INSERT INTO z VALUES ((SELECT phone FROM customers LIMIT 1))", "- !marks mark(z=phone)"},
        {"INSERT INTO orders SELECT id, customer_id, item, amount, ordered_at FROM orders", "-"},
        {"INSERT INTO customers (region) SELECT name FROM customers",
         "- !marks mark(customers=name)"},
        {"INSERT INTO customers (name) SELECT phone FROM customers",
         "- !marks mark(customers=phone)"},
        {"INSERT INTO junk SELECT 1, phone FROM customers", "-"},
        {"WITH a AS (INSERT INTO t1 SELECT name FROM customers) INSERT INTO t2 "
         "SELECT phone FROM customers",
         "- !marks mark(t2=phone) mark(t1=name)"},
        {"UPDATE products SET title = c.name FROM customers c", "- !marks mark(products=name)"},
        /* nothing is hidden beside a mark */
        {"SELECT name FROM customers; INSERT INTO z SELECT name FROM customers",
         "customer bound1: 0=name | - !marks mark(z=name)"},
    };

    CHECK_CASES(cases);
}

/* What is given to a function that fills a table can be in the table. */
static void
what_a_function_is_given_is_in_what_it_fills(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT f_log(name) FROM customers",
         "customer bound1: 0=name; customer bound: 0=name !opaque !marks "
         "mark(public.products=name)"},
        {"SELECT 1 FROM customers WHERE f_log(email)",
         "customer bound: 0=email !opaque !marks mark(public.products=email)"},
        {"SELECT f_log(title) FROM products", "-"},
        {"SELECT f_log(grade) FROM customers", "-"},
    };

    CHECK_CASES(cases);
}

/* The mapping finds it by its names: a mark by OID stays where they go. */
static void
who_loses_a_name_keeps_what_it_shows(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"ALTER TABLE orders RENAME TO o2",
         "- DDL mark(public.orders#5=order) mark(public.orders#4=order) "
         "mark(public.orders#3=order)"},
        {"ALTER TABLE customers RENAME name TO n", "- DDL mark(public.customers#2=name)"},
        {"ALTER TABLE customers RENAME grade TO n", "- DDL"},
        {"ALTER TABLE visits DETACH PARTITION visits_2024",
         "- DDL !marks mark(public.visits_2024#3=order)"},
        {"ALTER TABLE visits_2024 NO INHERIT visits",
         "- DDL !marks mark(public.visits_2024#3=order)"},
    };

    CHECK_CASES(cases);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_show_what_they_return),
        cmocka_unit_test(what_is_written_elsewhere_is_marked),
        cmocka_unit_test(what_comes_under_anothers_key_is_moved),
        cmocka_unit_test(what_a_function_is_given_is_in_what_it_fills),
        cmocka_unit_test(who_loses_a_name_keeps_what_it_shows),
        cmocka_unit_test(what_stays_under_its_own_key_is_not),
        cmocka_unit_test(what_goes_on_to_other_tables_is_marked_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
