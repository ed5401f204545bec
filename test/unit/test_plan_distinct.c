/* SPDX-License-Identifier: Apache-2.0 */
/* DISTINCT becomes GROUP BY where both are the same, and nowhere else. */
#include "big_stack.h"
#include "plan_case.h"
#include "postgres/plan_rewrite.h"

#define NAMED(s) s " FILTER (WHERE \"customers\".\"name\" IS DISTINCT FROM NULL)"
#define COUNT    NAMED("pg_catalog.count(*)")
#define LIST     NAMED("pg_catalog.array_agg(\"customers\".\"id\")")
#define LEAST    NAMED("pg_catalog.min(\"customers\".\"tableoid\")")
#define MOST     NAMED("pg_catalog.max(\"customers\".\"tableoid\")")
#define DIFFER   "CASE WHEN " LEAST " OPERATOR(pg_catalog.<>) " MOST
#define OID      DIFFER " THEN '0'::pg_catalog.oid ELSE " LEAST " END AS \"pasu_key_2\", "
#define ARRAY    "CASE WHEN " COUNT " OPERATOR(pg_catalog.<=) 16384 THEN " LIST " END"
#define KEYS     ARRAY " AS \"pasu_key_1\", " OID

static void
print_rewritten(const struct plan *plan, char *text, size_t size)
{
    snprintf(text, size, "%.*s", (int)plan->rewritten.length,
             plan->rewritten.bytes ? (const char *)plan->rewritten.bytes : "");
}

static void
distinct_becomes_group_by(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT DISTINCT name FROM customers ORDER BY 1",
         "SELECT  " KEYS "name FROM customers GROUP BY 3 ORDER BY 3"},
        {"SELECT/**/DISTINCT/* x */name -- y\nFROM customers -- z\nORDER BY name",
         "SELECT/**//* x */" KEYS "name -- y\nFROM customers GROUP BY 3 -- z\nORDER BY name"},
        {"select distinct (name), 'x' as order, lower(region) || '-' as from from customers where "
         "name is distinct from 'x' and id in (select distinct 1 from products) order by 3 asc, 1 "
         "desc",
         "select  " KEYS "(name), 'x' as order, lower(region) || '-' as from from customers where "
         "name is distinct from 'x' and id in (select distinct 1 from products) GROUP BY 3, 4, 5 "
         "order by 5 asc, 3 desc"},
        {"SELECT DISTINCT name AS n, region FROM customers ORDER BY n, region LIMIT 3 OFFSET 1;",
         "SELECT  " KEYS
         "name AS n, region FROM customers GROUP BY 3, 4 ORDER BY n, region LIMIT 3 "
         "OFFSET 1;"},
        {"SELECT DISTINCT name, $1::text FROM customers JOIN products p ON p.title = name ORDER BY "
         "1",
         "SELECT  " KEYS "name, $1::text FROM customers JOIN products p ON p.title = name "
         "GROUP BY 3, 4 ORDER BY 3"},
        {"SELECT DISTINCT name, lower(region), created_at FROM customers WHERE 1 / grade > 0 "
         "ORDER BY 3, 2 NULLS FIRST, 1",
         "SELECT  " KEYS "name, lower(region), created_at FROM customers WHERE 1 / grade > 0 "
         "GROUP BY 3, 4, 5 ORDER BY 5, 4 NULLS FIRST, 3"},
        {"DECLARE c NO SCROLL CURSOR FOR SELECT DISTINCT name FROM customers ORDER BY 1",
         "DECLARE c NO SCROLL CURSOR FOR SELECT  " KEYS "name FROM customers GROUP BY 3 "
         "ORDER BY 3"},
    };
    struct plan_environment environment = shop_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_rewritten);
}

