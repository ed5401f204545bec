/* SPDX-License-Identifier: Apache-2.0 */
/* Where what is written goes on to, and marks of single columns. */
#include "catalog_rows.h"
#include "unit.h"

enum { NAME = 1, PHONE = 2, CUSTOMER = 1 };
enum { CUSTOMERS = 20001, LOG = 20002, PARENT = 20003, CHILD = 20004, VIEW_OF_LOG = 20005 };

static const struct catalog_mapping_field fields[] = {{"name", 0}, {"phone", 1}};
static const struct catalog_mapping mappings[] = {{"public.customers", "id", 0, fields, 2, {NULL}}};
static const struct catalog_policy policy = {.mappings = mappings,
                                             .mapping_count = COUNT_OF(mappings)};

#define SHOP                                                                                       \
    {ROWS_SERVER, "150020|shop|UTF8|f|t|8192"},                                                    \
        {ROWS_RELATIONS, "20001|public|customers|r|p|f|f"},                                        \
        {ROWS_RELATIONS, "20002|public|log|r|p|f|f"},                                              \
        {ROWS_RELATIONS, "20003|public|parent|p|p|f|t"},                                           \
        {ROWS_RELATIONS, "20004|public|child|r|p|f|f"},                                            \
        {ROWS_RELATIONS, "20005|public|view_of_log|v|p|f|f"}, {ROWS_COLUMNS, "20001|1|id|20"},     \
        {ROWS_COLUMNS, "20001|2|name|25"}, {ROWS_COLUMNS, "20001|3|phone|25"},                     \
        {ROWS_COLUMNS, "20001|4|grade|23"}, {ROWS_COLUMNS, "20002|1|v|25"},                        \
        {ROWS_COLUMNS, "20003|1|v|25"}, {ROWS_COLUMNS, "20004|1|v|25"},                            \
        {ROWS_COLUMNS, "20005|1|v|25"}, {ROWS_INHERITS, "20004|20003"},                            \
    {                                                                                              \
        ROWS_POLL, "a poll"                                                                        \
    }
#define TRIGGER_FUNCTION(oid, name, body)                                                          \
    {                                                                                              \
        ROWS_FUNCTIONS, #oid "|public|" name "|plpgsql|t|f|f|f|" body "|~"                         \
    }

static struct catalog *
build(const struct catalog_mark *marks, size_t mark_count, const struct catalog_row *rows,
      size_t count)
{
    struct catalog *c = NULL;

    assert_int_equal(catalog_rows_build(&c, &policy, NULL, marks, mark_count, rows, count), 0);
    return c;
}

/* What goes on from a relation, as one text: "to/kind/column". */
static void
check_spills(const struct catalog *c, uint32_t from, const char *expected)
{
    const struct catalog_spill *spill;
    char text[256] = "";
    size_t at = 0;

    while ((spill = catalog_spill(c, from, &at)) != NULL) {
        size_t length = strlen(text);

        assert_int_equal(spill->from, from);
        snprintf(text + length, sizeof(text) - length, "%s%u/%c/%d", length > 0 ? " " : "",
                 spill->to, "cvako"[spill->kind], spill -> column);
    }
    assert_string_equal(text, expected);
}

static void
rows_go_on_to_children_views_tables_and_where_rules_and_keys_lead(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_RULES, "31001|20005|700|t|f"},
        {ROWS_TREES, "31001|f|f|f"},
        {ROWS_DEPENDENCIES, "31001|r|20002|1"},
        {ROWS_RULES, "31002|20003|700|f|f"},
        {ROWS_TREES, "31002|f|f|f"},
        {ROWS_DEPENDENCIES, "31002|r|20003|1"},
        {ROWS_DEPENDENCIES, "31002|r|20002|0"},
        {ROWS_DEPENDENCIES, "31002|r|20001|1"}, /* a key */
        {ROWS_DEPENDENCIES, "31002|r|20001|2"},
        {ROWS_SPILLS, "k|20002|20004|1"},
        {ROWS_SPILLS, "k|20002|20004|1"},
        {ROWS_SPILLS, "o|20001|20001|0"}, /* a rule that writes to its own table */
    };
    struct catalog *c = build(NULL, 0, rows, COUNT_OF(rows));

    check_spills(c, PARENT, "20001/a/0 20001/o/0 20002/a/0 20004/c/0");
    check_spills(c, VIEW_OF_LOG, "20002/v/0");
    check_spills(c, LOG, "20004/k/1");
    check_spills(c, CHILD, "");
    check_spills(c, CUSTOMERS, "20001/o/1");
    catalog_release(c);
}

