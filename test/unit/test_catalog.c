/* SPDX-License-Identifier: Apache-2.0 */
#include "small_shop.h"

static void
mappings_are_resolved_by_oid_and_column_number(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {SHOP};
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));
    const struct catalog_relation *r = relation(c, "customers");
    size_t at = 0;

    assert_int_equal(r->fields, NAME | PHONE);
    assert_int_equal(r->kinds, CUSTOMER);
    assert_int_equal(r->show_count, 1);
    assert_int_equal(r->column_limit, 5);
    assert_int_equal(r->shows[0].key_column, 1);
    assert_int_equal(r->shows[0].key_type, CATALOG_KEY_INT8);
    assert_true(r->shows[0].is_key_unique);
    assert_int_equal(r->shows[0].column_fields[2], NAME);
    assert_int_equal(r->shows[0].column_fields[4], 0);
    r = relation(c, "book");
    assert_int_equal(r->show_count, 2);
    assert_int_equal(r->shows[0].key_type, CATALOG_KEY_TEXT);
    assert_false(r->shows[0].is_key_unique);
    assert_int_equal(r->shows[1].key_type, CATALOG_KEY_UUID);
    assert_true(r->shows[1].is_key_unique);
    assert_int_equal(r->kinds, CUSTOMER | RECIPIENT);
    assert_true(relation(c, "vault")->is_never);
    assert_true(relation(c, "products")->has_rules);
    assert_int_equal(catalog_all_fields(c), ALL);
    assert_int_equal(catalog_all_kinds(c), CUSTOMER | RECIPIENT);
    assert_null(catalog_unresolved(c, &at)); /* the other database's is not missed here */
    assert_null(catalog_relation(c, 1));
    assert_string_equal(catalog_poll_value(c), "a poll");
    assert_int_equal(catalog_poll_change(c, VIEW("a poll")), CATALOG_SAME);
    assert_int_equal(catalog_poll_change(c, VIEW("a poll~5:7")), CATALOG_TEMPORARIES);
    assert_int_equal(catalog_poll_change(c, VIEW("another~5:7")), CATALOG_CHANGED);
    assert_int_equal(catalog_poll_change(c, VIEW("")), CATALOG_CHANGED);
    assert_int_equal(catalog_poll_change(c, view_of(NULL, 0)), CATALOG_CHANGED);
    catalog_release(c);
}

static void
a_partition_has_its_parents_mapping_by_column_name(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {SHOP};
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));
    const struct catalog_relation *r = relation(c, "visits_1");

    assert_int_equal(r->show_count, 1);
    assert_int_equal(r->shows[0].key_column, 3);
    assert_int_equal(r->shows[0].column_fields[1], ORDER);
    assert_int_equal(r->shows[0].column_fields[2], 0);
    catalog_release(c);
}

static void
what_is_missing_is_named(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SERVER,
        {ROWS_RELATIONS, "20001|public|customers|r|p|f|f"},
        {ROWS_COLUMNS, "20001|1|id|20"},
        {ROWS_COLUMNS, "20001|2|name|25"},
        {ROWS_RELATIONS, "20002|elsewhere|visits|r|p|f|f"},
    };
    static const char *const missing[] = {"public.customers.phone", "public.visits",
                                          "shop.public.book", "shop.public.book", "vault"};
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));
    size_t at = 0;

    for (size_t i = 0; i < COUNT_OF(missing); i++)
        assert_string_equal(catalog_unresolved(c, &at), missing[i]);
    assert_null(catalog_unresolved(c, &at));
    catalog_release(c);
}

