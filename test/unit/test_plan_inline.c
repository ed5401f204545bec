/* SPDX-License-Identifier: Apache-2.0 */
/* Views without the key are read through, where that is proven to be the same. */
#include "big_stack.h"
#include "plan_case.h"

/* Whether the text that is sent has the definition in it, and where the server would say that the
 * result's columns come from: "column:relation.number". */
static void
print_through(const struct plan *plan, char *text, size_t size)
{
    const struct plan_statement *statement = &plan->statements[0];
    struct view sent = plan->rewritten;
    bool is_through = sent.bytes && memmem(sent.bytes, sent.length, "UNION ALL", 9) &&
                      memmem(sent.bytes, sent.length, "FROM public.customers", 21);
    size_t length = (size_t)snprintf(text, size, "%s", is_through ? "through" : "as it is");

    for (size_t i = 0; i < statement->origin_count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, " %u:%u.%d",
                                   statement->origins[i].column, statement->origins[i].relation,
                                   statement->origins[i].attribute);
}

static void
print_sent(const struct plan *plan, char *text, size_t size)
{
    snprintf(text, size, "%.*s", (int)plan->rewritten.length,
             plan->rewritten.bytes ? (const char *)plan->rewritten.bytes : "");
}

#define KEY    "pasu_key_1_pasuhidden_pasugateway_pasucolumn"
#define ORIGIN "pasu_key_3_pasuhidden_pasugateway_pasucolumn"
#define PROOF                                                                                      \
    "pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'read committed' " \
    "AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_rewrite r WHERE r.oid "                    \
    "OPERATOR(pg_catalog.=) '5001' AND r.ev_class OPERATOR(pg_catalog.=) '1030' AND r.xmin "       \
    "OPERATOR(pg_catalog.=) '700') OPERATOR(pg_catalog.=) '1' AND (SELECT pg_catalog.count(*) "    \
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) "   \
    "c.relnamespace WHERE c.oid OPERATOR(pg_catalog.=) '1030' AND c.reloptions IS NULL AND "       \
    "n.nspname OPERATOR(pg_catalog.=) 'public' AND c.relname OPERATOR(pg_catalog.=) 'v_shown' OR " \
    "c.oid OPERATOR(pg_catalog.=) '1000' AND NOT c.relrowsecurity AND n.nspname "                  \
    "OPERATOR(pg_catalog.=) 'public' AND c.relname OPERATOR(pg_catalog.=) 'customers') "           \
    "OPERATOR(pg_catalog.=) '2' AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a "   \
    "WHERE a.attrelid OPERATOR(pg_catalog.=) '1030' AND (a.attnum OPERATOR(pg_catalog.=) '1' AND " \
    "a.attname OPERATOR(pg_catalog.=) 'who' OR a.attnum OPERATOR(pg_catalog.=) '2' AND a.attname " \
    "OPERATOR(pg_catalog.=) 'tel') OR a.attrelid OPERATOR(pg_catalog.=) '1000' AND (a.attnum "     \
    "OPERATOR(pg_catalog.=) '1' AND a.attname OPERATOR(pg_catalog.=) 'id' OR a.attnum "            \
    "OPERATOR(pg_catalog.=) '2' AND a.attname OPERATOR(pg_catalog.=) 'name' OR a.attnum "          \
    "OPERATOR(pg_catalog.=) '3' AND a.attname OPERATOR(pg_catalog.=) 'phone' OR a.attnum "         \
    "OPERATOR(pg_catalog.=) '6' AND a.attname OPERATOR(pg_catalog.=) 'grade')) "                   \
    "OPERATOR(pg_catalog.=) '6'"

static void
what_is_sent_proves_itself(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT x.who FROM public.v_shown x",
         "SELECT \"x\".\"" KEY "\" AS \"pasu_key_2\", \"x\".\"" ORIGIN
         "\" AS \"pasu_key_4\", x.who FROM (SELECT \"d\".* FROM ( SELECT "
         "pg_catalog.lower(customers.name) AS who,\n    customers.phone AS tel, "
         "\"customers\".\"id\"::pg_catalog.int8 AS \"" KEY
         "\", \"customers\".\"tableoid\"::pg_catalog.oid AS \"" ORIGIN
         "\"\n   FROM public.customers\n  WHERE (customers.grade OPERATOR(pg_catalog.=) 2)) AS "
         "\"d\" WHERE " PROOF " UNION ALL SELECT \"v\".\"who\", NULL, NULL::pg_catalog.int8, "
         "'1030'::pg_catalog.oid FROM public.v_shown AS \"v\" WHERE NOT (" PROOF ")) x"},
    };
    struct plan_environment environment = shop_environment();

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan *plan = plan_of(cases[i].sql, &environment);
        char text[8192];

        print_sent(plan, text, sizeof(text));
        assert_string_equal(text, cases[i].expected);
        plan_release(plan);
    }
}

