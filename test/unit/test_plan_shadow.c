/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are asked for together with a SELECT: what is asked, of whom it is the answer, and
 * where nothing is. */
#include "big_stack.h"
#include "plan_case.h"
#include "postgres/shadow_query.h"

/* ---- key queries ---- */

/* "= " where they are exact, "~ " where not, and the queries with " + " between them. */
static void
write_queries(const char *sql, bool is_within, char *text, size_t size)
{
    struct plan_environment environment = shop_environment();
    struct plan_work work = {.environment = &environment, .catalog = &shop};
    struct shadow_queries queries, within;
    PgQuery__ParseResult *tree;
    int n;

    arena_init(&work.memory, 1 << 16);
    assert_int_equal(sql_parse(&work.memory, sql, &tree), 0);
    text[0] = '\0';
    if (shadow_queries_of(&work, tree->stmts[0]->stmt->select_stmt, &queries)) {
        if (is_within) {
            assert_true(shadow_queries_within(&work, queries.queries[0], &within));
            queries = within;
        }
        n = snprintf(text, size, "%s", queries.is_exact ? "=" : "~");
        for (size_t i = 0; i < queries.count; i++) {
            PgQuery__Node node = PG_QUERY__NODE__INIT;
            PgQuery__RawStmt raw = PG_QUERY__RAW_STMT__INIT, *statements[] = {&raw};
            PgQuery__ParseResult one = PG_QUERY__PARSE_RESULT__INIT;

            node.node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
            node.select_stmt = queries.queries[i];
            raw.stmt = &node;
            one.n_stmts = 1;
            one.stmts = statements;
            n += snprintf(text + n, size - (size_t)n, "%s%s%s", i > 0 ? " + " : " ",
                          sql_write(&work.memory, &one),
                          shadow_is_harmless(&work, queries.queries[i]) ? "" : " (not asked)");
        }
    }
    arena_release(&work.memory);
}

static void
check_queries(const struct plan_case *cases, size_t count, bool is_within)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        char text[4096];

        write_queries(cases[i].sql, is_within, text, sizeof(text));
        if (strcmp(text, cases[i].expected) != 0) {
            print_error("%s\n  is       %s\n  must be  %s\n", cases[i].sql, text,
                        cases[i].expected);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void
distinct_and_union_show_each_of_their_rows(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT DISTINCT name FROM customers WHERE grade = 1 ORDER BY name",
         "= SELECT name FROM customers WHERE grade = 1"},
        {"SELECT DISTINCT upper(name), $1 FROM customers c JOIN orders o ON o.customer_id = c.id",
         "= SELECT upper(name), $1 FROM customers c JOIN orders o ON o.customer_id = c.id"},
        {"SELECT name FROM customers UNION SELECT item FROM orders UNION ALL SELECT 'x'",
         "= SELECT name FROM customers + SELECT item FROM orders"},
        {"WITH w AS (SELECT name FROM customers) SELECT name FROM w UNION SELECT item FROM orders",
         "= WITH w AS (SELECT name FROM customers) SELECT name FROM w + "
         "WITH w AS (SELECT name FROM customers) SELECT item FROM orders"},
    };

    check_queries(cases, COUNT_OF(cases), false);
}

static void
what_leaves_rows_out_is_of_some_of_them(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT DISTINCT name FROM customers WHERE grade = 1 ORDER BY name LIMIT 5",
         "~ SELECT name FROM customers WHERE grade = 1"},
        {"SELECT DISTINCT name FROM customers OFFSET 5", "~ SELECT name FROM customers"},
        {"SELECT DISTINCT ON (region) name FROM customers ORDER BY region, phone || name",
         "~ SELECT name, phone, name FROM customers"},
        {"SELECT name FROM customers EXCEPT SELECT item FROM orders",
         "~ SELECT name FROM customers + SELECT item FROM orders"},
        {"SELECT name FROM customers INTERSECT SELECT item FROM orders",
         "~ SELECT name FROM customers + SELECT item FROM orders"},
        {"(SELECT name FROM customers UNION SELECT item FROM orders) LIMIT 1",
         "~ SELECT name FROM customers + SELECT item FROM orders"},
        {"SELECT name FROM customers UNION SELECT min(item) FROM orders",
         "~ SELECT name FROM customers + SELECT item FROM orders"},
        {"SELECT min(name), count(*) FILTER (WHERE email = $1) FROM customers",
         "~ SELECT name, email FROM customers"},
        {"SELECT region, max(name) FROM customers GROUP BY region HAVING max(email) > 'x'",
         "~ SELECT region, name, email FROM customers"},
        {"SELECT first_value(name) OVER w FROM customers WINDOW w AS (ORDER BY email)",
         "~ SELECT name, email FROM customers"},
        {"SELECT count(DISTINCT c) FROM customers c", "~ SELECT c FROM customers c"},
    };

    check_queries(cases, COUNT_OF(cases), false);
}