static void
a_renamed_table_keeps_its_mapping_and_a_new_one_gets_it_too(void **state PASU_UNUSED)
{
    static const struct catalog_row before[] = {SHOP};
    static const struct catalog_row after[] = {
        SERVER,
        {ROWS_RELATIONS, "20001|moved|people|r|p|f|f"},
        {ROWS_COLUMNS, "20001|1|number|20"},
        {ROWS_COLUMNS, "20001|2|n|25"},
        {ROWS_COLUMNS, "20001|3|phone|25"},
        {ROWS_COLUMNS, "20001|6|name|25"},
        {ROWS_RELATIONS, "20005|secret|chest|r|p|f|f"},
        {ROWS_RELATIONS, "20099|public|customers|r|p|f|f"},
        {ROWS_COLUMNS, "20099|1|name|25"},
    };
    struct catalog *first = build(NULL, before, COUNT_OF(before));
    struct catalog *second = build(first, after, COUNT_OF(after));
    struct catalog *third;
    const struct catalog_relation *r;

    catalog_release(first);
    third = build(second, after, COUNT_OF(after)); /* what is remembered is remembered on */
    catalog_release(second);
    r = relation(third, "people");
    assert_int_equal(r->show_count, 1);
    assert_int_equal(r->shows[0].key_column, 1);
    assert_int_equal(r->shows[0].column_fields[2], NAME);
    assert_int_equal(r->shows[0].column_fields[3], PHONE);
    assert_int_equal(r->shows[0].column_fields[6], NAME);
    assert_true(relation(third, "chest")->is_never);
    assert_int_equal(relation(third, "customers")->fields, NAME);
    catalog_release(third);
}

static void
views_carry_what_they_read_through_views_and_cycles_end(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        VIEW_ROW(21001, "v_name"),
        VIEW_ROW(21002, "v_nested"),
        VIEW_ROW(21003, "v_a"),
        VIEW_ROW(21004, "v_b"),
        VIEW_ROW(21005, "v_whole"),
        VIEW_ROW(21006, "v_unknown"),
        VIEW_ROW(21007, "v_vault"),
        VIEW_ROW(21008, "v_keys"),
        RULE(31001, 21001),
        RULE(31002, 21002),
        RULE(31003, 21003),
        RULE(31004, 21004),
        {ROWS_RULES, "31005|21005|700|t|f"},
        {ROWS_TREES, "31005|t|f|f"},
        RULE(31006, 21006),
        RULE(31007, 21007),
        RULE(31008, 21008),
        {ROWS_DEPENDENCIES, "31001|r|20001|2"},
        {ROWS_DEPENDENCIES, "31001|r|21001|0"},
        {ROWS_DEPENDENCIES, "31002|r|21001|1"},
        {ROWS_DEPENDENCIES, "31003|r|21004|1"},
        {ROWS_DEPENDENCIES, "31004|r|21003|1"},
        {ROWS_DEPENDENCIES, "31004|r|21002|1"},
        {ROWS_DEPENDENCIES, "31005|r|20001|1"},
        {ROWS_DEPENDENCIES, "31006|r|29999|1"},
        {ROWS_DEPENDENCIES, "31007|r|20005|0"},
        {ROWS_DEPENDENCIES, "31008|r|20001|1"},
        {ROWS_DEPENDENCIES, "31008|r|20001|-1"},
        {ROWS_DEFINITIONS, "21001| SELECT name FROM public.customers;"},
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_int_equal(relation(c, "v_name")->fields, NAME);
    assert_string_equal(relation(c, "v_name")->definition, " SELECT name FROM public.customers;");
    assert_int_equal(relation(c, "v_nested")->fields, NAME);
    assert_int_equal(relation(c, "v_a")->fields, NAME);
    assert_int_equal(relation(c, "v_a")->kinds, CUSTOMER);
    assert_int_equal(relation(c, "v_whole")->fields, NAME | PHONE);
    assert_int_equal(relation(c, "v_unknown")->fields, ALL);
    assert_true(relation(c, "v_vault")->is_never);
    assert_int_equal(relation(c, "v_keys")->fields, 0);
    catalog_release(c);
}

static void
a_rule_that_was_seen_is_not_asked_for_again_until_it_changes(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {SHOP,
                                              VIEW_ROW(21001, "v"),
                                              {ROWS_RULES, "31001|21001|700|t|f"},
                                              {ROWS_TREES, "31001|t|f|f"},
                                              {ROWS_DEPENDENCIES, "31001|r|20001|1"}};
    static const struct catalog_row again[] = {SHOP,
                                               VIEW_ROW(21001, "v"),
                                               {ROWS_RULES, "31001|21001|700|t|f"},
                                               {ROWS_DEPENDENCIES, "31001|r|20001|1"}};
    static const struct catalog_row changed[] = {SHOP,
                                                 VIEW_ROW(21001, "v"),
                                                 {ROWS_RULES, "31001|21001|701|t|f"},
                                                 {ROWS_DEPENDENCIES, "31001|r|20001|1"}};
    struct catalog *first = build(NULL, rows, COUNT_OF(rows));
    struct catalog *second = build(first, again, COUNT_OF(again));
    struct catalog *third = build(second, changed, COUNT_OF(changed));

    assert_int_equal(relation(second, "v")->fields, NAME | PHONE);
    assert_int_equal(relation(third, "v")->fields, ALL); /* nobody has said what it is */
    catalog_release(first);
    catalog_release(second);
    catalog_release(third);
}

