/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of COPY's rows as they are written: they are read as what they were. */
#include "postgres/copy_write.h"

#include "unit.h"

enum { SIZE = 256 };

static const char *
written(const struct copy_format *format, const char *value)
{
    static char text[SIZE];
    struct writer w = writer_of(text, sizeof(text));

    copy_write_field(&w, format, value ? view_of_text(value) : view_of(NULL, 0));
    writer_u8(&w, '\0');
    assert_true(writer_end(&w) > 0);
    return text;
}

/* What a row of that field alone is read as. */
static void
assert_read_again(const struct copy_format *format, const char *value)
{
    char row[SIZE];
    uint8_t space[SIZE];
    struct copy_field field;
    struct copy_row r;
    struct view is;

    snprintf(row, sizeof(row), "%s\n", written(format, value));
    if (!copy_row_begin(&r, format, view_of_text(row)))
        fail_msg("%s is no row", row);
    assert_true(copy_row_next(&r, &field));
    assert_true(copy_row_is_over(&r));
    assert_int_equal(field.null, value ? COPY_VALUE : COPY_NULL);
    if (!value)
        return;
    assert_int_equal(copy_field_value(format, &field, space, sizeof(space), &is), 0);
    assert_true(view_equal(is, view_of_text(value)));
}

static const char *const values[] = {"***",  "홍*동", "",       "\\.",    "\\N",        "a\\b",
                                     "\"**", "a,b",   "010-**", "k***@x", "\"\\\"\\,*", NULL};

static void
a_text_field_has_a_backslash_before_what_means_something(void **state PASU_UNUSED)
{
    struct copy_format format = {
        .kind = 't', .delimiter = '\t', .null = VIEW("\\N"), .is_null_apart = true};

    assert_string_equal(written(&format, "홍*동"), "홍*동");
    assert_string_equal(written(&format, "a\\*"), "a\\\\*");
    assert_string_equal(written(&format, NULL), "\\N");
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_read_again(&format, values[i]);
    format.delimiter = '*';
    assert_string_equal(written(&format, "홍*동"), "홍\\*동");
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_read_again(&format, values[i]);
}

static void
a_csv_field_has_quotes_where_it_needs_them(void **state PASU_UNUSED)
{
    struct copy_format format = {.kind = 'c',
                                 .delimiter = ',',
                                 .quote = '"',
                                 .escape = '"',
                                 .null = VIEW(""),
                                 .is_null_apart = true};

    assert_string_equal(written(&format, "홍*동"), "홍*동");
    assert_string_equal(written(&format, ""), "\"\"");
    assert_string_equal(written(&format, NULL), "");
    assert_string_equal(written(&format, "a,\"*"), "\"a,\"\"*\"");
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_read_again(&format, values[i]);
    format.quote = '*';
    format.escape = '\\';
    format.null = VIEW("#");
    assert_string_equal(written(&format, "***"), "*\\*\\*\\**");
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_read_again(&format, values[i]);
}

static void
a_binary_field_has_its_length_before_it(void **state PASU_UNUSED)
{
    const struct copy_format format = {.kind = 'b'};
    uint8_t space[SIZE];
    struct writer w = writer_of(space, sizeof(space));

    copy_write_field(&w, &format, VIEW("***"));
    copy_write_field(&w, &format, VIEW(""));
    copy_write_field(&w, &format, view_of(NULL, 0));
    assert_int_equal(writer_end(&w), 15);
    assert_memory_equal(space, "\0\0\0\3***\0\0\0\0\xff\xff\xff\xff", 15);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_field_has_a_backslash_before_what_means_something),
        cmocka_unit_test(a_csv_field_has_quotes_where_it_needs_them),
        cmocka_unit_test(a_binary_field_has_its_length_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