static void
a_view_is_read_through_where_it_stands_alone(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT who FROM v_shown", "through 0:1030.1"},
        {"SELECT * FROM public.v_shown x", "through 0:1030.1 1:1030.2"},
        {"SELECT upper(who), tel FROM v_shown v WHERE who = $1 ORDER BY 2 LIMIT 3",
         "through 1:1030.2"},
        {"SELECT b FROM v_shown AS v(a, b)", "through 0:1030.2"},
        {"SELECT line FROM v_lines", "through 0:1031.1"},
        {"SELECT l FROM (SELECT line AS l FROM v_lines) s", "through 0:1031.1"},
        {"WITH w AS (SELECT who FROM v_shown LIMIT 3) SELECT who FROM w", "through 0:1030.1"},
        {"SELECT who FROM v_shown WHERE EXISTS (SELECT FROM products)", "through 0:1030.1"},
        /* More rows than the view's, or rows that say otherwise where they come from. */
        {"SELECT who FROM v_shown, products", "as it is"},
        {"SELECT a.who FROM v_shown a JOIN v_shown b ON a.who = b.who", "as it is"},
        {"SELECT who FROM v_shown UNION ALL SELECT title FROM products", "as it is"},
        {"SELECT DISTINCT who FROM v_shown", "as it is"},
        {"SELECT who FROM v_shown GROUP BY who", "as it is"},
        {"SELECT who FROM v_shown v WHERE EXISTS (SELECT FROM v_shown)", "through 0:1030.1"},
        /* What stands in its definition is read by itself, too. */
        {"SELECT line FROM v_lines WHERE EXISTS (SELECT FROM v_shown)", "as it is"},
        {"WITH w AS (SELECT 1 FROM v_shown) SELECT line FROM v_lines", "as it is"},
        {"SELECT who FROM v_shown WHERE EXISTS (SELECT FROM v_lines)", "through 0:1030.1"},
        /* What sees that it is no view. */
        {"SELECT v_shown FROM v_shown", "as it is"},
        {"SELECT v.v FROM v_shown v", "as it is"},
        {"SELECT v.*::text FROM v_shown v", "as it is"},
        {"SELECT to_json(v) FROM v_shown v", "as it is"},
        {"SELECT public.v_shown.who FROM v_shown", "as it is"},
        {"SELECT who FROM v_shown FOR UPDATE", "as it is"},
        {"SELECT who FROM ONLY v_shown", "as it is"},
        {"SELECT who FROM v_shown TABLESAMPLE SYSTEM (1)", "as it is"},
        {"SELECT who FROM v_shown v(a, b, c)", "as it is"},
        {"WITH d AS (DELETE FROM products RETURNING id) SELECT who FROM v_shown", "as it is"},
        {"SELECT who, 'pasu_key_1' FROM v_shown", "as it is"},
        /* What may be no cast: then the server says where the column comes from. */
        {"SELECT who::text FROM v_shown", "as it is"},
        {"SELECT x FROM (SELECT CAST(tel::text AS varchar) AS x FROM v_shown) s", "as it is"},
        {"SELECT upper(who)::text FROM v_shown", "through"},
        /* Its definition has names that do not say all, or it may have options. */
        {"SELECT who FROM v_contact", "as it is"},
        {"SELECT line FROM v_nested", "as it is"},
        {"SELECT name FROM mv_vip", "as it is"},
        /* Statements about statements. */
        {"PREPARE p AS SELECT who FROM v_shown", "as it is"},
        {"EXPLAIN SELECT who FROM v_shown", "as it is"},
        {"CREATE TEMP TABLE t AS SELECT who FROM v_shown", "as it is"},
    };
    struct plan_environment environment = shop_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_through);
}

static void
rights_decide_who_can_read_through(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {{"SELECT who FROM v_shown", "as it is"}};
    struct plan_environment environment = shop_environment();

    environment.role = "narrow";
    check_printed(cases, COUNT_OF(cases), &environment, print_through);
    environment.role = "clerk"; /* its keys alone */
    check_printed(cases, COUNT_OF(cases), &environment, print_through);
    environment.role = "";
    check_printed(cases, COUNT_OF(cases), &environment, print_through);
    environment.role = "app";
    environment.may_inject = false;
    check_printed(cases, COUNT_OF(cases), &environment, print_through);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_proves_itself),
        cmocka_unit_test(a_view_is_read_through_where_it_stands_alone),
        cmocka_unit_test(rights_decide_who_can_read_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