static void
functions_carry_what_their_texts_name_to_a_fixpoint(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_FUNCTIONS, "2923|pg_catalog|table_to_xml|internal|f|f|f|f|~|~"},
        {ROWS_FUNCTIONS, "871|pg_catalog|upper|internal|f|f|f|f|~|~"},
        FUNCTION(22001, "f_name", "sql", "SELECT name FROM customers WHERE id = $1"),
        FUNCTION(22002, "f_star", "sql", "SELECT * FROM customers"),
        FUNCTION(22003, "f_one", "plpgsql", "BEGIN RETURN f_two(); END"),
        FUNCTION(22004, "f_two", "plpgsql", "BEGIN PERFORM f_one(); RETURN f_name(1); END"),
        FUNCTION(22005, "f_dynamic", "plpgsql", "BEGIN EXECUTE q; END"),
        FUNCTION(22006, "f_clean", "sql", "SELECT upper('customers') /* name */"),
        FUNCTION(22007, "f_xml", "sql", "SELECT table_to_xml('x', true, true, '')"),
        FUNCTION(22008, "f_perl", "plperl", "~"),
        FUNCTION(22009, "f_none", "sql", "~"),
        {ROWS_FUNCTIONS, "22010|public|f_crypt|c|f|f|f|f|~|pgcrypto"},
        {ROWS_FUNCTIONS, "22011|public|f_foreign|c|f|f|f|f|~|elsewhere"},
        {ROWS_FUNCTIONS, "22012|public|f_sum|internal|f|a|f|f|~|~"},
        {ROWS_AGGREGATES, "22012|22001"},
        {ROWS_FUNCTIONS, "22013|public|f_odd|internal|f|a|f|f|~|~"},
        {ROWS_AGGREGATES, "22013|29999"},
        {ROWS_OPERATORS, "23001|<#>|22001|600|600"},
        {ROWS_OPERATORS, "23002|<->|22006|600|600"},
        FUNCTION(22014, "f_operator", "sql", "SELECT a <#> b, c <-> d"),
        {ROWS_CASTS, "22006"},
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_int_equal(function_fields(c, "f_name"), NAME);
    assert_int_equal(function_fields(c, "f_star"), NAME | PHONE);
    assert_int_equal(function_fields(c, "f_one"), NAME);
    assert_int_equal(function_fields(c, "f_two"), NAME);
    assert_int_equal(function_fields(c, "f_dynamic"), ALL);
    assert_int_equal(function_fields(c, "f_clean"), 0);
    assert_int_equal(function_fields(c, "f_xml"), ALL);
    assert_int_equal(function_fields(c, "f_perl"), ALL);
    assert_int_equal(function_fields(c, "f_none"), ALL);
    assert_int_equal(function_fields(c, "f_crypt"), 0);
    assert_int_equal(function_fields(c, "f_foreign"), ALL);
    assert_int_equal(function_fields(c, "f_sum"), NAME);
    assert_int_equal(function_fields(c, "f_odd"), ALL);
    assert_int_equal(function_fields(c, "f_operator"), NAME);
    assert_int_equal(function_fields(c, "upper"), 0);
    assert_true(catalog_function(c, 22008)->is_exit); /* plperl, not trusted */
    assert_true(catalog_operator_is_foreign(c, "<#>"));
    assert_false(catalog_operator_is_foreign(c, "<->"));
    assert_false(catalog_operator_is_foreign(c, "="));
    assert_false(catalog_has_foreign_casts(c));
    catalog_release(c);
}

