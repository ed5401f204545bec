/* SPDX-License-Identifier: Apache-2.0 */
/* Texts: what is sent instead, what is kept of them, and texts that want to do harm. */
#include "base/memory.h"
#include "big_stack.h"
#include "plan_case.h"

/* ---- hidden columns ---- */

static void
check_rewritten(const char *sql, const char *expected)
{
    struct plan_environment environment = shop_environment();
    struct plan *plan = plan_of(sql, &environment);
    char text[4096];

    snprintf(text, sizeof(text), "%.*s", (int)plan->rewritten.length,
             plan->rewritten.bytes ? (const char *)plan->rewritten.bytes : "");
    assert_string_equal(text, expected);
    plan_release(plan);
}

static void
a_key_is_hidden_before_the_first_column(void **state PASU_UNUSED)
{
    check_rewritten("SELECT name FROM customers",
                    "SELECT \"customers\".\"id\" AS \"pasu_key_1\", name FROM customers");
    check_rewritten("/* a */ select all -- b\n (name)||'x' from customers \"C c\"",
                    "/* a */ select all -- b\n \"C c\".\"id\" AS \"pasu_key_1\", (name)||'x' from "
                    "customers \"C c\"");
    check_rewritten(
        "SELECT name FROM customers AS \"a\"\"b\"",
        "SELECT \"a\"\"b\".\"id\" AS \"pasu_key_1\", name FROM customers AS \"a\"\"b\"");
    check_rewritten(
        "PREPARE p AS SELECT name FROM customers",
        "PREPARE p AS SELECT \"customers\".\"id\" AS \"pasu_key_1\", name FROM customers");
    check_rewritten("SELECT x.y FROM customers AS x(i, y)",
                    "SELECT \"x\".\"i\" AS \"pasu_key_1\", x.y FROM customers AS x(i, y)");
    check_rewritten(
        "SELECT recipient, door_code FROM address_book a LIMIT 2",
        "SELECT \"a\".\"customer_id\" AS \"pasu_key_1\", \"a\".\"id\" AS \"pasu_key_2\", "
        "recipient, door_code FROM address_book a LIMIT 2");
    check_rewritten(
        "SELECT a.name, b.name FROM customers a, customers b",
        "SELECT \"a\".\"id\" AS \"pasu_key_1\", \"b\".\"id\" AS \"pasu_key_2\", a.name, "
        "b.name FROM customers a, customers b");
    check_rewritten("SELECT 1; SELECT name FROM customers; SELECT item FROM orders",
                    "SELECT 1; SELECT \"customers\".\"id\" AS \"pasu_key_1\", name FROM customers; "
                    "SELECT \"orders\".\"customer_id\" AS \"pasu_key_1\", item FROM orders");
    check_rewritten("COPY (SELECT name FROM customers) TO STDOUT CSV HEADER",
                    "COPY (SELECT \"customers\".\"id\" AS \"pasu_key_1\", name FROM customers) "
                    "TO STDOUT CSV HEADER");
}

static void
numbers_of_order_by_are_shifted(void **state PASU_UNUSED)
{
    check_rewritten("SELECT name, grade FROM customers ORDER BY 2 DESC, 1, grade + 1, '2' LIMIT 3",
                    "SELECT \"customers\".\"id\" AS \"pasu_key_1\", name, grade FROM customers "
                    "ORDER BY 3 DESC, 2, grade + 1, '2' LIMIT 3");
    check_rewritten(
        "SELECT a.name, b.name FROM customers a, customers b ORDER BY 2",
        "SELECT \"a\".\"id\" AS \"pasu_key_1\", \"b\".\"id\" AS \"pasu_key_2\", a.name, "
        "b.name FROM customers a, customers b ORDER BY 4");
    /* an error, which says the number */
    check_rewritten("SELECT name, grade FROM customers ORDER BY 3", "");
    check_rewritten("SELECT name, grade FROM customers ORDER BY 0", "");
    check_rewritten("SELECT name, grade FROM customers ORDER BY -1 + 2, 'x'",
                    "SELECT \"customers\".\"id\" AS \"pasu_key_1\", name, grade FROM customers "
                    "ORDER BY -1 + 2, 'x'");
}

