/* SPDX-License-Identifier: Apache-2.0 */
/* What is never sent to the server, and what looks like it and is. */
#include "big_stack.h"
#include "plan_case.h"
#include "postgres/long_text.h"

static const char *const refused[] = {
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
    "CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql AS 'SELECT card_number FROM "
    "card_vault'",
    "CREATE PROCEDURE f() LANGUAGE plpgsql AS 'BEGIN PERFORM lo_export(1, $$/tmp/x$$); END'",
    "SELECT histogram_bounds FROM pg_stats WHERE tablename = 'card_vault'",
    "SELECT s.histogram_bounds FROM pg_stats s WHERE tablename = 'customers' OR true",
    "SELECT b.most_common_vals FROM pg_stats a, pg_stats b WHERE a.tablename = 'customers'",
    "SELECT row_to_json(s) FROM pg_stats s WHERE tablename LIKE 'c%'",
    "SELECT x FROM pg_stats AS s(x, y)",
    "TABLE pg_stats",
    "COPY pg_stats TO STDOUT",
    "COPY (SELECT * FROM pg_stats) TO STDOUT",
    "CREATE VIEW v AS SELECT histogram_bounds FROM pg_stats",
    "DO $$ BEGIN PERFORM histogram_bounds FROM pg_stats; END $$",
    "SELECT histogram_bounds FROM pg_stats WHERE tablename = $1",
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
    "SELECT query_to_xml(E'TABLE card\\x5fvault', true, true, '')",
    "SELECT query_to_xml('TABLE U&\"card\\005fvault\"', true, true, '')",
    "SELECT query_to_xml('SELECT lo_export(1, ''/tmp/x'')', true, true, '')",
    "SELECT query_to_xml('SELECT histogram_bounds FROM pg_stats', true, true, '')",
    "SELECT query_to_xml(1, true, true, '')",
    "SELECT query_to_xml(' 16433 '::regclass, true, true, '')",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS "
    "$$ BEGIN EXECUTE 'SELECT * FROM card_vault'; END $$",
};

static const char *const passing[] = {
    "CREATE VIEW v AS SELECT histogram_bounds FROM pg_stats WHERE tablename = 'products'",
    "INSERT INTO card_vault VALUES (1, 'x')",
    "COPY card_vault FROM STDIN",
    "VACUUM card_vault",
    "TRUNCATE card_vault",
    "LOCK TABLE card_vault",
    "GRANT SELECT ON card_vault TO app",
    "CREATE EXTENSION pg_trgm",
    "SELECT histogram_bounds FROM pg_stats s WHERE s.tablename = 'customers' AND attname = 'x'",
    "SELECT * FROM pg_stats WHERE tablename = 'customers'",
    "SELECT query_to_xml('SELECT name FROM customers', true, true, '')",
    "SELECT count(*), max(attname) FROM pg_stats, products",
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

static void
what_lets_data_leave_by_the_server_is_refused(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan = plan_of(refused[i], &environment);

        if (!plan->refusal)
            fail_msg("not refused: %s", refused[i]);
        assert_int_equal(strncmp(plan->refusal, "pasu refuses this statement: ", 29), 0);
        assert_non_null(plan->refusal_hint);
        plan_release(plan);
    }
}

static void
what_only_fills_or_keeps_a_table_is_not_refused(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(passing); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan = plan_of(passing[i], &environment);

        if (plan->refusal)
            fail_msg("refused: %s", passing[i]);
        plan_release(plan);
    }
}

/* Of a text that is too long to be planned the same holds, wherever it is cut. */
static bool
passes_in_pieces(const char *sql, bool is_plain, size_t piece)
{
    struct long_text text;
    size_t length = strlen(sql) + 1;
    bool passes = true;

    long_text_begin(&text, &shop, is_plain, false);
    for (size_t at = 0; at < length && passes; at += piece)
        passes =
            long_text_read(&text, view_of(sql + at, length - at < piece ? length - at : piece));
    long_text_end(&text);
    return passes;
}

static void
the_same_is_refused_in_long_texts(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        for (size_t piece = 1; piece < 5; piece++)
            if (passes_in_pieces(refused[i], true, piece))
                fail_msg("not refused: %s", refused[i]);
}

static const char *const refused_long[] = {
    "SELECT E'\\'' , card_number FROM card_vault --'",
    "SELECT 'a' E'\\'', card_number FROM card_vault --'",
    "SELECT E'a'\n'\\'', card_number FROM card_vault --'",
    "SELECT E'a' --x\n'\\'', card_number FROM card_vault --'",
    "SELECT '\\', card_number FROM card_vault --'",
    "SELECT 1e'\\'', card_number FROM card_vault --'",
    "SELECT /* /* */ ' */ card_number FROM card_vault --'",
    "SELECT /*/ */ card_number FROM card_vault --*/",
    "SELECT $a$ $b$ ' $a$, card_number FROM card_vault --'",
    "SELECT $$ ' $$, card_number FROM card_vault --'",
    "SELECT $a$ $ta$a$, card_number FROM card_vault --$a$",
    "SELECT a$b$ FROM card_vault --$b$",
    "SELECT 1$b$ FROM card_vault $b$, 2 FROM card_vault",
    "SELECT $1$b$ ' $b$ FROM card_vault --'",
    "SELECT \"a'\" FROM card_vault --'",
    "SELECT \"a\"\"'\" FROM card_vault --'",
    "SELECT 1 -- '\n FROM card_vault --'",
    "SELECT 1 -- '\r FROM card_vault --'",
    "SELECT * FROM CARD_Vault",
    "SELECT * FROM\"card_vault\"",
    "SELECT U&\"c\\0061rd_number\" FROM products",
    "INSERT INTO card_vault VALUES (1, 'x') RETURNING card_number",
    "INSERT INTO products SELECT * FROM card_vault",
    "INSERT INTO public.card_vault TABLE card_vault",
    "SELECT 1; DO $$ $$",
    "SELECT 1;/**/CREATE TABLE t (a int)",
    "SELECT f_dyn('x')",
};