/* What either would take, or take as something else, and what other rows would come of. */
static void
what_could_differ_stays(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "SELECT DISTINCT name FROM customers ORDER BY region",
        "SELECT DISTINCT name FROM customers ORDER BY upper(name)",
        "SELECT DISTINCT name FROM customers ORDER BY customers.name",
        "SELECT DISTINCT name FROM customers ORDER BY name USING <",
        "SELECT DISTINCT name AS a, region AS a FROM customers ORDER BY a",
        "SELECT DISTINCT name, region || 'x' FROM customers ORDER BY name",
        "SELECT DISTINCT name FROM customers ORDER BY 2",
        "SELECT DISTINCT name FROM customers ORDER BY 'x'",
        /* rows in no order, or of one that leaves some of them alike */
        "SELECT DISTINCT name FROM customers",
        "SELECT DISTINCT name, region FROM customers ORDER BY name",
        "SELECT DISTINCT name, name AS n FROM customers ORDER BY n",
        "SELECT DISTINCT name FROM customers LIMIT 3",
        "SELECT DISTINCT name FROM customers OFFSET 3",
        "DECLARE c CURSOR FOR SELECT DISTINCT name FROM customers ORDER BY name",
        /* what can fail, and need not be reached */
        "SELECT DISTINCT name FROM customers WHERE 1 / grade > 0 ORDER BY name LIMIT 3",
        "SELECT DISTINCT name FROM customers WHERE name::int > 0 ORDER BY name OFFSET 1",
        "SELECT DISTINCT name FROM customers ORDER BY name LIMIT (SELECT 1)",
        "SELECT DISTINCT name::int FROM customers ORDER BY name",
        "SELECT DISTINCT substr(name, grade) FROM customers ORDER BY 1",
        "SELECT DISTINCT abs(grade), name FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT length(name, 'UTF8'), name FROM customers ORDER BY 1, 2",
        /* what can be equal and not the same */
        "SELECT DISTINCT name COLLATE \"x\" FROM customers ORDER BY 1",
        "SELECT DISTINCT n FROM (SELECT name COLLATE \"x\" AS n FROM customers) q ORDER BY n",
        "SELECT DISTINCT coalesce(grade, 1.0), name FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT grade::numeric, name FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT name::bpchar FROM customers ORDER BY 1",
        "SELECT DISTINCT id, o.item FROM customers JOIN orders o USING (id) ORDER BY 1, 2",
        /* further inside: the order can be lost on its way, or cut */
        "SELECT n FROM (SELECT DISTINCT name AS n FROM customers) q",
        "SELECT n FROM (SELECT DISTINCT name AS n FROM customers) q ORDER BY n",
        "SELECT n FROM (SELECT DISTINCT name AS n FROM customers ORDER BY n) q ORDER BY length(n)",
        "SELECT n FROM (SELECT DISTINCT name AS n FROM customers ORDER BY n) q, products",
        "SELECT n FROM (SELECT DISTINCT name AS n FROM customers ORDER BY n) q WHERE n IN "
        "(SELECT title FROM products)",
        "SELECT n, row_number() OVER () FROM (SELECT DISTINCT name AS n FROM customers ORDER BY n) "
        "q",
        "SELECT n FROM (SELECT DISTINCT name AS n FROM customers ORDER BY n) q LIMIT 1 / 2",
        "WITH w AS (SELECT DISTINCT name FROM customers ORDER BY 1) SELECT a.name FROM w a, w b",
        "SELECT DISTINCT name FROM customers ORDER BY name FETCH FIRST 3 ROWS WITH TIES",
        "SELECT DISTINCT name FROM customers FOR UPDATE",
        "SELECT DISTINCT name INTO x FROM customers",
        "SELECT DISTINCT string_agg(name, ',') FROM customers",
        "SELECT DISTINCT name FROM customers GROUP BY name",
        "SELECT DISTINCT name FROM customers HAVING true",
        "SELECT DISTINCT name, count(*) OVER () FROM customers",
        "SELECT DISTINCT name FROM customers WINDOW w AS (ORDER BY name)",
        "SELECT DISTINCT name, random() FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT name, generate_series(1, 2) FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT name, (SELECT 1) FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT name, to_json(name) FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT name, name::json FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT name, $1 FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT name, B'1' FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT customers FROM customers",
        "SELECT DISTINCT *, name FROM products, customers",
        "SELECT DISTINCT f_clean(1), name FROM customers ORDER BY 1, 2",
        "SELECT DISTINCT name FROM customers WHERE f_clean(1) = 1 ORDER BY 1",
        "SELECT ALL name, 1 AS \"pasu_key_1\" FROM customers",
        "INSERT INTO z SELECT DISTINCT name FROM customers",
        "CREATE TABLE z AS SELECT DISTINCT name FROM customers",
    };
    struct plan_environment environment = shop_environment();
    size_t wrong = 0;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct plan *plan = plan_of(texts[i], &environment);

        if (plan->rewritten.bytes) {
            print_error("%s\n%.*s\n", texts[i], (int)plan->rewritten.length,
                        (const char *)plan->rewritten.bytes);
            wrong++;
        }
        plan_release(plan);
    }
    assert_int_equal(wrong, 0);
}