/* The server would not find a column of that name. */
static void
a_name_of_an_item_is_no_column(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT max(name) FROM customers GROUP BY region ORDER BY max",
         "~ SELECT name FROM customers"},
        {"SELECT region AS r, max(name) FROM customers GROUP BY ROLLUP (r)",
         "~ SELECT region, name FROM customers"},
        {"SELECT DISTINCT ON (n) name AS n FROM customers", "~ SELECT name FROM customers"},
    };

    check_queries(cases, COUNT_OF(cases), false);
}

static void
what_is_only_the_result_of_a_query_is_of_its_rows(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT * FROM (SELECT max(name) AS n FROM customers) s WHERE n > 'A'",
         "~ SELECT name FROM customers"},
        {"WITH w AS (SELECT max(name) AS n FROM customers) SELECT n FROM w",
         "~ SELECT name FROM customers"},
        {"WITH v AS (SELECT name FROM customers), w AS (SELECT max(name) AS n FROM v) SELECT n "
         "FROM w",
         "~ WITH v AS (SELECT name FROM customers) SELECT name FROM v"},
    };

    check_queries(cases, COUNT_OF(cases), true);
}

/* An error, a wait or a change would come of the question that does not come of the statement. */
static void
what_can_fail_or_act_is_not_asked(void **state PASU_UNUSED)
{
    static const char *const conditions[] = {
        "1 / grade > 1",
        "id::int = 4",
        "$1::int = grade",
        "name LIKE $1",
        "name LIKE 'a\\'",
        "name ~ 'a'",
        "created_at > now()",
        "pg_sleep(1) IS NULL",
        "random() > 0.5",
        "nextval('s') > 4",
        "name = (SELECT name FROM products)",
        "EXISTS (SELECT FROM customers WHERE 1 / grade > 1)",
        "id = ALL (SELECT id FROM products)",
        "id = ANY (ARRAY[1, 2])",
    };
    static const char *const sources[] = {
        "customers TABLESAMPLE BERNOULLI (10)",
        "customers, generate_series(1, 3)",
        "customers, LATERAL unnest(ARRAY[name])",
        "customers, (SELECT id FROM products FOR UPDATE) p",
    };
    static const char *const fine[] = {
        "grade = 1 AND (name LIKE 'K%' OR name ILIKE '%x') AND NOT phone IS NULL",
        "id IN (1, $1) AND id BETWEEN 3 AND 4 AND name IS DISTINCT FROM 'x'",
        "created_at > '2026-01-01'::timestamptz AND id = ANY ('{1,2}')",
        "CASE WHEN grade = 1 THEN name ELSE coalesce(phone, 'x') END <> lower(email)",
        "id IN (SELECT customer_id FROM orders) AND EXISTS (SELECT FROM products)",
        "(grade = 1) IS TRUE AND id::text = '4'",
    };
    char sql[512], text[1024];

    for (size_t i = 0; i < COUNT_OF(conditions); i++) {
        snprintf(sql, sizeof(sql), "SELECT DISTINCT name FROM customers WHERE %s", conditions[i]);
        write_queries(sql, false, text, sizeof(text));
        if (!strstr(text, "(not asked)"))
            fail_msg("%s", text);
    }
    for (size_t i = 0; i < COUNT_OF(sources); i++) {
        snprintf(sql, sizeof(sql), "SELECT DISTINCT name FROM %s", sources[i]);
        write_queries(sql, false, text, sizeof(text));
        if (!strstr(text, "(not asked)"))
            fail_msg("%s", text);
    }
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        snprintf(sql, sizeof(sql), "SELECT DISTINCT name FROM customers WHERE %s", fine[i]);
        write_queries(sql, false, text, sizeof(text));
        if (text[0] != '=' || strstr(text, "(not asked)"))
            fail_msg("%s", text);
    }
}

