/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that are more than a query: changes, statements about statements, COPY, DDL, what is
 * refused, what does not parse. */
#include "big_stack.h"
#include "plan_case.h"

#define EVERYTHING "customer bound: *=all; recipient bound: *=all"

static void
changes_show_what_they_return(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"UPDATE customers SET grade = grade WHERE grade = 2 RETURNING email",
         "customer bound1: 0=email"},
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
         "customer bound1: 1=order"},
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
         "customer bound1: 0=name"},
        {"INSERT INTO customers AS c (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET grade = 2 "
         "RETURNING c.phone",
         "customer bound1: 0=phone"},
        {"UPDATE customers SET grade = 1 WHERE id = 5 RETURNING old.name",
         "customer bound1 pins 5: 0=name"},
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

static void
statements_about_statements_hold_them(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"PREPARE p(bigint) AS SELECT name FROM customers WHERE id = $1",
         "- PREPARE(p) [customer pinned $1: 0=name]"},
        {"PREPARE p AS SELECT name FROM customers", "- PREPARE(p) [customer bound1: 0=name]"},
        {"PREPARE p AS SELECT 1", "- PREPARE(p) [-]"},
        {"EXECUTE p(100070, 'x', $1, now())", EVERYTHING " EXECUTE(p)(100070,x,$1,$0)"},
        {"EXECUTE p(ARRAY[1, NULL, '2'], ARRAY['a\"', 'b\\'::text]::text[], '{c}'::text[], '{d}')",
         EVERYTHING " EXECUTE(p)({\"1\",\"2\"}[],{\"a\\\"\",\"b\\\\\"}[],{c}[],{d})"},
        {"EXECUTE p(ARRAY[now()], ARRAY[1]::date[], ARRAY[1]::text[][], '{1}'::bpchar[], "
         "5::numeric)",
         EVERYTHING " EXECUTE(p)($0,$0,$0,$0,5)"},
        {"EXECUTE p", EVERYTHING " EXECUTE(p)"},
        {"DEALLOCATE p", "- DEALLOCATE(p)"},
        {"DEALLOCATE ALL", "- DEALLOCATE()"},
        {"DECLARE c CURSOR FOR SELECT name FROM customers",
         "- DECLARE(c) [customer bound1: 0=name]"},
        {"DECLARE c BINARY CURSOR WITH HOLD FOR SELECT id, name FROM customers",
         "- DECLARE(c) [customer key@0: 1=name]"},
        {"FETCH 100 FROM c", EVERYTHING " FETCH(c)"},
        {"MOVE 100 FROM c", "- FETCH(c)"},
        {"CLOSE c", "- CLOSE(c)"},
        {"CLOSE ALL", "- CLOSE()"},
        {"EXPLAIN SELECT name FROM customers", "-"},
        {"EXPLAIN (ANALYZE, VERBOSE) SELECT name FROM customers", "-"},
        {"EXPLAIN SELECT f_sql(5)", "customer bound: 0=name+phone+email+address !opaque"},
        {"EXPLAIN ANALYZE SELECT 1 FROM customers WHERE email = 'x'", "- !probe"},
        {"EXPLAIN ANALYZE SELECT name FROM customers WHERE email = 'x'", "- !probe"},
        {"EXPLAIN EXECUTE p(1)", "customer bound: 0=all; recipient bound: 0=all"},
        {"EXPLAIN ANALYZE CREATE TABLE t AS SELECT name FROM customers",
         "- DDL !marks mark(t=name)"},
    };

    CHECK_CASES(cases);
}

