/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/table.h"
#include "unit.h"

#include <locale.h>

static const struct table_column columns[] = {
    {"name", false, 8, 0},
    {"rows", true, 0, 1},
    {"application", false, 8, 2},
};

static void
fill(struct table *table)
{
    table_init(table, columns, COUNT_OF(columns));
    table_add(table, "김철수");
    table_add_count(table, 1234);
    table_add(table, "psql");
    table_add(table, "analyst");
    table_add_count(table, 7);
    table_add(table, "a\nvery long application name");
}

static void
assert_printed(size_t indent, size_t width, const char *expected)
{
    struct table table;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    assert_non_null(file);
    fill(&table);
    assert_int_equal(table_print(&table, file, indent, width), 0);
    fclose(file);
    assert_string_equal(text, expected);
    free(text);
    table_release(&table);
}

static void
columns_are_aligned_by_what_the_terminal_shows(void **state PASU_UNUSED)
{
    assert_printed(0, 0,
                   "name      rows  application\n"
                   "김철수   1,234  psql\n"
                   "analyst      7  a\\nvery long application name\n");
}

static void
columns_are_cut_to_fit(void **state PASU_UNUSED)
{
    assert_printed(2, 31,
                   "  name      rows  application\n"
                   "  김철수   1,234  psql\n"
                   "  analyst      7  a\\nvery long…\n");
}

static void
columns_are_left_out_last_rank_first_and_named(void **state PASU_UNUSED)
{
    assert_printed(0, 20,
                   "name      rows\n"
                   "김철수   1,234\n"
                   "analyst      7\n"
                   "(no room for: application)\n");
    assert_printed(0, 3,
                   "name\n"
                   "김철수\n"
                   "analyst\n"
                   "(no room for: rows, application)\n");
}

static void
a_table_without_rows_shows_its_titles(void **state PASU_UNUSED)
{
    struct table table;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    assert_non_null(file);
    table_init(&table, columns, COUNT_OF(columns));
    assert_int_equal(table_print(&table, file, 0, 80), 0);
    fclose(file);
    assert_string_equal(text, "name  rows  application\n");
    free(text);
    table_release(&table);
}

static void
every_failed_allocation_is_told_and_leaks_nothing(void **state PASU_UNUSED)
{
    for (uint64_t nth = 1; nth <= 7; nth++) {
        struct table table;

        memory_fail_at(nth);
        fill(&table);
        memory_fail_at(0);
        assert_int_equal(table_print(&table, stderr, 0, 0), PASU_E_NOMEM);
        table_release(&table);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_by_what_the_terminal_shows),
        cmocka_unit_test(columns_are_cut_to_fit),
        cmocka_unit_test(columns_are_left_out_last_rank_first_and_named),
        cmocka_unit_test(a_table_without_rows_shows_its_titles),
        cmocka_unit_test(every_failed_allocation_is_told_and_leaks_nothing),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