static void
there_are_none_of(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT DISTINCT name FROM customers FOR UPDATE", ""},
        {"SELECT DISTINCT name INTO t FROM customers", ""},
        {"SELECT max(name), (SELECT item FROM orders LIMIT 1) FROM customers", ""},
        {"SELECT name FROM customers UNION SELECT (SELECT item FROM orders LIMIT 1)", ""},
        {"SELECT name FROM customers UNION VALUES ('x')", ""},
        {"WITH w AS (SELECT 1) SELECT name FROM customers UNION (WITH v AS (SELECT 2) SELECT 'x')",
         ""},
    };

    check_queries(cases, COUNT_OF(cases), false);
}

/* ---- plans ---- */

static struct plan_environment
shadow_environment(void)
{
    struct plan_environment environment = shop_environment();

    environment.may_shadow = true;
    return environment;
}

static void
print_shadowed(const struct plan *plan, char *text, size_t size)
{
    const struct plan_statement *s = plan->statements;
    char parts[2048];

    plan_print(plan, parts, sizeof(parts));
    snprintf(text, size, "%s%s", !s->shadows ? "" : s->is_shadow_exact ? "= " : "~ ", parts);
    assert_int_equal(s->shadows != NULL, s->hidden_count > 0 && strstr(parts, "shadow"));
}

static void
parts_have_the_keys_that_are_asked_for(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT DISTINCT name FROM customers", "= customer shadow@1: 0=name"},
        {"SELECT DISTINCT c.name, o.item FROM customers c JOIN orders o ON o.customer_id = c.id",
         "= customer shadow@1: 0=name; customer shadow@2: 1=order"},
        {"SELECT DISTINCT recipient, door_code FROM address_book",
         "= customer shadow@1: 1=door_code; recipient shadow@2: 0=name"},
        {"SELECT name FROM customers UNION SELECT item FROM orders",
         "= customer shadow@1: 0=name; customer shadow@2: 0=order"},
        {"SELECT DISTINCT n FROM (SELECT name AS n FROM customers UNION ALL SELECT title FROM "
         "public.products) s",
         "= customer shadow@1: 0=name"},
        {"SELECT min(name) FROM customers WHERE region = $1", "~ customer shadow@1: 0=name"},
        {"SELECT max(coalesce(c.name, '')) FROM customers c JOIN orders o ON o.customer_id = c.id "
         "GROUP "
         "BY "
         "o.id",
         "~ customer shadow@1: 0=name"},
        {"SELECT n FROM (SELECT max(name) AS n FROM customers WHERE grade = 1) s",
         "~ customer shadow@1: 0=name"},
        {"SELECT DISTINCT day, note FROM visits", "= customer shadow@1: 1=order"},
    };
    struct plan_environment environment = shadow_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_shadowed);
}

static void
nothing_is_asked_where(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "SELECT name FROM customers",
        "SELECT DISTINCT id, name FROM customers",
        "SELECT DISTINCT name FROM customers WHERE id = 5",
        "SELECT DISTINCT region FROM customers",
        "SELECT DISTINCT name FROM customers; SELECT 1",
        "SELECT DISTINCT name FROM v_contact",
        "SELECT DISTINCT name FROM mv_vip",
        "SELECT DISTINCT name FROM customers, nosuch",
        "SELECT DISTINCT name, f_log() FROM customers",
        "SELECT DISTINCT name FROM customers WHERE 1 / grade > 1",
        "SELECT DISTINCT name INTO t FROM customers",
        "CREATE TABLE t AS SELECT DISTINCT name FROM customers",
        "EXPLAIN ANALYZE SELECT DISTINCT name FROM customers",
        "PREPARE p AS SELECT DISTINCT name FROM customers",
        "DECLARE c CURSOR FOR SELECT DISTINCT name FROM customers",
        "COPY (SELECT DISTINCT name FROM customers) TO STDOUT",
        "SELECT DISTINCT name AS pasu_key_1 FROM customers",
        "WITH w AS (DELETE FROM products RETURNING title) SELECT title FROM w UNION SELECT name "
        "FROM customers",
    };
    struct plan_environment environment = shadow_environment();

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct plan *plan = plan_of(texts[i], &environment);

        for (size_t s = 0; s < plan->statement_count; s++)
            if (plan->statements[s].shadows)
                fail_msg("%s", texts[i]);
        plan_release(plan);
    }
}