static bool
is_grouped(const char *sql, const struct plan_environment *environment)
{
    struct plan *plan = plan_of(sql, environment);
    bool is = plan->rewritten.bytes != NULL;

    plan_release(plan);
    return is;
}

/* float4, float8, numeric, character, name, interval, jsonb, an array, a user's. */
static void
only_types_are_grouped_whose_equal_values_are_the_same(void **state PASU_UNUSED)
{
    static const uint32_t others[] = {700, 701, 1700, 1042, 19, 1186, 3802, 1009, 16390};
    static const char *const texts[] = {
        "SELECT DISTINCT name FROM customers ORDER BY name",
        "SELECT DISTINCT name, region FROM customers ORDER BY region, name",
        "SELECT DISTINCT upper(name) FROM customers ORDER BY 1",
        "SELECT n FROM (SELECT name AS n, count(*) FROM customers GROUP BY name) q",
        "SELECT n FROM (SELECT name AS n, count(*) FROM customers GROUP BY n) q",
        "SELECT n FROM (SELECT name AS n, count(*) FROM customers GROUP BY (1, region)) q",
        "SELECT s FROM (SELECT string_agg(email, ',') AS s FROM customers GROUP BY lower(name)) "
        "q"};
    struct plan_environment environment = shop_environment();
    struct catalog_relation *relation =
        (struct catalog_relation *)(uintptr_t)catalog_relation(&shop, SHOP_CUSTOMERS);

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_true(is_grouped(texts[i], &environment));
        for (size_t k = 0; k < COUNT_OF(others); k++) {
            relation->columns[1].type = others[k];
            assert_false(is_grouped(texts[i], &environment));
        }
        relation->columns[1].type = 25;
        relation->columns[1].is_loose = true;
        assert_false(is_grouped(texts[i], &environment));
        relation->columns[1].is_loose = false;
    }
}

/* "could not identify an equality operator": of which column, GROUP BY's number says. */
static void
an_error_of_a_number_is_one_of_its_column(void **state PASU_UNUSED)
{
    static const char sql[] =
        "SELECT DISTINCT '\xea\xb0\x80', region, name FROM customers ORDER BY 2, 3";
    struct plan_environment environment = shop_environment();
    struct plan *plan = plan_of(sql, &environment);
    static const char *const numbers[] = {"3, 4", "4, 5", "5 ORDER"};
    static const uint32_t places[] = {17, 22, 30};

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        const char *text = (const char *)plan->rewritten.bytes;
        const char *group = strstr(text, "GROUP BY");
        uint32_t at;

        assert_non_null(group);
        at = (uint32_t)(strstr(group, numbers[i]) - text);
        assert_int_equal(plan_error_position(plan, at - 2 + 1), places[i]);
    }
    plan_release(plan);
}

/* ---- the check ---- */