#define OF_WHOM(aggregate)                                                                         \
    "pg_catalog." aggregate "(\"customers\".\"tableoid\") FILTER (WHERE "                          \
    "\"customers\".\"name\" IS DISTINCT FROM NULL)"
#define ORIGIN                                                                                     \
    "CASE WHEN " OF_WHOM("min") " OPERATOR(pg_catalog.<>) " OF_WHOM(                               \
        "max") " THEN '0'::pg_catalog.oid ELSE " OF_WHOM("min") " END"

#define IN_ROWS "FILTER (WHERE \"customers\".\"name\" IS DISTINCT FROM NULL)"
#define SIDE(sign)                                                                                 \
    "(pg_catalog.max(ARRAY[\"customers\".\"name\", (20000000000000000000 "                         \
    "OPERATOR(pg_catalog." sign ") \"customers\".\"id\")::pg_catalog.text]) " IN_ROWS              \
    ")[2]::pg_catalog.numeric"

/* The key of the row that has the greatest value, if all that have it have that key. */
static void
a_peak_is_of_one_key_from_both_sides(void **state PASU_UNUSED)
{
    check_rewritten("SELECT region, max(name) FROM customers GROUP BY 1",
                    "SELECT CASE WHEN pg_catalog.count(\"customers\".\"id\") " IN_ROWS
                    " OPERATOR(pg_catalog.=) pg_catalog.count(*) " IN_ROWS " AND (" SIDE(
                        "+") " OPERATOR(pg_catalog.-) 20000000000000000000) OPERATOR(pg_catalog.=) "
                             "(20000000000000000000 OPERATOR(pg_catalog.-) " SIDE(
                                 "-") ") THEN ARRAY[(" SIDE("+") " OPERATOR(pg_catalog.-) "
                                                                 "20000000000000000000)::"
                                                                 "pg_catalog.int8] END "
                                                                 "AS \"pasu_key_1\", " ORIGIN
                                                                 " AS \"pasu_key_2\", region, "
                                                                 "max(name) FROM customers GROUP "
                                                                 "BY 3");
}

static void
a_copy_names_the_key_in_its_list(void **state PASU_UNUSED)
{
    check_rewritten("COPY customers (phone) TO STDOUT", "COPY customers (\"id\", phone) TO STDOUT");
    check_rewritten("SELECT '('; copy public . customers /* ( */ (phone, \"name\" ) to stdout csv",
                    "SELECT '('; copy public . customers /* ( */ (\"id\", phone, \"name\" ) to "
                    "stdout csv");
    check_rewritten("COPY customers (phone) TO STDOUT; COPY customers (name) TO STDOUT",
                    "COPY customers (\"id\", phone) TO STDOUT; COPY customers (\"id\", name) TO "
                    "STDOUT");
}

#define TABLE_OF "\"customers\".\"tableoid\""
#define FILTERED "FILTER (WHERE \"customers\".\"name\" IS DISTINCT FROM NULL AND (grade = $1))"