static void
copy_sends_rows_without_a_description(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"COPY customers TO STDOUT",
         "customer key@0: 1=name 2=phone 3=email 4=address COPY_OUT(t,1000,1,2,3,4,5,6,7,8)"},
        {"COPY public.customers (phone, id) TO STDOUT (FORMAT csv, HEADER)",
         "customer key@1: 0=phone COPY_OUT(c,1000,3,1)"},
        {"COPY customers (phone) TO STDOUT WITH BINARY", "customer bound1: 0=phone "
                                                         "COPY_OUT(b,1000,3)"},
        {"COPY customers (grade) TO STDOUT", "- COPY_OUT(t,1000,6)"},
        {"COPY (SELECT name, email FROM customers WHERE grade = 2) TO STDOUT (FORMAT csv)",
         "customer bound1: 0=name 1=email COPY_OUT(c,0)"},
        {"COPY (SELECT id, name FROM customers) TO STDOUT", "customer key@0: 1=name COPY_OUT(t,0)"},
        {"COPY (UPDATE customers SET grade = 1 RETURNING id, name) TO STDOUT",
         "customer key@0: 1=name COPY_OUT(t,0)"},
        /* written in a manner of its own: columns cannot be told apart */
        {"COPY customers TO STDOUT (FORMAT csv, QUOTE '!')",
         "customer bound1: *=name+phone+email+address COPY_OUT(c,1000,1,2,3,4,5,6,7,8)"},
        {"COPY (SELECT id, name FROM customers) TO STDOUT (NULL '5')",
         "customer bound: *=name COPY_OUT(t,0)"},
        {"COPY products TO STDOUT", "- COPY_OUT(t,0)"},
        {"COPY customers FROM STDIN", "- COPY_IN"},
        {"COPY no_such TO STDOUT", EVERYTHING " COPY_OUT(t,0) !unknown_table"},
        {"COPY customers TO STDOUT (DELIMITER ',', ENCODING 'UTF8')",
         "customer bound1: *=name+phone+email+address COPY_OUT(t,1000,1,2,3,4,5,6,7,8)"},
    };

    CHECK_CASES(cases);
}

static void
what_changes_the_session_or_the_catalog_says_so(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SET ROLE app", "- ROLE(app)"},
        {"SET ROLE NONE", "- ROLE()"},
        {"RESET ROLE", "- ROLE()"},
        {"SET LOCAL ROLE app", "- ROLE(?)"},
        {"SET SESSION AUTHORIZATION 'app'", "- ROLE(app)"},
        {"SET SESSION AUTHORIZATION DEFAULT", "- ROLE()"},
        {"SELECT set_config('role', 'app', false)", "- ROLE(?)"},
        {"SELECT set_config('ro' || 'le', 'app', false)", "- ROLE(?)"},
        {"SELECT set_config('search_path', 'x', false)", "-"},
        {"SET search_path = work", "-"},
        {"RESET ALL", "-"},
        {"SHOW search_path", "-"},
        {"DISCARD ALL", "- DISCARD"},
        {"DISCARD TEMP", "- DDL"},
        {"DISCARD PLANS", "-"},
        {"BEGIN", "-"},
        {"COMMIT", "- END"},
        {"ROLLBACK TO SAVEPOINT x", "-"},
        {"ABORT", "- END"},
        {"PREPARE TRANSACTION 'x'", "- LAY_BY"},
        {"COMMIT PREPARED 'x'", "- TAKE_UP"},
        {"ROLLBACK PREPARED 'x'", "-"},
        {"CREATE TABLE t (a int)", "- DDL"},
        {"CREATE VIEW v AS SELECT name FROM customers", "- DDL"},
        {"ALTER TABLE customers ADD COLUMN x int", "- DDL"},
        {"DROP TABLE customers", "- DDL"},
        {"GRANT SELECT ON customers TO app", "- DDL"},
        {"TRUNCATE customers", "-"},
        {"LOCK TABLE customers", "-"},
        {"VACUUM customers", "-"},
        {"COMMENT ON TABLE customers IS 'x'", "-"},
        {"LISTEN ch; NOTIFY ch, 'x'; UNLISTEN *", "- | - | -"},
        {"REFRESH MATERIALIZED VIEW mv_vip", "-"},
        {"DO $$ BEGIN PERFORM 1; END $$", "- DDL"},
        {"CALL f_clean(1)", "-"},
        {"CALL f_sql(1)", "customer bound: *=name+phone+email+address !opaque"},
    };

    CHECK_CASES(cases);
}