static const char text[] =
    "SELECT DISTINCT a, b FROM t WHERE c IN (SELECT DISTINCT d FROM u) ORDER BY 2";

struct stage {
    struct plan_work work;
    struct arena keep;
    struct rewrite rewrite;
    struct plan plan;
};

static void
begin(struct stage *stage)
{
    PgQuery__ParseResult *tree;
    const PgQuery__SelectStmt *select;
    struct target_list list;

    memset(stage, 0, sizeof(*stage));
    arena_init(&stage->work.memory, 1 << 16);
    arena_init(&stage->keep, 1 << 12);
    stage->work.keep = &stage->keep;
    stage->work.text = text;
    stage->work.length = strlen(text);
    assert_int_equal(sql_scan(&stage->work.memory, text, PLAN_TOKENS_MAX, &stage->work.tokens), 0);
    assert_int_equal(sql_parse(&stage->work.memory, text, &tree), 0);
    select = tree->stmts[0]->stmt->select_stmt;
    list = (struct target_list){select->target_list, select->n_target_list};
    assert_true(rewrite_add_first(&stage->work, &stage->rewrite, &list, "array_agg(k) AS h"));
    assert_true(rewrite_regroup(&stage->work, &stage->rewrite, &list, 1));
    assert_true(rewrite_ordinals(&stage->work, &stage->rewrite, select->sort_clause, 1, 2, 1));
}

static bool
end(struct stage *stage, const char *expected)
{
    bool is_taken = rewrite_apply(&stage->work, &stage->rewrite, &stage->plan);

    if (is_taken && expected)
        assert_memory_equal(stage->plan.rewritten.bytes, expected, strlen(expected));
    arena_release(&stage->work.memory);
    arena_release(&stage->keep);
    return is_taken;
}

static struct edit *
edit_of(struct stage *stage, const char *inserted)
{
    struct edit *edit = stage->rewrite.edits;

    while (edit && strcmp(edit->inserted, inserted) != 0)
        edit = edit->next;
    assert_non_null(edit);
    return edit;
}

static void
only_that_group_by_is_taken(void **state PASU_UNUSED)
{
    struct stage stage;

    begin(&stage);
    assert_true(end(&stage, "SELECT  array_agg(k) AS h, a, b FROM t WHERE c IN "
                            "(SELECT DISTINCT d FROM u) GROUP BY 2, 3 ORDER BY 3"));
    begin(&stage); /* another column */
    edit_of(&stage, ", 3")->inserted = ", 4";
    assert_false(end(&stage, NULL));
    begin(&stage); /* one more, or less */
    edit_of(&stage, ", 3")->inserted = ", 3, 4";
    stage.rewrite.growth += 3;
    assert_false(end(&stage, NULL));
    begin(&stage);
    edit_of(&stage, ", 3")->inserted = "";
    assert_false(end(&stage, NULL));
    begin(&stage); /* more than groups */
    edit_of(&stage, ", 3")->inserted = ", 3 HAVING d";
    stage.rewrite.growth += 9;
    assert_false(end(&stage, NULL));
    begin(&stage); /* DISTINCT is there still */
    edit_of(&stage, "")->inserted = "DISTINCT";
    stage.rewrite.growth += 8;
    assert_false(end(&stage, NULL));
    begin(&stage); /* the inner one goes, not the outer one */
    stage.rewrite.regroupings->first = (uint32_t)(strstr(text, "d FROM") - text);
    assert_false(end(&stage, NULL));
    begin(&stage); /* it is not told */
    stage.rewrite.regroupings = NULL;
    assert_false(end(&stage, NULL));
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distinct_becomes_group_by),
        cmocka_unit_test(what_could_differ_stays),
        cmocka_unit_test(only_types_are_grouped_whose_equal_values_are_the_same),
        cmocka_unit_test(an_error_of_a_number_is_one_of_its_column),
        cmocka_unit_test(only_that_group_by_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