static void
where_it_could_change_the_result_nothing_is_hidden(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "SELECT DISTINCT name FROM customers",
        "SELECT name FROM customers GROUP BY ROLLUP (1)",
        "SELECT name FROM customers GROUP BY CUBE ((1, 2), region)",
        "SELECT name, region FROM customers GROUP BY GROUPING SETS ((2), ROLLUP (name))",
        "SELECT name FROM customers GROUP BY name HAVING max(name) > min(email)",
        "SELECT region, max(coalesce(email, '')) FROM customers GROUP BY region",
        "COPY customers (region) TO STDOUT",
        "COPY customers (phone, \"no such\") TO STDOUT",
        "COPY people (name) TO STDOUT",
        "COPY customers (phone) TO STDOUT (NULL '\\')",
        "SELECT string_agg(name, ',') FILTER (WHERE random() < 0.5) FROM customers",
        "SELECT string_agg(name, ',') FILTER (WHERE grade = (SELECT 1)) FROM customers",
        "SELECT $1 + 0.5, string_agg(name, ',') FILTER (WHERE grade = $1) FROM customers",
        "SELECT DISTINCT ON (region) name FROM customers",
        "SELECT lag(name) OVER (ORDER BY id % $1) FROM customers",
        "SELECT lag(name) OVER (ORDER BY (SELECT 1)) FROM customers",
        "SELECT lag(name) OVER (ORDER BY id), rank() OVER (ORDER BY email) FROM customers",
        "SELECT array_agg(upper(name)) OVER (PARTITION BY id) FROM customers",
        "SELECT DISTINCT ON (3) name, region FROM customers ORDER BY region",
        "SELECT max(name) FROM customers WHERE grade = 1",
        "SELECT name FROM customers UNION SELECT title FROM products",
        "SELECT name FROM customers FOR UPDATE OF customers",
        "SELECT name INTO t FROM customers",
        "SELECT name AS pasu_key_1 FROM customers",
        "SELECT DISTINCT ON (id) name FROM people ORDER BY id",
        "SELECT who FROM v_contact",
        "INSERT INTO z SELECT name FROM customers",
        "PREPARE p AS SELECT name FROM customers; EXECUTE p",
        "PREPARE p AS SELECT statement, c.name FROM pg_prepared_statements, customers c",
        "PREPARE p AS SELECT c.name FROM U&\"pg_prepared_st\\0061tements\", customers c",
        "EXPLAIN SELECT name FROM customers",
        "SELECT 1 FROM (SELECT name FROM customers) q",
        "SELECT j.name FROM (customers c CROSS JOIN products p) AS j",
        "SELECT name FROM customers, public.customers",
        "SELECT card_number, name FROM card_vault, customers",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        check_rewritten(texts[i], "");
    check_rewritten(
        "SELECT name FROM people p",
        "SELECT (SELECT (SELECT \"id\" FROM (SELECT \"p\".*) pasu_key_own) FROM (SELECT "
        "NULL::pg_catalog.int8 AS \"id\") pasu_key_none) AS \"pasu_key_1\", "
        "'people'::pg_catalog.regclass::pg_catalog.oid AS \"pasu_key_2\", name FROM people p");
    check_rewritten("SELECT region, string_agg(name, ',') FROM public.customers GROUP BY 1",
                    "SELECT CASE WHEN pg_catalog.count(*) FILTER (WHERE "
                    "\"customers\".\"name\" IS DISTINCT FROM NULL) OPERATOR(pg_catalog.<=) 16384 "
                    "THEN pg_catalog.array_agg(\"customers\".\"id\") FILTER (WHERE "
                    "\"customers\".\"name\" IS DISTINCT FROM NULL) END AS \"pasu_key_1\", " ORIGIN
                    " AS \"pasu_key_2\", region, string_agg(name, ',') FROM public.customers "
                    "GROUP BY 3");
    check_rewritten("SELECT DISTINCT ON (2, region || '') name, region FROM customers "
                    "ORDER BY 2, region || '', id",
                    "SELECT DISTINCT ON (3, region || '') \"customers\".\"id\" AS \"pasu_key_1\", "
                    "name, region FROM customers ORDER BY 3, region || '', id");
    check_rewritten(
        "SELECT lag(name, 2) over /* by */ (PARTITION BY (grade) ORDER BY 1) FROM customers",
        "SELECT ARRAY[pg_catalog.lag(\"customers\".\"id\", 2) over /* by */ (PARTITION "
        "BY (grade) ORDER BY 1)] AS \"pasu_key_1\", "
        "pg_catalog.lag(\"customers\".\"tableoid\", 2) over /* by */ (PARTITION BY "
        "(grade) ORDER BY 1) AS \"pasu_key_2\", lag(name, 2) over /* by */ (PARTITION "
        "BY (grade) ORDER BY 1) FROM customers");
    check_rewritten("SELECT string_agg(name, ',') FILTER (WHERE grade = $1) FROM public.customers",
                    "SELECT CASE WHEN pg_catalog.count(*) " FILTERED
                    " OPERATOR(pg_catalog.<=) 16384 THEN "
                    "pg_catalog.array_agg(\"customers\".\"id\") " FILTERED
                    " END AS \"pasu_key_1\", CASE WHEN pg_catalog.min(" TABLE_OF ") " FILTERED
                    " OPERATOR(pg_catalog.<>) pg_catalog.max(" TABLE_OF ") " FILTERED
                    " THEN '0'::pg_catalog.oid ELSE pg_catalog.min(" TABLE_OF ") " FILTERED
                    " END AS \"pasu_key_2\", string_agg(name, ',') FILTER (WHERE grade = $1) "
                    "FROM public.customers");
    check_rewritten(
        "SELECT name FROM customers FOR UPDATE",
        "SELECT \"customers\".\"id\" AS \"pasu_key_1\", name FROM customers FOR UPDATE");
}