static void
a_trigger_takes_along_what_its_function_names(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        TRIGGER_FUNCTION(22001, "names",
                         "BEGIN INSERT INTO log VALUES (NEW.name); RETURN NEW; END"),
        TRIGGER_FUNCTION(22002, "counts", "BEGIN INSERT INTO log SELECT count(*); RETURN NEW; END"),
        TRIGGER_FUNCTION(22003, "whole", "BEGIN INSERT INTO log VALUES (row_to_json(NEW)); END"),
        TRIGGER_FUNCTION(22004, "calls", "BEGIN PERFORM put(OLD.v); RETURN NULL; END"),
        TRIGGER_FUNCTION(22005, "put", "BEGIN INSERT INTO public.log VALUES (x); END"),
        {ROWS_SPILLS, "t|20001|22001|0"},
        {ROWS_SPILLS, "t|20003|22002|0"},
        {ROWS_SPILLS, "t|20004|22004|0"},
        {ROWS_SPILLS, "t|20005|22003|0"},
        {ROWS_SPILLS, "t|20001|29999|0"},
        {ROWS_SPILLS, "t|29999|22001|0"},
    };
    struct catalog *c = build(NULL, 0, rows, COUNT_OF(rows));

    check_spills(c, CUSTOMERS, "20002/a/2");
    check_spills(c, PARENT, "20004/c/0");
    check_spills(c, CHILD, "20002/a/1");
    check_spills(c, VIEW_OF_LOG, "20002/a/0");
    catalog_release(c);
}

static void
a_trigger_that_gives_a_row_another_key_is_known(void **state PASU_UNUSED)
{
    static const struct {
        const char *body;
        bool writes;
    } cases[] = {
        {"BEGIN NEW.id := 5; RETURN NEW; END", true},
        {"BEGIN IF NEW.name = 'x' THEN NEW.id = 5; END IF; RETURN NEW; END", true},
        {"BEGIN NEW := f(NEW); RETURN NEW; END", true},
        {"BEGIN SELECT name, id INTO NEW.name, NEW.id FROM log; RETURN NEW; END", true},
        {"BEGIN SELECT * INTO NEW FROM log; RETURN NEW; END", true},
        {"DECLARE r record; BEGIN r := NEW; r.id := 5; RETURN r; END", true},
        {"BEGIN RAISE 'never closed", true},
        {"BEGIN NEW.grade := 5; RETURN NEW; END", false},
        {"BEGIN IF NEW.id = OLD.id THEN NEW.name := upper(NEW.name); END IF; RETURN NEW; END",
         false},
        {"BEGIN RETURN COALESCE(NEW, OLD); END", false},
        {"BEGIN PERFORM 1; RETURN NULL; END", false},
        {"", false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (int before = 0; before < 2; before++) {
            char function[256];
            const struct catalog_row rows[] = {
                SHOP,
                {ROWS_FUNCTIONS, function},
                {ROWS_SPILLS, before ? "t|20001|22001|2" : "t|20001|22001|0"},
                {ROWS_SPILLS, "t|20002|22001|2"}, /* nobody's */
            };
            struct catalog *c;

            snprintf(function, sizeof(function), "22001|public|f|plpgsql|t|f|f|f|%s|~",
                     cases[i].body);
            c = build(NULL, 0, rows, COUNT_OF(rows));
            check_spills(c, CUSTOMERS, cases[i].writes && before ? "20001/o/0" : "");
            check_spills(c, LOG, "");
            catalog_release(c);
        }
}

static void
transition_tables_are_the_whole(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        TRIGGER_FUNCTION(22001, "moves", "BEGIN INSERT INTO log SELECT n FROM n; RETURN NULL; END"),
        {ROWS_SPILLS, "t|20001|22001|1"},
    };
    struct catalog *c = build(NULL, 0, rows, COUNT_OF(rows));

    check_spills(c, CUSTOMERS, "20002/a/0");
    catalog_release(c);
}

/* What one function and all that it calls fill, as one text. */
static void
check_fills(const struct catalog *c, uint32_t function, const char *expected)
{
    const struct catalog_relation *relation;
    char text[256] = "";
    size_t at = 0;

    while ((relation = catalog_fill(c, function, &at)) != NULL)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", relation->name);
    assert_string_equal(text, expected);
}

static void
functions_fill_what_those_fill_that_they_call(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        TRIGGER_FUNCTION(22001, "puts", "BEGIN INSERT INTO log VALUES (1); END"),
        TRIGGER_FUNCTION(22002, "calls", "BEGIN PERFORM puts(); UPDATE child SET v = 1; END"),
        TRIGGER_FUNCTION(22003, "reads", "BEGIN PERFORM NEW.v; END"),
        TRIGGER_FUNCTION(22004, "idle", "BEGIN PERFORM 1; END"),
        {ROWS_OPERATORS, "23001|#@#|22001|25|25"},
        {ROWS_WRITERS, "20003|22003"},
    };
    struct catalog *c = build(NULL, 0, rows, COUNT_OF(rows));
    size_t at = 0;

    check_fills(c, 22001, "log ");
    check_fills(c, 22002, "log child ");
    check_fills(c, 22003, "");
    check_fills(c, 0, "log "); /* by an operator */
    assert_non_null(catalog_function(c, 22001)->text);
    assert_non_null(catalog_function(c, 22003)->text);
    assert_null(catalog_function(c, 22004)->text);
    assert_int_equal(catalog_written_by(c, 22003, &at)->oid, PARENT);
    assert_null(catalog_written_by(c, 22003, &at));
    at = 0;
    assert_null(catalog_written_by(c, 22001, &at));
    catalog_release(c);
}