/* In whole or by how their names begin; user's functions of such names by what they are. */
static void
postgresqls_own_functions_are_known_by_name(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_FUNCTIONS, "2922|pg_catalog|query_to_xml_and_xmlschema|internal|f|f|f|f|~|~"},
        {ROWS_FUNCTIONS, "2923|pg_catalog|query_to_xm|internal|f|f|f|f|~|~"},
        {ROWS_FUNCTIONS, "3458|pg_catalog|lo_export|internal|f|f|f|f|~|~"},
        {ROWS_FUNCTIONS, "3459|pg_catalog|lo_export_more|internal|f|f|f|f|~|~"},
        {ROWS_FUNCTIONS, "3460|pg_catalog|lo_import|internal|f|f|f|f|~|~"},
        {ROWS_FUNCTIONS, "22001|public|lo_import|internal|f|f|f|f|~|btree_gin"},
        {ROWS_FUNCTIONS, "22002|public|lo_export|sql|t|f|f|f|SELECT 1|~"},
        {ROWS_FUNCTIONS, "22003|public|f|sql|t|f|f|f|SELECT lo_import(1)|~"},
        {ROWS_FUNCTIONS, "3461|pg_catalog|lo_get|internal|f|f|f|f|~|~"},
        {ROWS_FUNCTIONS, "3462|pg_catalog|lo_put|internal|f|f|f|f|~|~"},
    };
    struct catalog_builder *builder;
    struct catalog *c;

    assert_int_equal(catalog_builder_new(&builder, &policy, NULL, NULL, 0), 0);
    for (size_t query = 0; query < catalog_query_count(); query++) {
        const char *sql;

        assert_int_equal(catalog_builder_query(builder, query, &sql), 0);
        if (query == ROWS_TREES) {
            assert_non_null(strstr(sql, "(-|2922|3458|3461) '")); /* that speak */
            assert_non_null(strstr(sql, "(-|3458|3460) '"));      /* that exit */
        }
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            if (rows[i].query == query)
                assert_int_equal(catalog_rows_give(builder, &rows[i]), 0);
    }
    assert_int_equal(catalog_builder_finish(builder, 1, &c), 0);
    assert_true(catalog_function(c, 2922)->is_opaque && !catalog_function(c, 2922)->is_exit);
    assert_false(catalog_function(c, 2923)->is_opaque || catalog_function(c, 2923)->is_exit);
    assert_true(catalog_function(c, 3458)->is_opaque && catalog_function(c, 3458)->is_exit);
    assert_false(catalog_function(c, 3459)->is_opaque || catalog_function(c, 3459)->is_exit);
    assert_true(!catalog_function(c, 3460)->is_opaque && catalog_function(c, 3460)->is_exit);
    assert_true(!catalog_function(c, 22001)->is_opaque && catalog_function(c, 22001)->is_exit);
    assert_false(catalog_function(c, 22002)->is_opaque || catalog_function(c, 22002)->is_exit);
    assert_true(catalog_function(c, 22003)->is_exit);
    /* Anything can be in a large object, but it leaves by the gateway. */
    assert_true(catalog_function(c, 3461)->is_opaque && !catalog_function(c, 3461)->is_exit);
    assert_false(catalog_function(c, 3462)->is_opaque || catalog_function(c, 3462)->is_exit);
    catalog_release(c);
}

static void
marks_are_seen_in_what_reads_the_table(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        VIEW_ROW(21001, "v"),
        RULE(31001, 21001),
        {ROWS_DEPENDENCIES, "31001|r|20006|1"},
        FUNCTION(22001, "f", "sql", "SELECT 1 FROM products"),
    };
    static const struct catalog_mark marks[] = {
        {20006, NULL, NULL, PHONE, CUSTOMER, 0, false, 0},
        {0, "public", "visits", NAME, RECIPIENT, 0, false, 0},
        {0, "nowhere", "book", PHONE, CUSTOMER, 0, false, 0},
        {29999, NULL, NULL, UINT64_MAX, UINT64_MAX, 0, false, 0},
    };
    struct catalog *c = NULL;

    assert_int_equal(
        catalog_rows_build(&c, &policy, NULL, marks, COUNT_OF(marks), rows, COUNT_OF(rows)), 0);
    assert_int_equal(relation(c, "products")->fields, PHONE);
    assert_int_equal(relation(c, "v")->fields, PHONE);
    assert_int_equal(function_fields(c, "f"), PHONE);
    assert_int_equal(relation(c, "visits_1")->fields, NAME | ORDER); /* its rows are there */
    assert_int_equal(relation(c, "book")->fields, NAME | ORDER);
    catalog_release(c);
}