static void
nothing_is_hidden_without_right_or_leave(void **state PASU_UNUSED)
{
    struct plan_environment environments[3] = {shop_environment(), shop_environment(),
                                               shop_environment()};

    environments[0].role = "narrow";
    environments[1].role = "";
    environments[2].may_inject = false;
    for (size_t i = 0; i < COUNT_OF(environments); i++) {
        static const struct plan_case cases[] = {
            {"SELECT name FROM customers", "customer bound1: 0=name"},
            {"SELECT name FROM customers WHERE id IN (1, 2)", "customer pinned 1,2: 0=name"},
        };
        struct plan *plan = plan_of(cases[0].sql, &environments[i]);

        assert_null(plan->rewritten.bytes);
        plan_release(plan);
        check_cases_in(cases, COUNT_OF(cases), &environments[i]);
    }
}

/* Where the server's error points into the new text, the client is shown its own. */
static void
error_positions_are_those_of_the_clients_text(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    struct plan *plan = plan_of("SELECT '가', name FROM customers ORDER BY 1 , x", &environment);
    const char *rewritten = (const char *)plan->rewritten.bytes;
    static const char *const places[] = {"SELECT", "name", "FROM", "ORDER", ", x"};

    assert_non_null(rewritten);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        /* "가" is one character and three bytes, behind it places are two less */
        size_t old_at = (size_t)(strstr((const char *)plan->text.bytes, places[i]) -
                                 (const char *)plan->text.bytes);
        const char *found = rewritten - 1;
        size_t new_at;

        /* "name" also stands in what was added */
        do
            found = strstr(found + 1, places[i]);
        while (strncmp(found, "name", 4) == 0 && found[-1] != ' ');
        new_at = (size_t)(found - rewritten);
        old_at -= old_at > 8 ? 2 : 0;
        new_at -= new_at > 8 ? 2 : 0;
        assert_int_equal(plan_error_position(plan, (uint32_t)new_at + 1), old_at + 1);
    }
    /* inside of what was added: where it was added */
    assert_int_equal(plan_error_position(plan, 10), 8);
    plan_release(plan);
    plan = plan_of("SELECT 1", &environment);
    assert_int_equal(plan_error_position(plan, 7), 7);
    plan_release(plan);
}

/* ---- normal texts ---- */

static void
check_normal(const char *sql, const char *expected)
{
    struct plan_environment environment = shop_environment();
    struct plan *plan = plan_of(sql, &environment);

    assert_string_equal(plan->statements[0].sql, expected);
    plan_release(plan);
}

static void
a_normal_text_has_no_literal(void **state PASU_UNUSED)
{
    check_normal("SELECT name FROM customers WHERE id = 100007",
                 "SELECT name FROM customers WHERE id = $1");
    check_normal("select  'x' /* secret */, E'a\\'b', $2,\n$$body$$ -- secret\n, -1.5e3, B'01', 12",
                 "select $3 , $4, $2, $5 , -$6, $7, $8");
    check_normal("ALTER ROLE app PASSWORD 'secret'", "ALTER ROLE app PASSWORD $1");
    check_normal("SET my.secret = 'secret'", "SET my.secret = $1");
    check_normal("EXECUTE p('secret', 5)", "EXECUTE p($1, $2)");
    check_normal("COPY t FROM '/secret' (DELIMITER 'x')", "COPY t FROM $1 (DELIMITER $2)");
    check_normal("DO $x$ secret $x$", "DO $1");
    check_normal("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT ''secret'''",
                 "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $1");
    check_normal("SELECT U&'secret' UESCAPE '!', N'secret', x'5ec'",
                 "SELECT $1 UESCAPE $2, N$3, $4");
    check_normal("SELECT 'secret' IS JSON", "SELECT $1 IS JSON");
    check_normal("UPDATE customers c SET name = 'O'Brien', region = 'D'Arcy', email = 'x' secret "
                 "where id = 5",
                 "UPDATE customers c SET name = $1$2$3, email = $4 ? where id = $5");
    check_normal("SELECT name, email FROM customers c WHERE region = 'x' Secret secret",
                 "SELECT name, email FROM customers c WHERE region = $1 ? ?");
    check_normal("SELECT U&\"n\\0061me\" FROM customers", "SELECT ? FROM customers");
    check_normal("SELECT 'unfinished secret", "");
    check_normal("SELECT 010_1234_5678", "");
    check_normal("SELECT 1 AS \"a\xff\tb\"", "SELECT $1 AS \"a??b\"");
    check_normal("SELECT 1;  ", "SELECT $1");
}