static void
a_marked_column_is_of_the_rows_own_person(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {SHOP};
    static const struct catalog_mark marks[] = {
        {CUSTOMERS, NULL, NULL, NAME, CUSTOMER, 4, false, 0},
        {LOG, NULL, NULL, PHONE, CUSTOMER, 1, false, 0}, /* it has no key */
        {CUSTOMERS, NULL, NULL, PHONE, CUSTOMER, 99, false, 0},
    };
    struct catalog *c = build(marks, 1, rows, COUNT_OF(rows));
    const struct catalog_relation *r = catalog_relation(c, CUSTOMERS);

    assert_int_equal(r->shows[0].column_fields[4], NAME);
    assert_int_equal(r->shows[0].column_fields[2], NAME);
    assert_int_equal(r->marked_fields, 0);
    catalog_release(c);
    c = build(marks, COUNT_OF(marks), rows, COUNT_OF(rows));
    assert_int_equal(catalog_relation(c, LOG)->marked_fields, PHONE);
    assert_int_equal(catalog_relation(c, CUSTOMERS)->marked_fields, PHONE);
    catalog_release(c);
}

static void
rows_that_are_none_are_refused(void **state PASU_UNUSED)
{
    static const char *const wrong[] = {"k|1|2|x", "|1|2|3", "kk|1|2|3", "k|-1|2|3", "~|1|2|3"};

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const struct catalog_row rows[] = {SHOP, {ROWS_SPILLS, wrong[i]}};
        struct catalog *c = NULL;

        assert_int_equal(catalog_rows_build(&c, &policy, NULL, NULL, 0, rows, COUNT_OF(rows)),
                         PASU_E_MALFORMED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_go_on_to_children_views_tables_and_where_rules_and_keys_lead),
        cmocka_unit_test(a_trigger_takes_along_what_its_function_names),
        cmocka_unit_test(a_trigger_that_gives_a_row_another_key_is_known),
        cmocka_unit_test(transition_tables_are_the_whole),
        cmocka_unit_test(functions_fill_what_those_fill_that_they_call),
        cmocka_unit_test(a_marked_column_is_of_the_rows_own_person),
        cmocka_unit_test(rows_that_are_none_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