static void
roles_read_what_the_server_says(void **state PASU_UNUSED)
{
    /* Keys in the order of relations: customers.id, visits.customer_id, … */
    static const struct catalog_row rows[] = {
        SHOP, {ROWS_READERS, "app|10000"}, {ROWS_READERS, "dba|11111"}};
    static const struct catalog_row shorter[] = {SHOP, {ROWS_READERS, "app|1"}};
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_true(catalog_role_may_read(c, "app", 20001, 1));
    assert_false(catalog_role_may_read(c, "app", 20002, 1));
    assert_true(catalog_role_may_read(c, "dba", 20002, 1));
    assert_false(catalog_role_may_read(c, "dba", 20001, 2)); /* nobody has asked for that */
    assert_false(catalog_role_may_read(c, "nobody", 20001, 1));
    catalog_release(c);
    assert_int_equal(catalog_rows_build(&c, &policy, NULL, NULL, 0, shorter, COUNT_OF(shorter)),
                     PASU_E_MALFORMED);
}

/* As the parser does with the names of a statement. */
static void
a_name_is_cut_where_it_is_too_long(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_RELATIONS, "20009|public|x가나다라마바사아자차카타파하거너더러머버서어저처|r|p|f|f"},
        {ROWS_COLUMNS, "20009|1|x가나다라마바사아자차카타파하거너더러머버서어저처|25"},
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));
    const struct catalog_relation *r =
        relation(c, "x가나다라마바사아자차카타파하거너더러머버"); /* 61 bytes; 64 with the next */

    assert_int_equal(r->oid, 20009);
    assert_string_equal(r->columns[0].name, r->name);
    catalog_release(c);
}

static void
keys_of_loose_collations_are_noted(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {SHOP, {ROWS_LOOSE, "20004|2"}, {ROWS_LOOSE, "1|1"}};
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_true(relation(c, "book")->shows[0].is_key_loose);
    assert_false(relation(c, "book")->shows[1].is_key_loose);
    assert_false(relation(c, "customers")->shows[0].is_key_loose);
    for (size_t i = 0; i < relation(c, "book")->column_count; i++)
        assert_int_equal(relation(c, "book")->columns[i].is_loose,
                         relation(c, "book")->columns[i].number == 2);
    catalog_release(c);
}

static void
generated_columns_are_noted(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP, {ROWS_COMPUTED, "20001|3"}, {ROWS_COMPUTED, "20001|4"}, {ROWS_COMPUTED, "1|1"}};
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));
    const struct catalog_relation *customers = relation(c, "customers");

    for (size_t i = 0; i < customers->column_count; i++)
        assert_int_equal(customers->columns[i].is_computed, customers->columns[i].number == 3);
    catalog_release(c);
}

static void
rows_that_are_none_are_refused(void **state PASU_UNUSED)
{
    static const struct catalog_row bad[] = {
        {ROWS_SERVER, "x|shop|UTF8|f|t|8192"},
        {ROWS_SERVER, "150020|shop"},
        {ROWS_RELATIONS, "4294967296|public|c|r|p|f|f"},
        {ROWS_RELATIONS, "1|public|c|rr|p|f|f"},
        {ROWS_RELATIONS, "1|public|c|r|p|maybe|f"},
        {ROWS_RELATIONS, "1|public|~|r|p|f|f"},
        {ROWS_COLUMNS, "1|0|c|1"},
        {ROWS_COLUMNS, "1|32768|c|1"},
        {ROWS_INHERITS, "-1|2"},
        {ROWS_GENERATED, "1|2|"},
        {ROWS_FUNCTIONS, "1|public|f|sql|t|ff|f|f|~|~"},
        {ROWS_OPERATORS, "1|~|2|600|600"},
        {ROWS_RULES, "1|2|~|t|f"},
        {ROWS_DEPENDENCIES, "1||2|3"},
        {ROWS_TREES, "1|f|f|2"},
        {ROWS_POLL, "~"},
        {ROWS_COMMIT, "1"},
        {ROWS_SUBJECTS, "20001|r|99999999999999999999999|1|t"},
        {ROWS_POPULATIONS, "20001|-5"},
    };

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const struct catalog_row rows[] = {SERVER, bad[i]};
        struct catalog *c = NULL;

        assert_int_equal(catalog_rows_build(&c, &policy, NULL, NULL, 0, rows, COUNT_OF(rows)),
                         PASU_E_MALFORMED);
    }
}