/* Whatever is put around it, a marked literal never comes out. */
static void
no_literal_comes_out_of_any_frame(void **state PASU_UNUSED)
{
    static const char *const frames[] = {
        "SELECT %s",
        "SELECT %s, %s",
        "SELEC %s",
        "PREPARE p AS SELECT %s",
        "/* c */ SET x = %s",
        "NOTIFY x, %s",
        "COMMENT ON TABLE t IS %s",
        "SELECT 1 %s 1",
        "(%s",
        "%s",
        "CREATE ROLE r PASSWORD %s",
        "SELECT $1%s",
    };
    static const char *const literals[] = {
        "'secret'",
        "E'secret'",
        "E'\\'secret'",
        "'a''secret'",
        "$$secret$$",
        "$t$secret$t$",
        "N'secret'",
        "'x'\n'secret'",
        "B'secret'",
        "U&'secret'",
        "U&'\\0041secret' ",
        "-- secret\n",
        "/* secret /* secret */ */",
        "'secret",
        "$$secret",
    };

    for (size_t i = 0; i < COUNT_OF(frames); i++)
        for (size_t k = 0; k < COUNT_OF(literals); k++) {
            struct plan_environment environment = shop_environment();
            struct plan *plan;
            char sql[256];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(sql, sizeof(sql), frames[i], literals[k], literals[k]);
#pragma GCC diagnostic pop
            plan = plan_of(sql, &environment);
            for (size_t s = 0; s < plan->statement_count; s++)
                if (strstr(plan->statements[s].sql, "secret"))
                    fail_msg("%s: %s", sql, plan->statements[s].sql);
            plan_release(plan);
        }
}

static void
a_long_normal_text_is_cut(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    char *sql = memory_new(70000, 1);
    struct plan *plan;
    size_t n = 0;

    assert_non_null(sql);
    n += (size_t)snprintf(sql, 64, "SELECT 1");
    while (n < 60000)
        n += (size_t)snprintf(sql + n, 64, ", 'secret'");
    plan = plan_of(sql, &environment);
    n = strlen(plan->statements[0].sql);
    assert_in_range(n, 8000, 8192);
    assert_string_equal(plan->statements[0].sql + n - strlen(" …"), " …");
    assert_null(strstr(plan->statements[0].sql, "secret"));
    plan_release(plan);
    memory_free(sql);
}

static void
shapes_are_the_same_whatever_the_values(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    static const char *const same[][2] = {
        {"SELECT name FROM customers WHERE id = 1", "SELECT name FROM customers WHERE id = 2"},
        {"SELECT 1 IN (1, $1)", "select  -1 IN ($2, 2, 'x') -- ?"},
        {"INSERT INTO t VALUES (1, 2)", "INSERT INTO t VALUES (1, 2), (3, 4), (5, 6)"},
        {"SELECT a - 1 FROM t", "SELECT a - 2.5 FROM t"},
        {"SELECT 1 FROM orders IS JSON 'a'", "SELECT 2 FROM orders IS JSON 'b'"},
    };
    struct plan *other = plan_of("SELECT phone FROM customers WHERE id = 1", &environment);

    for (size_t i = 0; i < COUNT_OF(same); i++) {
        struct plan *a = plan_of(same[i][0], &environment), *b = plan_of(same[i][1], &environment);

        assert_int_equal(a->statements[0].fingerprint, b->statements[0].fingerprint);
        assert_int_not_equal(a->statements[0].fingerprint, other->statements[0].fingerprint);
        assert_int_not_equal(a->statements[0].fingerprint, 0);
        plan_release(a);
        plan_release(b);
    }
    plan_release(other);
}