static void
what_lets_data_leave_by_the_server_is_refused(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "SELECT card_number FROM card_vault",
        "SELECT 1 FROM public.card_vault",
        "SELECT * FROM v_card",
        "WITH w AS (SELECT * FROM card_vault) SELECT 1",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM card_vault)",
        "INSERT INTO products SELECT * FROM card_vault",
        "INSERT INTO card_vault VALUES (1, 'x') RETURNING card_number",
        "UPDATE card_vault SET card_number = 'x'",
        "CREATE VIEW v AS SELECT * FROM card_vault",
        "CREATE TABLE t AS SELECT * FROM card_vault",
        "PREPARE p AS SELECT * FROM card_vault",
        "DECLARE c CURSOR FOR SELECT * FROM card_vault",
        "EXPLAIN ANALYZE SELECT * FROM card_vault",
        "COPY card_vault TO STDOUT",
        "COPY (SELECT * FROM card_vault) TO STDOUT",
        "DO $$ BEGIN PERFORM card_number FROM card_vault; END $$",
        "DO $$ BEGIN EXECUTE 'select * from card_vault'; END $$",
        "SELECT * FROM \"card_vault\" WHERE customer_id = 1_000",
        "SELECT * FROM U&\"c\\0061rd_vault\" WHERE customer_id = 1_000",
        "SELECT dblink('x', 'y'), 1_000",
        "COPY customers TO PROGRAM 'cat' WITH 1_000",
        "COPY customers TO PROGRAM 'cat'",
        "COPY customers FROM PROGRAM 'cat'",
        "COPY customers TO '/tmp/x'",
        "COPY customers FROM '/tmp/x'",
        "DO $$ BEGIN EXECUTE 'copy customers to program ''cat'''; END $$",
        "ALTER SYSTEM SET archive_command = 'x'",
        "LOAD 'x'",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION IF NOT EXISTS postgres_fdw",
        "CREATE EXTENSION tds_fdw",
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS 'x'",
        "DO LANGUAGE plperlu 'x'",
        "CREATE LANGUAGE plpython3u",
        "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw",
        "CREATE FOREIGN TABLE t (a int) SERVER s",
        "CREATE USER MAPPING FOR app SERVER s",
        "IMPORT FOREIGN SCHEMA x FROM SERVER s INTO public",
        "SELECT * FROM dblink('x', 'SELECT 1') AS t(n text)",
        "SELECT lo_export(1, '/tmp/x')",
        "SELECT 1; COPY customers TO PROGRAM 'cat'; SELECT 2",
        "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p",
        "ALTER SUBSCRIPTION s ENABLE",
        "ALTER ROLE app SET session_preload_libraries = 'x'",
        "ALTER ROLE ALL IN DATABASE shop SET Session_Preload_Libraries TO 'x'",
        "ALTER DATABASE shop SET local_preload_libraries = 'x'",
        "SET LOCAL dynamic_library_path = '/tmp'",
        "SET allow_system_table_mods = on",
        "SELECT set_config('dynamic_library_path', '/tmp', false)",
        "SELECT set_config('Dynamic_library_path'::text, '/tmp', false)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET dynamic_library_path = 'x' AS 'SELECT 1'",
        "ALTER FUNCTION f() SET dynamic_library_path = 'x'",
        "DO $$ BEGIN PERFORM set_config('dynamic_library_path', '/tmp', false); END $$",
        "DO $$ BEGIN SET LOCAL dynamic_library_path = '/tmp'; END $$",
        "DO $$ BEGIN EXECUTE 'ALTER ROLE app SET session_preload_' || 'libraries = x'; END $$",
        "SET dynamic_library_path = '/tmp'; SELECT 1_000",
        "UPDATE pg_class SET relname = 'x'",
        "UPDATE ONLY pg_catalog.pg_class p SET relname = 'x'",
        "INSERT INTO pg_class SELECT * FROM pg_class",
        "WITH d AS (DELETE FROM pg_class RETURNING *) SELECT 1",
        "MERGE INTO pg_class p USING products ON true WHEN MATCHED THEN DELETE",
        "COPY pg_class FROM STDIN",
        "PREPARE p AS UPDATE pg_class SET relname = 'x'",
        "DO $$ BEGIN UPDATE pg_catalog.pg_class SET relname = 'x'; END $$",
        "DO $$ BEGIN EXECUTE 'DELETE FROM pg_' || 'class'; END $$",
        "DELETE FROM pg_class WHERE oid = 1_000",
        "DO $$ BEGIN EXECUTE 'SELECT card_number FROM card_' || 'vault'; END $$",
        "DO $$ BEGIN EXECUTE 'COPY customers TO PRO' || 'GRAM ''cat'''; END $$",
        "SELECT f_dyn('card_' || 'vault')",
        "SELECT query_to_xml('SELECT 1 FROM card_vault', true, true, '')",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS "
        "$$ BEGIN EXECUTE 'SELECT * FROM card_vault'; END $$",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan = plan_of(texts[i], &environment);

        if (!plan->refusal)
            fail_msg("not refused: %s", texts[i]);
        assert_int_equal(strncmp(plan->refusal, "pasu refuses this statement: ", 29), 0);
        assert_non_null(plan->refusal_hint);
        plan_release(plan);
    }
}

