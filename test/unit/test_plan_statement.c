/* SPDX-License-Identifier: Apache-2.0 */
/* Statements about statements, COPY, DDL, what does not parse. */
#include "big_stack.h"
#include "plan_case.h"

#define EVERYTHING "customer bound: *=all; recipient bound: *=all"

static void
statements_about_statements_hold_them(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"PREPARE p(bigint) AS SELECT name FROM customers WHERE id = $1",
         "- PREPARE(p) [customer pinned $1: 0=name]"},
        {"PREPARE p(work.mood) AS SELECT name FROM customers WHERE id = $1",
         "- PREPARE(p) [customer hidden@0: 0=name]"},
        {"PREPARE p(text) AS SELECT name FROM customers WHERE id = $1::bigint",
         "- PREPARE(p) [customer pinned $1: 0=name]"},
        {"PREPARE p(work.mood) AS SELECT name FROM customers WHERE id = $1::bigint",
         "- PREPARE(p) [customer hidden@0: 0=name]"},
        {"PREPARE p(numeric, int[]) AS SELECT name FROM customers WHERE id = $1",
         "- PREPARE(p) [customer pinned $1: 0=name]"},
        {"PREPARE p(int[]) AS SELECT name FROM customers WHERE id = ANY ($1)",
         "- PREPARE(p) [customer hidden@0 pins $1[]: 0=name]"},
        {"PREPARE p(int) AS SELECT name FROM customers WHERE id = ANY ($1)",
         "- PREPARE(p) [customer hidden@0: 0=name]"},
        {"PREPARE p(work.mood[]) AS SELECT name FROM customers WHERE id = ANY ($1)",
         "- PREPARE(p) [customer hidden@0: 0=name]"},
        {"PREPARE p(bigint, work.mood) AS SELECT name FROM customers WHERE id = $3",
         "- PREPARE(p) [customer pinned $3: 0=name]"},
        {"PREPARE p AS SELECT name FROM customers", "- PREPARE(p) [customer hidden@0: 0=name]"},
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
         "- DECLARE(c) [customer hidden@0: 0=name]"},
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
         "customer key@0: 1=name 2=phone 3=email 4=address COPY_OUT(t,1000)"},
        {"COPY public.customers (phone, id) TO STDOUT (FORMAT csv, HEADER)",
         "customer key@1: 0=phone COPY_OUT(c,certain)"},
        {"COPY customers (phone) TO STDOUT WITH BINARY",
         "customer hidden@0: 0=phone COPY_OUT(b,1000)"},
        {"COPY customers (grade) TO STDOUT", "- COPY_OUT(t,1000)"},
        {"COPY (SELECT id, name FROM customers) TO STDOUT",
         "customer key@0: 1=name COPY_OUT(t,1000)"},
        {"COPY (UPDATE customers SET grade = 1 RETURNING id, name) TO STDOUT",
         "customer key@0: 1=name COPY_OUT(t,1000)"},
        {"COPY customers FROM STDIN", "- COPY_IN"},
        {"COPY no_such TO STDOUT", EVERYTHING " COPY_OUT(t) !unknown_table"},
        /* options that the reader of rows knows, however they are written */
        {"COPY customers (id, name) TO STDOUT WITH CSV HEADER QUOTE '!' ESCAPE '\\' NULL 'x' "
         "FORCE QUOTE name",
         "customer key@0: 1=name COPY_OUT(c,1000)"},
        {"COPY BINARY customers (id, name) TO STDOUT", "customer key@0: 1=name COPY_OUT(b,1000)"},
        {"COPY customers (id, name) TO STDOUT USING DELIMITERS '|'",
         "customer key@0: 1=name COPY_OUT(t,1000)"},
        {"COPY customers (id, name) TO STDOUT (DELIMITER ',', ENCODING 'utf-8', HEADER off)",
         "customer key@0: 1=name COPY_OUT(t,1000)"},
        /* and others: columns cannot be told apart */
        {"COPY customers TO STDOUT (FORMAT json)",
         "customer bound1: *=name+phone+email+address COPY_OUT(t,unreadable,1000)"},
        {"COPY (SELECT id, name FROM customers) TO STDOUT (NULL '\\')",
         "customer bound: *=name COPY_OUT(t,unreadable,1000)"},
        {"COPY (SELECT id, name FROM customers) TO STDOUT (HEADER 2)",
         "customer bound: *=name COPY_OUT(t,unreadable,1000)"},
        /* what can mean several relations is not asked for */
        {"COPY products TO STDOUT", "- COPY_OUT(t)"},
        {"COPY (SELECT c.id, name, title FROM customers c, products) TO STDOUT",
         "customer key@0: 1=name COPY_OUT(t)"},
        {"COPY (SELECT c.id, c.name, o.item FROM customers c, orders o, customers d) TO STDOUT",
         "customer key@0: 1=name; customer hidden@0: 2=order COPY_OUT(t,1000,1001)"},
        {"COPY (WITH customers AS (SELECT id, name FROM public.customers) "
         "SELECT * FROM customers) TO STDOUT",
         "customer key@0: 1=name COPY_OUT(t,certain)"},
        {"COPY pg_temp.customers TO STDOUT", EVERYTHING " COPY_OUT(t) !unknown_table"},
    };

    CHECK_CASES(cases);
}