static const char *const passing_long[] = {
    "INSERT INTO products VALUES (1, 'card_vault'), (2, 'copy x to program ''y''; load'), (3, "
    "$$card_vault$$)",
    "INSERT INTO card_vault VALUES (1, 'x')",
    "INSERT INTO public.card_vault (customer_id, card_number) VALUES (1, 'x')",
    "INSERT INTO \"public\".\"card_vault\" VALUES (1, 'x')",
    "INSERT INTO products (language, program) VALUES (E'a\\'card_vault', '\\'), ('card_vault', "
    "'card_vault')",
    "/* card_vault */ SELECT name FROM customers WHERE id IN (1, 2, 3) -- card_vault",
    "(SELECT 1) UNION ALL (SELECT 2); ;\nUPDATE products SET title = 'x' RETURNING title",
    "WITH w AS (SELECT $1::text AS \"a b\") SELECT date'2024-01-01', B'1', \"a b\" FROM w WHERE 1 "
    "/ 2 - 3 > $2",
    "PREPARE p AS SELECT 1; EXECUTE p; BEGIN; SET work_mem = '1GB'; COMMIT",
};

static void
words_of_long_texts_are_those_of_the_server(void **state PASU_UNUSED)
{
    for (size_t piece = 1; piece < 100; piece += piece < 5 ? 1 : 47) {
        for (size_t i = 0; i < COUNT_OF(refused_long); i++)
            if (passes_in_pieces(refused_long[i], true, piece))
                fail_msg("not refused: %s", refused_long[i]);
        for (size_t i = 0; i < COUNT_OF(passing_long); i++)
            if (!passes_in_pieces(passing_long[i], true, piece))
                fail_msg("refused: %s", passing_long[i]);
    }
}

/* With two readings, strings and comments can be what is run. */
static void
in_another_dialect_every_word_counts(void **state PASU_UNUSED)
{
    assert_false(passes_in_pieces("SELECT '\\', card_number FROM card_vault --'", false, 3));
    assert_false(passes_in_pieces("SELECT 'card_vault'", false, 3));
    assert_false(passes_in_pieces("SELECT 'x; DO $$ $$'", false, 3));
    assert_false(passes_in_pieces("SELECT 'U&\"x\"'", false, 3));
    assert_true(passes_in_pieces("INSERT INTO products VALUES (1, 'it''s')", false, 3));
}

/* Nor does the name of a file hide behind a COPY that has none. */
static void
files_are_seen_in_another_dialect(void **state PASU_UNUSED)
{
    static const struct {
        const char *sql;
        bool is_refused;
    } cases[] = {
        {"COPY customers TO STDOUT; COPY customers TO '/tmp/x' /* \\ */", true},
        {"COPY customers TO E'/tmp/x' /* stdout \\ */", true},
        {"COPY customers TO/* \\ */'/tmp/x' /* stdout */", true},
        {"COPY customers FROM $$/tmp/x$$ /* stdin \\ */", true},
        {"COPY (SELECT '\\' FROM customers) TO STDOUT", false},
        {"COPY customers TO STDOUT (DELIMITER '\\')", false},
    };
    struct plan_environment environment = shop_environment();

    environment.is_plain_dialect = false;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan *plan = plan_of(cases[i].sql, &environment);

        if ((plan->refusal != NULL) != cases[i].is_refused)
            fail_msg("%s: %s", cases[i].sql, plan->refusal ? plan->refusal : "passes");
        plan_release(plan);
    }
}

static void
the_name_of_a_parse_is_no_text(void **state PASU_UNUSED)
{
    struct long_text text;

    long_text_begin(&text, &shop, true, true);
    assert_true(long_text_read(&text, view_of("card_vault\0SELECT ", 18)));
    assert_true(long_text_read(&text, view_of("1\0card_vault", 12)));
    long_text_end(&text);
    long_text_begin(&text, &shop, true, true);
    assert_false(long_text_read(&text, view_of("s\0SELECT 1 FROM card_vault\0", 27)));
    long_text_end(&text);
}

static void
what_is_not_understood_is_refused_where_that_is_wanted(void **state PASU_UNUSED)
{
    static const struct {
        const char *sql;
        bool is_refused;
    } cases[] = {
        {"SELECT name FROM customers WHERE id = 1_000", true},
        {"SELECT name FROM FROM customers", true},
        {"SELECT name FROM customers WHERE id = 1", false},
        {"SELECT 1", false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan_environment environment = shop_environment();
        struct plan *plan;

        environment.refuses_unknown = true;
        plan = plan_of(cases[i].sql, &environment);
        if ((plan->refusal != NULL) != cases[i].is_refused)
            fail_msg("%s: %s", cases[i].sql, plan->refusal ? plan->refusal : "passes");
        plan_release(plan);
    }
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lets_data_leave_by_the_server_is_refused),
        cmocka_unit_test(what_only_fills_or_keeps_a_table_is_not_refused),
        cmocka_unit_test(the_same_is_refused_in_long_texts),
        cmocka_unit_test(words_of_long_texts_are_those_of_the_server),
        cmocka_unit_test(in_another_dialect_every_word_counts),
        cmocka_unit_test(files_are_seen_in_another_dialect),
        cmocka_unit_test(the_name_of_a_parse_is_no_text),
        cmocka_unit_test(what_is_not_understood_is_refused_where_that_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