static void
what_only_fills_or_keeps_a_table_is_not_refused(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "INSERT INTO card_vault VALUES (1, 'x')",
        "COPY card_vault FROM STDIN",
        "VACUUM card_vault",
        "TRUNCATE card_vault",
        "LOCK TABLE card_vault",
        "GRANT SELECT ON card_vault TO app",
        "CREATE EXTENSION pg_trgm",
        "ALTER ROLE app SET search_path = 'x'",
        "ALTER ROLE app RESET session_preload_libraries",
        "SET work_mem = '1GB'",
        "SELECT set_config('search_path', 'dynamic_library_path', false)",
        "DO $$ BEGIN PERFORM set_config('search_path', 'x', false); END $$",
        "SELECT relname FROM pg_class FOR UPDATE",
        "UPDATE products SET title = 'pg_class'",
        "DO $$ BEGIN UPDATE products SET title = 'x'; DELETE FROM products; END $$",
        "UPDATE pg_settings SET setting = '1GB' WHERE name = 'work_mem'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'x'",
        "SELECT 'card_vault'",
        "SELECT 1_000 FROM products",
        "COPY customers TO STDOUT",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan = plan_of(texts[i], &environment);

        if (plan->refusal)
            fail_msg("refused: %s", texts[i]);
        plan_release(plan);
    }
}