/* Nobody can tell beforehand which shapes are alike: each ledger's secret makes others. */
static void
shapes_depend_on_the_key(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    const uint8_t keys[2][PLAN_SHAPE_KEY_SIZE] = {{1}, {2}};
    uint64_t shapes[3];

    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct plan *plan;

        environment.shape_key = keys[i % 2];
        plan = plan_of("SELECT name FROM customers WHERE id = 1", &environment);
        shapes[i] = plan->statements[0].fingerprint;
        plan_release(plan);
    }
    assert_int_not_equal(shapes[0], shapes[1]);
    assert_int_equal(shapes[0], shapes[2]);
}

/* ---- harm ---- */

static char *
repeated(const char *head, const char *middle, size_t count, const char *tail, const char *end)
{
    size_t size = strlen(head) + count * (strlen(middle) + strlen(end)) + strlen(tail) + 1;
    char *text = memory_new(size, 1), *at = text;

    assert_non_null(text);
    at = stpcpy(at, head);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, middle);
    at = stpcpy(at, tail);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, end);
    return text;
}

/* As deep as the parser goes, and as many tokens as there may be: each is planned on a thread with
 * PLAN_STACK_SIZE, and shows what it has of customers. */
static void
the_deepest_texts_are_planned(void **state PASU_UNUSED)
{
    static const struct {
        const char *head, *middle, *tail, *end;
        unsigned tokens;
    } texts[] = {
        {"SELECT name||1", "+1", " FROM customers", "", 2},
        {"SELECT name", "::int", " FROM customers", "", 2},
        {"SELECT ", "(", "name", ")", 2},
        {"SELECT ", "NOT ", "name = '' FROM customers", "", 1},
        {"SELECT name FROM customers", " UNION SELECT 1", "", "", 3},
        {"SELECT name FROM customers", " CROSS JOIN products", "", "", 3},
        {"SELECT name FROM customers", " NATURAL JOIN products", "", "", 3},
        {"SELECT ", "CASE WHEN true THEN ", "name", " END", 5},
        {"SELECT ", "- ", "name FROM customers", "", 1},
        {"SELECT ", "(SELECT ", "name", ")", 3},
        {"SELECT ", "upper(", "name", ")", 3},
        {"SELECT ", "ARRAY[", "name", "]", 3},
        {"SELECT name ", "FROM (SELECT name ", "FROM customers", ") a", 6},
        {"SELECT name FROM customers WHERE true", " AND id = 5", "", "", 4},
        {"SELECT name FROM customers WHERE true", " OR id = 5", "", "", 4},
        {"SELECT name FROM customers WHERE id IN (1", ",1", ")", "", 2},
        {"SELECT name", ",*", " FROM customers", "", 2},
        {"SELECT name FROM customers", ",customers", "", "", 2},
        {"SELECT name", ",name", " FROM customers", "", 2},
        {"SELECT name", ",no_such", " FROM customers", "", 2},
        {"SELECT name FROM customers", ";SELECT name FROM customers", "", "", 5},
        {"WITH a AS (SELECT name FROM customers)", ",a AS (SELECT * FROM a)", " SELECT * FROM a",
         "", 9},
        {"", "WITH RECURSIVE a AS (", "SELECT name FROM customers", ") SELECT * FROM a", 9},
        {"SELECT (a)", "[1]", " FROM customers", "", 3},
        {"SELECT a", ".b", " FROM customers", "", 2},
        {"SELECT name", " COLLATE \"C\"", " FROM customers", "", 2},
        {"SELECT name", " IS NULL", " FROM customers", "", 2},
        {"VALUES (1)", ",((SELECT name FROM customers))", "", "", 9},
        {"SELECT name FROM customers ORDER BY 1", ",1", "", "", 2},
        {"EXPLAIN ", "EXPLAIN ", "SELECT name FROM customers", "", 1},
        {"SELECT JSON_OBJECT('a': name", "", ") FROM customers", "", 1},
        {"SELECT name IS JSON", ",name", " FROM customers", "", 2},
        {"SELECT '", "''", "'", "", 1},
        {"DO '", " EXECUTE ''x'' ", "'", "", 1},
        {"SELECT ", ";", "", "", 1},
        {"SELECT 1", "--", "", "", 1},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        for (unsigned tokens = 1000; tokens <= 33000; tokens *= 5) {
            struct plan_environment environment = shop_environment();
            char *sql = repeated(texts[i].head, texts[i].middle,
                                 (tokens < 32000 ? tokens : 32700) / texts[i].tokens, texts[i].tail,
                                 texts[i].end);
            struct plan *plan = plan_of(sql, &environment);

            if (strstr(sql, "FROM customers") && texts[i].tokens != 1)
                assert_true(plan->statements[0].most_fields & NAME);
            plan_release(plan);
            memory_free(sql);
        }
}

static void
too_many_tokens_are_not_understood(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    char *sql = repeated("SELECT name FROM customers WHERE id IN (1", ",1", 40000, ")", "");
    struct plan *plan = plan_of(sql, &environment);

    assert_false(plan->statements[0].is_understood);
    assert_int_equal(plan->statements[0].flags, PLAN_UNPARSED | PLAN_RENAMES);
    assert_int_equal(plan->statements[0].most_fields, NAME | PHONE | EMAIL | ADDRESS);
    plan_release(plan);
    memory_free(sql);
    sql = repeated("SELECT 'x' ", "                ", 70000, " FROM customers", "");
    plan = plan_of(sql, &environment);
    assert_false(plan->statements[0].is_understood);
    assert_int_equal(plan->statements[0].most_fields, 63);
    plan_release(plan);
    memory_free(sql);
}

static void
no_allocation_may_be_missing(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "SELECT a.name, o.item FROM customers a JOIN orders o USING (id) ORDER BY 1",
        "SELECT name FROM customers WHERE id IN (1, 2); INSERT INTO z SELECT line FROM v_nested",
        "WITH RECURSIVE w AS (SELECT name FROM customers UNION SELECT * FROM w) SELECT * FROM w",
        "SELECT name IS JSON FROM customers",
        "DO $$ BEGIN EXECUTE 'select 1'; END $$",
        "COPY customers (id, name) TO STDOUT",
        "SELECT card_number FROM card_vault",
    };
    struct plan_environment environment = shop_environment();

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        uint64_t before = memory_allocations(), count;
        struct plan *plan = plan_of(texts[i], &environment);

        count = memory_allocations() - before;
        plan_release(plan);
        for (uint64_t nth = 1; nth <= count; nth++) {
            memory_fail_at(nth);
            assert_int_equal(plan_new(&plan, view_of_text(texts[i]), &environment), PASU_E_NOMEM);
            memory_fail_at(0);
            assert_null(plan);
        }
    }
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_hidden_before_the_first_column),
        cmocka_unit_test(numbers_of_order_by_are_shifted),
        cmocka_unit_test(a_peak_is_of_one_key_from_both_sides),
        cmocka_unit_test(a_copy_names_the_key_in_its_list),
        cmocka_unit_test(where_it_could_change_the_result_nothing_is_hidden),
        cmocka_unit_test(nothing_is_hidden_without_right_or_leave),
        cmocka_unit_test(error_positions_are_those_of_the_clients_text),
        cmocka_unit_test(a_normal_text_has_no_literal),
        cmocka_unit_test(no_literal_comes_out_of_any_frame),
        cmocka_unit_test(a_long_normal_text_is_cut),
        cmocka_unit_test(shapes_are_the_same_whatever_the_values),
        cmocka_unit_test(shapes_depend_on_the_key),
        cmocka_unit_test(the_deepest_texts_are_planned),
        cmocka_unit_test(too_many_tokens_are_not_understood),
        cmocka_unit_test(no_allocation_may_be_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
