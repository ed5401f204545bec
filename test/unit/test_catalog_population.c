/* SPDX-License-Identifier: Apache-2.0 */
/* How many subjects there are, at most, and not much more. */
#include "catalog_rows.h"
#include "unit.h"

static const struct catalog_mapping_field fields[] = {{"name", 0}};
static const struct catalog_mapping mappings[] = {
    {"public.customers", "id", 0, fields, 1, {NULL}},
    {"public.book", "id", 1, fields, 1, {NULL}},
};
static const char *const subjects[] = {"public.customers", "public.book"};
static const struct catalog_policy policy = {
    mappings, COUNT_OF(mappings), NULL, 0, subjects, COUNT_OF(subjects),
};

#define SHOP                                                                                       \
    {ROWS_SERVER, "150020|shop|UTF8|f|t|8192"},                                                    \
        {ROWS_RELATIONS, "20001|public|customers|r|p|f|f"},                                        \
        {ROWS_RELATIONS, "20004|public|book|r|p|f|f"}, {ROWS_COLUMNS, "20001|1|id|20"},            \
        {ROWS_COLUMNS, "20001|2|name|25"}, {ROWS_COLUMNS, "20004|1|id|2950"},                      \
        {ROWS_COLUMNS, "20004|2|name|25"},                                                         \
    {                                                                                              \
        ROWS_POLL, "a poll"                                                                        \
    }

static struct catalog *
build(const struct catalog_row *rows, size_t count)
{
    struct catalog *c = NULL;

    assert_int_equal(catalog_rows_build(&c, &policy, NULL, NULL, 0, rows, count), 0);
    return c;
}

static void
a_population_is_counted_and_grows_by_what_was_inserted(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_SUBJECTS, "20001|r|2500|100000|t"},
        {ROWS_SUBJECTS, "20004|r|~|9000|t"},
        {ROWS_POPULATIONS, "20001|2000"},
    };
    static const struct view grown[] = {VIEW("20001"), VIEW("r"), VIEW("2600"), VIEW("100000"),
                                        VIEW("t")};
    static const struct view reset[] = {VIEW("20001"), VIEW("r"), VIEW("7"), VIEW("100000"),
                                        VIEW("t")};
    struct catalog *c = build(rows, COUNT_OF(rows));

    assert_int_equal(catalog_population(c, 0), 2000);
    assert_true(catalog_population_is_counted(c, 0));
    assert_int_equal(catalog_population(c, 1), 9000); /* what its files have room for */
    assert_false(catalog_population_is_counted(c, 1));
    assert_int_equal(catalog_population(c, 2), UINT32_MAX);
    assert_int_equal(catalog_growth_row(c, grown, COUNT_OF(grown)), 0);
    catalog_growth_end(c);
    assert_int_equal(catalog_population(c, 0), 2100);
    assert_int_equal(catalog_growth_row(c, reset, COUNT_OF(reset)), 0);
    catalog_growth_end(c);
    assert_int_equal(catalog_population(c, 0), 100000);
    assert_int_equal(catalog_growth_row(c, reset, 1), PASU_E_MALFORMED);
    catalog_release(c);
}

/* Rows that were counted before the server's statistics told of them must not count twice. */
static void
a_table_that_has_grown_is_counted_anew(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_SUBJECTS, "20001|r|0|100000|t"},
        {ROWS_POPULATIONS, "20001|2000"},
    };
    static const struct view late[] = {VIEW("20001"), VIEW("r"), VIEW("2000"), VIEW("100000"),
                                       VIEW("t")};
    static const struct view count[] = {VIEW("20001"), VIEW("2005")};
    struct catalog *c = build(rows, COUNT_OF(rows));
    size_t at = 0;
    const char *sql;

    assert_int_equal(catalog_population(c, 0), 2000);
    assert_null(catalog_growth_recount(c, &at));
    assert_int_equal(catalog_growth_row(c, late, COUNT_OF(late)), 0);
    assert_int_equal(catalog_population(c, 0), 2000); /* not before the end */
    at = 0;
    sql = catalog_growth_recount(c, &at);
    assert_non_null(sql);
    assert_non_null(strstr(sql, "20001"));
    assert_int_equal(catalog_growth_count(c, count, COUNT_OF(count)), 0);
    assert_null(catalog_growth_recount(c, &at));
    catalog_growth_end(c);
    assert_int_equal(catalog_population(c, 0), 2005);
    at = 0;
    assert_null(catalog_growth_recount(c, &at)); /* nothing has come since */
    assert_int_equal(catalog_growth_count(c, count, 1), PASU_E_MALFORMED);
    catalog_release(c);
}

/* Of a large table the count stays; what is known to have been inserted is added once. */
static void
rows_that_are_known_before_statistics_tell_are_added_once(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_SUBJECTS, "20001|r|5|90000000|t"},
        {ROWS_POPULATIONS, "20001|1000000"},
    };
    static const struct view told[] = {VIEW("20001"), VIEW("r"), VIEW("2005"), VIEW("90000000"),
                                       VIEW("t")};
    static const uint64_t some[CATALOG_KINDS_MAX] = {2000, 7}, none[CATALOG_KINDS_MAX] = {0};
    struct catalog *c = build(rows, COUNT_OF(rows));
    size_t at = 0;

    catalog_growth_add(c, some); /* inserted before the count */
    catalog_growth_end(c);
    assert_int_equal(catalog_population(c, 0), 1000000);
    catalog_growth_add(c, some);
    catalog_growth_end(c);
    assert_int_equal(catalog_population(c, 0), 1002000);
    assert_null(catalog_growth_recount(c, &at));
    assert_int_equal(catalog_growth_row(c, told, COUNT_OF(told)), 0);
    catalog_growth_add(c, none);
    catalog_growth_end(c);
    assert_int_equal(catalog_population(c, 0), 1002000);
    assert_int_equal(catalog_subjects_named(c, "INSERT INTO public.customers VALUES ($1)"), 1);
    assert_int_equal(catalog_subjects_named(c, "INSERT INTO products VALUES ($1)"), 0);
    catalog_release(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_population_is_counted_and_grows_by_what_was_inserted),
        cmocka_unit_test(a_table_that_has_grown_is_counted_anew),
        cmocka_unit_test(rows_that_are_known_before_statistics_tell_are_added_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