/* "twists": afterwards names can mean others than the snapshot says. */
static void
what_turns_names_around_is_told_from_what_does_not(void **state PASU_UNUSED)
{
    static const struct {
        const char *sql;
        bool twists;
    } cases[] = {
        {"ALTER TABLE customers RENAME TO products", true},
        {"ALTER TABLE customers RENAME COLUMN name TO region", true},
        {"ALTER SCHEMA public RENAME TO p", true},
        {"ALTER TABLE customers INHERIT work.parent", true},
        {"CREATE OR REPLACE VIEW v AS SELECT name FROM customers", true},
        {"CREATE RULE r AS ON INSERT TO products DO ALSO SELECT name FROM customers", true},
        {"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT name FROM customers'", true},
        {"CREATE OPERATOR = (LEFTARG = int, RIGHTARG = int, FUNCTION = f)", true},
        {"DO $$ BEGIN ALTER TABLE customers RENAME TO c; END $$", true},
        {"DO $$ BEGIN ALTER SCHEMA public RENAME TO p; END $$", true},
        {"DO $$ BEGIN CREATE TYPE mood AS ENUM ('ok'); EXCEPTION WHEN duplicate_object THEN NULL; "
         "END $$",
         false},
        {"SELECT name FROM customers WHERE JSON_EXISTS(name, '$' WITH)", false},
        {"SELECT name FROM customers WITH x; ALTER TABLE customers RENAME TO c", true},
        {"ALTER TABLE made_just_now RENAME TO x", false},
        {"CREATE TRIGGER t BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION made_just_now()",
         false},
        {"CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f_dyn()", true},
        {"CREATE FUNCTION format(text, text) RETURNS text LANGUAGE sql AS 'SELECT 1'", true},
        {"CREATE SCHEMA s CREATE VIEW products AS SELECT name AS title FROM public.customers",
         true},
        {"CREATE SCHEMA s CREATE TABLE t (x int) CREATE VIEW v AS SELECT title FROM "
         "public.products",
         false},
        {"CREATE SCHEMA s", false},
        {"ALTER TABLE customers ADD COLUMN x int", false},
        {"ALTER TABLE products RENAME TO goods", false},
        {"CREATE TABLE t (x int)", false},
        {"CREATE INDEX ON customers (grade)", false},
        {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1'", false},
        {"CREATE VIEW v AS SELECT title FROM products", false},
        {"SELECT name FROM customers", false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan = plan_of(cases[i].sql, &environment);

        if (plan->statements[0].twists != cases[i].twists)
            fail_msg("twists is %d: %s", plan->statements[0].twists, cases[i].sql);
        plan_release(plan);
    }
}

/* "kept": what can be put where neither rows nor marks show it. */
static void
what_code_can_put_out_of_sight_is_known_before_it_runs(void **state PASU_UNUSED)
{
    static const struct {
        const char *sql;
        uint64_t fields;
    } cases[] = {
        {"DO $$ BEGIN EXECUTE format('CREATE TABLE %I (x int)', (SELECT name FROM customers)); END "
         "$$",
         NAME},
        {"DO $$ BEGIN EXECUTE format('LISTEN %I', (SELECT c FROM customers c)); END $$",
         NAME | PHONE | EMAIL | ADDRESS},
        {"DO $$ BEGIN PERFORM setval('s', (SELECT phone FROM customers)::bigint); END $$", PHONE},
        {"DO $$ BEGIN PERFORM pg_notify(name, '') FROM customers; END $$", NAME},
        {"DO $$ DECLARE x text; BEGIN EXECUTE x; END $$", 63},
        {"DO $$ DECLARE c refcursor := 'cc'; r int; BEGIN FETCH c INTO r; PERFORM setval('s', r); "
         "END $$",
         63},
        {"DO $$ BEGIN EXECUTE format('SELECT * FROM %I', 'cust' || 'omers'); END $$", 63},
        {"DO $$ BEGIN EXECUTE 'DO ''BEGIN EXECUTE x; END'''; END $$", 63},
        {"SELECT 1 FROM customers WHERE setval('s', phone::bigint) < 0", PHONE},
        {"EXPLAIN SELECT setval('s', phone::bigint) FROM customers", PHONE},
        /* armed: it runs without being called */
        {"CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE "
         "format('COMMENT ON TABLE x IS %L', (SELECT name FROM customers)); RETURN NEW; END $$",
         NAME},
        {"CREATE FUNCTION t() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE x; END $$",
         63},
        {"CREATE TRIGGER t BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION f_dyn()", 63},
        {"CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f_dyn()", 63},
        /* nothing of it */
        {"CREATE FUNCTION t() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE x; END $$", 0},
        {"CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := now(); "
         "RETURN NEW; END $$",
         0},
        {"CREATE TRIGGER t BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION made_just_now()",
         0},
        {"DO $$ BEGIN PERFORM setval('s', (SELECT max(id) FROM customers)); END $$", 0},
        {"DO $$ DECLARE c CURSOR FOR SELECT id FROM customers; r int; BEGIN OPEN c; FETCH c INTO "
         "r; "
         "PERFORM setval('s', r); END $$",
         0},
        {"DO $$ BEGIN UPDATE customers SET name = lower(name); END $$", 0},
        {"DO $$ BEGIN EXECUTE 'CREATE INDEX ON customers (grade)'; END $$", 0},
        {"DO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables LOOP "
         "EXECUTE format('ALTER TABLE %I OWNER TO app', r.tablename); END LOOP; END $$",
         0},
        {"DO $$ BEGIN IF EXISTS (SELECT 1 FROM customers WHERE name = '') THEN "
         "RAISE EXCEPTION 'empty'; END IF; END $$",
         0},
        {"DO $$ BEGIN CREATE TRIGGER t BEFORE UPDATE ON customers FOR EACH ROW "
         "EXECUTE FUNCTION f_clean(); END $$",
         0},
        {"SELECT name FROM customers", 0},
        {"SELECT set_config('app.id', id::text, false) FROM customers", 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan = plan_of(cases[i].sql, &environment);

        if (plan->statements[0].kept_fields != cases[i].fields)
            fail_msg("%s: %#lx", cases[i].sql, (unsigned long)plan->statements[0].kept_fields);
        plan_release(plan);
    }
}

static void
a_move_says_from_where_to_where(void **state PASU_UNUSED)
{
    static const struct {
        const char *sql, *move; /* schema.name>schema.name */
    } cases[] = {
        {"ALTER TABLE a.b RENAME TO c", "a.b>a.c"},
        {"ALTER TABLE b RENAME TO c", "-.b>-.c"},
        {"ALTER TABLE b SET SCHEMA s", "-.b>s.b"},
        {"ALTER SCHEMA a RENAME TO c", "a.->c.-"},
        {"ALTER TABLE b RENAME COLUMN x TO y", "none"},
        {"ALTER FUNCTION f() SET SCHEMA s", "none"},
        {"SELECT 1", "none"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan = plan_of(cases[i].sql, &environment);
        const struct plan_move *m = plan->statements[0].move;
        char text[256] = "none";

        if (m)
            snprintf(text, sizeof(text), "%s.%s>%s.%s", m->schema ? m->schema : "-",
                     m->name ? m->name : "-", m->to_schema ? m->to_schema : "-",
                     m->to_name ? m->to_name : "-");
        if (strcmp(text, cases[i].move) != 0)
            fail_msg("%s: %s", cases[i].sql, text);
        plan_release(plan);
    }
}

static void
what_does_not_parse_is_bound_by_its_words(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name FROM customers GRUOP BY 1 2",
         "customer bound: *=name+phone+email+address !unparsed"},
        {"SELECT JSON_OBJECT('a': name) FROM customers",
         "customer bound: *=name+phone+email+address !unparsed"},
        {"SELECT c.name AS x FROM customers AS c WHERE c.name IS JSON",
         "customer bound: *=name+phone+email+address !unparsed"},
        {"SELECT o.item IS JSON FROM orders o", "customer bound: *=order !unparsed"},
        {"SELECT 1 IS JSON", "- !unparsed"},
        {"SELECT title IS JSON FROM products", "- !unparsed"},
        {"SELECT a IS JSON FROM zzz", EVERYTHING " !unparsed"},
        {"SELECT f_sql(5) IS JSON", "customer bound: *=name+phone+email+address !unparsed !opaque"},
        {"SELECT zzz(5) IS JSON", EVERYTHING " !unparsed"},
        {"SELECT U&\"n\\0061me\" IS JSON FROM products", EVERYTHING " !unparsed"},
        {"SELECT 'unfinished", EVERYTHING " !unparsed"},
        {"SELECT 1_000", EVERYTHING " !unparsed"},
    };

    CHECK_CASES(cases);
}

static void
a_text_with_two_readings_is_not_read(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name FROM customers WHERE id = 5", "customer pinned 5: 0=name"},
        {"SELECT 'a\\' FROM customers --'", EVERYTHING " !unparsed !dialect"},
        {"SELECT '\xb1\x5c' FROM products", EVERYTHING " !unparsed !dialect"},
        {"SELECT '\xea\xb9\x80' FROM products", EVERYTHING " !unparsed !dialect"},
    };
    struct plan_environment environment = shop_environment();

    environment.is_plain_dialect = false;
    check_cases_in(cases, COUNT_OF(cases), &environment);
}

/* Trusted languages are known there, too, if nothing stands between the word and the name. */
static void
languages_in_a_text_with_two_readings(void **state PASU_UNUSED)
{
    static const struct {
        const char *sql;
        bool is_refused;
    } cases[] = {
        {"CREATE FUNCTION f() RETURNS text AS $$ BEGIN RETURN 'a\\b'; END $$ LANGUAGE plpgsql",
         false},
        {"CREATE FUNCTION f() RETURNS text\nLANGUAGE\n SQL AS 'SELECT ''a\\b'''", false},
        {"DO LANGUAGE \"plpgsql\" $$ BEGIN PERFORM 'a\\b'; END $$", false},
        {"DO $$ BEGIN PERFORM 'a\\b'; END $$ LANGUAGE 'plpgsql';", false},
        {"SELECT 'a\\b', my_language, languages FROM languages", false},
        {"DO LANGUAGE 'plpgsql' 'BEGIN PERFORM ''a\\b''; END'", true}, /* it could go on */
        {"CREATE FUNCTION f() RETURNS int AS 'a\\b' LANGUAGE c", true},
        {"CREATE FUNCTION f() RETURNS int AS 'a\\b' LANGUAGE/**/c", true},
        {"CREATE FUNCTION f() RETURNS int AS 'a\\b' LANGUAGE/* plpgsql */c", true},
        {"CREATE FUNCTION f() RETURNS int AS 'a\\b' LANGUAGE U&\"plpgsql\"", true},
        {"CREATE FUNCTION f() RETURNS int AS 'a\\b' LANGUAGE 'sql'\n'c'", true},
        {"CREATE FUNCTION f() RETURNS int AS 'a\\b' LANGUAGE 'sql' --\n'c'", true},
        {"CREATE FUNCTION f() RETURNS int AS 'a\\b' LANGUAGE \"sql\"\"\"", true},
        {"CREATE FUNCTION f() RETURNS int AS 'a\\' LANGUAGE sql' LANGUAGE plperlu", true},
        {"CREATE FUNCTION f() RETURNS int AS 'a\\b' LANGUAGE", true},
        {"SELECT 'a\\b' AS language", true},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan;

        environment.is_plain_dialect = false;
        plan = plan_of(cases[i].sql, &environment);
        if ((plan->refusal != NULL) != cases[i].is_refused)
            fail_msg("%s: %s", cases[i].sql, plan->refusal ? plan->refusal : "not refused");
        plan_release(plan);
    }
}

static void
a_block_is_bound_by_the_words_of_its_body(void **state PASU_UNUSED)
{
    static const struct {
        const char *sql;
        uint64_t fields;
    } cases[] = {
        {"DO $$ DECLARE x int; BEGIN x := 1; END $$", 0},
        {"DO $$ BEGIN UPDATE products SET price = 1; END $$", 0},
        {"DO $$ DECLARE n text; BEGIN SELECT name INTO n FROM customers; "
         "RAISE NOTICE '%', n; END $$",
         NAME | PHONE | EMAIL | ADDRESS},
        {"DO $$ BEGIN PERFORM f_sql(1); END $$", NAME | PHONE | EMAIL | ADDRESS},
        {"DO $$ BEGIN EXECUTE 'sel' || 'ect 1'; END $$", 0},
        {"DO $$ DECLARE x text; BEGIN EXECUTE 'select ' || x; END $$", 63},
        {"DO 'BEGIN PERFORM * FROM orders; END'", ORDER},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan = plan_of(cases[i].sql, &environment);

        assert_int_equal(plan->statement_count, 1);
        if (plan->statements[0].most_fields != cases[i].fields)
            fail_msg("%s: %#lx", cases[i].sql, (unsigned long)plan->statements[0].most_fields);
        assert_int_equal(plan->statements[0].may_speak, cases[i].fields != 0);
        assert_false(plan->statements[0].may_return_rows);
        plan_release(plan);
    }
}

static void
without_a_snapshot_everything_is_bound(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    struct plan *plan;

    environment.catalog = NULL;
    plan = plan_of("SELECT title FROM products", &environment);
    assert_int_equal(plan->statements[0].most_fields, UINT64_MAX);
    assert_int_equal(plan->statements[0].most_kinds, 0xffff);
    assert_int_equal(plan->statements[0].part_count, PLAN_PARTS_MAX);
    plan_release(plan);
    plan = plan_of("SELECT 1", &environment);
    assert_int_equal(plan->statements[0].most_fields, 0);
    plan_release(plan);
}

static void
the_verb_is_the_first_word(void **state PASU_UNUSED)
{
    static const struct {
        const char *sql;
        enum plan_verb verb;
    } cases[] = {
        {"select 1", VERB_SELECT},
        {"((SELECT 1))", VERB_SELECT},
        {"VALUES (1)", VERB_SELECT},
        {"TABLE customers", VERB_SELECT},
        {"WITH w AS (SELECT 1) DELETE FROM orders", VERB_DELETE},
        {"WITH w AS (DELETE FROM orders RETURNING 1) SELECT 1 FROM w", VERB_SELECT},
        {"EXPLAIN DELETE FROM orders", VERB_EXPLAIN},
        {"MERGE INTO products p USING orders o ON false WHEN MATCHED THEN DO NOTHING", VERB_MERGE},
        {"END", VERB_COMMIT},
        {"ABORT", VERB_ROLLBACK},
        {"START TRANSACTION", VERB_BEGIN},
        {"SAVEPOINT x", VERB_OTHER},
        {"DELETE FROM orders GRUOP", VERB_DELETE},
        {"TRUNCATE orders", VERB_TRUNCATE},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan = plan_of(cases[i].sql, &environment);

        if (plan->statements[0].verb != cases[i].verb)
            fail_msg("%s: %d", cases[i].sql, plan->statements[0].verb);
        plan_release(plan);
    }
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_show_what_they_return),
        cmocka_unit_test(what_is_written_elsewhere_is_marked),
        cmocka_unit_test(what_comes_under_anothers_key_is_moved),
        cmocka_unit_test(what_stays_under_its_own_key_is_not),
        cmocka_unit_test(what_goes_on_to_other_tables_is_marked_there),
        cmocka_unit_test(statements_about_statements_hold_them),
        cmocka_unit_test(copy_sends_rows_without_a_description),
        cmocka_unit_test(what_changes_the_session_or_the_catalog_says_so),
        cmocka_unit_test(what_lets_data_leave_by_the_server_is_refused),
        cmocka_unit_test(what_turns_names_around_is_told_from_what_does_not),
        cmocka_unit_test(what_only_fills_or_keeps_a_table_is_not_refused),
        cmocka_unit_test(what_code_can_put_out_of_sight_is_known_before_it_runs),
        cmocka_unit_test(a_move_says_from_where_to_where),
        cmocka_unit_test(what_does_not_parse_is_bound_by_its_words),
        cmocka_unit_test(a_text_with_two_readings_is_not_read),
        cmocka_unit_test(languages_in_a_text_with_two_readings),
        cmocka_unit_test(a_block_is_bound_by_the_words_of_its_body),
        cmocka_unit_test(without_a_snapshot_everything_is_bound),
        cmocka_unit_test(the_verb_is_the_first_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