static void
a_copy_asks_first_what_its_names_mean(void **state PASU_UNUSED)
{
    static const struct {
        const char *text, *preface;
    } cases[] = {
        {"COPY customers TO STDOUT",
         "SELECT pg_catalog.to_regclass('\"customers\"')::pg_catalog.oid; "},
        {"COPY (SELECT name FROM customers c, public.orders, customers) TO STDOUT",
         "SELECT pg_catalog.to_regclass('\"customers\"')::pg_catalog.oid; "},
        {"COPY public.customers TO STDOUT", NULL},
        {"COPY products TO STDOUT", NULL},              /* shows nobody */
        {"COPY customers TO STDOUT (NULL '\\')", NULL}, /* is not read anyhow */
        {"COPY customers TO STDOUT; SELECT 1", NULL},   /* comes where it may be another one */
        {"COPY card_vault TO STDOUT", NULL},            /* is refused */
        {"SELECT name FROM customers", NULL},
    };
    struct plan_environment environment = shop_environment();

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan *plan = plan_of(cases[i].text, &environment);
        struct view due = cases[i].preface ? view_of_text(cases[i].preface) : view_of(NULL, 0);

        if (!view_equal(plan->preface, due))
            fail_msg("%s: %.*s", cases[i].text, (int)plan->preface.length,
                     (const char *)plan->preface.bytes);
        plan_release(plan);
    }
}

static void
what_changes_the_session_or_the_catalog_says_so(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SET ROLE app", "- ROLE(app)"},
        {"SET ROLE NONE", "- ROLE()"},
        {"RESET ROLE", "- ROLE()"},
        {"SET LOCAL ROLE app", "- ROLE(?)"},
        {"SET SESSION AUTHORIZATION 'app'", "- ROLE(?)"},
        {"SET SESSION AUTHORIZATION DEFAULT", "- ROLE(?)"},
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

/* Nobody knows then what "=" is, nor a cast. */
static void
without_a_snapshot_conditions_say_nothing(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "SELECT name FROM customers WHERE id = 1",
        "SELECT name FROM customers c, orders o WHERE c.id = o.customer_id AND id = ANY($1)",
        "SELECT name FROM customers c JOIN orders o ON c.id = o.customer_id::int8",
        "PREPARE p AS SELECT name FROM customers WHERE id = $1",
        "DECLARE c CURSOR FOR SELECT name FROM customers WHERE id = 1",
        "UPDATE customers SET name = 'x' WHERE id = 1 RETURNING name",
        "SELECT DISTINCT name FROM customers WHERE id = 1 UNION SELECT phone FROM customers WHERE "
        "id = 2",
    };
    struct plan_environment environment = shop_environment();

    environment.catalog = NULL;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct plan *plan = plan_of(texts[i], &environment);

        assert_int_equal(plan->statements[0].most_fields, UINT64_MAX);
        plan_release(plan);
    }
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
        cmocka_unit_test(statements_about_statements_hold_them),
        cmocka_unit_test(copy_sends_rows_without_a_description),
        cmocka_unit_test(a_copy_asks_first_what_its_names_mean),
        cmocka_unit_test(what_changes_the_session_or_the_catalog_says_so),
        cmocka_unit_test(what_turns_names_around_is_told_from_what_does_not),
        cmocka_unit_test(what_code_can_put_out_of_sight_is_known_before_it_runs),
        cmocka_unit_test(a_move_says_from_where_to_where),
        cmocka_unit_test(what_does_not_parse_is_bound_by_its_words),
        cmocka_unit_test(a_text_with_two_readings_is_not_read),
        cmocka_unit_test(languages_in_a_text_with_two_readings),
        cmocka_unit_test(a_block_is_bound_by_the_words_of_its_body),
        cmocka_unit_test(without_a_snapshot_everything_is_bound),
        cmocka_unit_test(without_a_snapshot_conditions_say_nothing),
        cmocka_unit_test(the_verb_is_the_first_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