static void
it_is_asked_only_where_it_may_be(void **state PASU_UNUSED)
{
    struct plan_environment off = shop_environment(), narrow = shadow_environment(),
                            unknown = shadow_environment(), alone = shadow_environment();
    const struct plan_environment *const without[] = {&off, &narrow, &unknown};
    struct plan *plan;

    narrow.role = "narrow";
    unknown.role = "";
    for (size_t i = 0; i < COUNT_OF(without); i++) {
        plan = plan_of("SELECT DISTINCT name FROM customers", without[i]);
        assert_null(plan->rewritten.bytes);
        assert_int_equal(plan->statements[0].parts[0].source, SOURCE_BOUND);
        plan_release(plan);
    }
    alone.may_inject = false;
    plan = plan_of("SELECT DISTINCT name FROM customers", &alone);
    assert_int_equal(plan->statements[0].parts[0].source, SOURCE_SHADOW);
    plan_release(plan);
}

/* Two values that a user's type takes for the same show two persons, of whom one need not come. */
static void
own_sameness_is_no_sameness(void **state PASU_UNUSED)
{
    struct plan_environment environment = shadow_environment();
    struct plan *plan;

    shop.has_own_equality = true;
    plan = plan_of("SELECT DISTINCT name FROM customers", &environment);
    shop.has_own_equality = false;
    assert_null(plan->statements[0].shadows);
    plan_release(plan);
}

static void
the_clients_text_stands_in_it_as_it_is(void **state PASU_UNUSED)
{
    static const char sql[] = " /* a */ SELECT DISTINCT name -- b\n FROM customers -- c\n ; ";
    static const char expected[] =
        " /* a */ SELECT CASE WHEN \"pg_catalog\".\"row_number\"() OVER () "
        "OPERATOR(\"pg_catalog\".=) 1 THEN (SELECT \"pg_catalog\".\"array_cat\"(ARRAY["
        "\"pg_catalog\".\"count\"(*)::\"pg_catalog\".\"text\", "
        "\"pg_catalog\".\"string_agg\"(DISTINCT \"t\"::\"pg_catalog\".\"text\", ',')], "
        "\"pg_catalog\".\"array_agg\"(\"k\") FILTER (WHERE \"n\" OPERATOR(\"pg_catalog\".<=) "
        "4000)) FROM (SELECT \"k\", \"t\", \"pg_catalog\".\"row_number\"() OVER () AS \"n\" FROM "
        "(SELECT DISTINCT \"c0\"::\"pg_catalog\".\"text\" COLLATE \"pg_catalog\".\"C\" AS \"k\", "
        "\"c1\" AS \"t\" FROM (SELECT \"customers\".\"id\" AS \"pasu_key_1\", "
        "\"customers\".\"tableoid\" AS \"pasu_key_2\", name FROM customers) AS "
        "\"q\"(\"c0\", \"c1\", \"c2\") WHERE \"c1\" IS NOT NULL AND (\"c2\" IS DISTINCT FROM "
        "NULL)) AS \"d\") AS \"e\") END AS \"pasu_key_1\", \"shown\".* FROM (SELECT DISTINCT name "
        "-- b\n FROM customers) AS \"shown\" -- c\n ; ";
    struct plan_environment environment = shadow_environment();
    struct plan *plan = plan_of(sql, &environment);
    uint32_t at = (uint32_t)(strstr(expected, "FROM customers) AS \"shown\"") - expected) + 1;

    if (!view_equal(plan->rewritten, view_of_text(expected)))
        fail_msg("%.*s", (int)plan->rewritten.length, (const char *)plan->rewritten.bytes);
    assert_int_equal(plan_error_position(plan, at), strstr(sql, "FROM customers") - sql + 1);
    plan_release(plan);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distinct_and_union_show_each_of_their_rows),
        cmocka_unit_test(what_leaves_rows_out_is_of_some_of_them),
        cmocka_unit_test(a_name_of_an_item_is_no_column),
        cmocka_unit_test(what_is_only_the_result_of_a_query_is_of_its_rows),
        cmocka_unit_test(what_can_fail_or_act_is_not_asked),
        cmocka_unit_test(there_are_none_of),
        cmocka_unit_test(parts_have_the_keys_that_are_asked_for),
        cmocka_unit_test(nothing_is_asked_where),
        cmocka_unit_test(it_is_asked_only_where_it_may_be),
        cmocka_unit_test(own_sameness_is_no_sameness),
        cmocka_unit_test(the_clients_text_stands_in_it_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