static void
rows_that_contradict_each_other_end_in_a_snapshot(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_RELATIONS, "20001|public|customers|v|p|f|f"},
        {ROWS_COLUMNS, "20001|2|name|25"},
        {ROWS_COLUMNS, "77|1|nobody|25"},
        {ROWS_INHERITS, "20001|20001"},
        {ROWS_INHERITS, "20001|20004"},
        {ROWS_INHERITS, "20004|20001"},
        {ROWS_GENERATED, "20001|32767|2"},
        {ROWS_GENERATED, "20004|3|4"},
        {ROWS_KEYS, "20001|99999"},
        {ROWS_DEPENDENCIES, "1|f|2|0"},
        {ROWS_TREES, "1|t|t|t"},
        {ROWS_BODIES, "5|SELECT 1|SELECT 1"},
        {ROWS_DEFINITIONS, "5|SELECT 1"},
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_int_equal(relation(c, "book")->shows[0].column_fields[3] & NAME, 0);
    assert_int_equal(relation(c, "book")->shows[1].column_fields[3], NAME);
    catalog_release(c);
}

static void
an_allocation_that_fails_leaves_nothing_behind(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        VIEW_ROW(21001, "v"),
        RULE(31001, 21001),
        {ROWS_DEPENDENCIES, "31001|r|20001|2"},
        FUNCTION(22001, "f", "sql", "SELECT name FROM customers"),
        {ROWS_OPERATORS, "23001|<#>|22001|600|600"},
        {ROWS_READERS, "app|111111"},
        {ROWS_DEFINITIONS, "21001|SELECT 1"},
    };
    struct catalog *c = NULL;
    int result = PASU_E_NOMEM;

    for (uint64_t nth = 1; result != 0; nth++) {
        assert_true(nth < 1000);
        memory_fail_at(nth);
        result = catalog_rows_build(&c, &policy, NULL, NULL, 0, rows, COUNT_OF(rows));
        assert_true(result == 0 || result == PASU_E_NOMEM);
    }
    memory_fail_at(0);
    assert_int_equal(relation(c, "v")->fields, NAME);
    catalog_release(c);
}

static void
an_optional_query_that_fails_makes_the_snapshot_coarser(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {SHOP,
                                              {ROWS_FUNCTIONS, "22001|public|f|sql|t|f|f|t||~"}};
    struct catalog_builder *builder;
    struct catalog *c = NULL;
    const char *sql;

    assert_int_equal(catalog_builder_new(&builder, &policy, NULL, NULL, 0), 0);
    for (size_t query = 0; query < catalog_query_count(); query++) {
        assert_int_equal(catalog_builder_query(builder, query, &sql), 0);
        if (catalog_query_is_optional(query)) {
            catalog_builder_skip(builder, query);
            continue;
        }
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            if (rows[i].query == query)
                assert_int_equal(catalog_rows_give(builder, &rows[i]), 0);
    }
    assert_int_equal(catalog_builder_finish(builder, 1, &c), 0);
    assert_true(catalog_is_partial(c));
    assert_int_equal(function_fields(c, "f"), ALL);
    assert_int_equal(catalog_population(c, 0), UINT32_MAX);
    catalog_release(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mappings_are_resolved_by_oid_and_column_number),
        cmocka_unit_test(a_partition_has_its_parents_mapping_by_column_name),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_renamed_table_keeps_its_mapping_and_a_new_one_gets_it_too),
        cmocka_unit_test(views_carry_what_they_read_through_views_and_cycles_end),
        cmocka_unit_test(a_rule_that_was_seen_is_not_asked_for_again_until_it_changes),
        cmocka_unit_test(functions_carry_what_their_texts_name_to_a_fixpoint),
        cmocka_unit_test(postgresqls_own_functions_are_known_by_name),
        cmocka_unit_test(marks_are_seen_in_what_reads_the_table),
        cmocka_unit_test(roles_read_what_the_server_says),
        cmocka_unit_test(a_name_is_cut_where_it_is_too_long),
        cmocka_unit_test(keys_of_loose_collations_are_noted),
        cmocka_unit_test(generated_columns_are_noted),
        cmocka_unit_test(rows_that_are_none_are_refused),
        cmocka_unit_test(rows_that_contradict_each_other_end_in_a_snapshot),
        cmocka_unit_test(an_allocation_that_fails_leaves_nothing_behind),
        cmocka_unit_test(an_optional_query_that_fails_makes_the_snapshot_coarser),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
