/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of COPY, field by field; and what is not exactly one row. */
#include "postgres/copy_row.h"

#include "base/memory.h"
#include "unit.h"

enum { TEXT_SIZE = 256 };

static struct copy_format
format_of(char kind, const char *null)
{
    struct copy_format format = {.kind = kind,
                                 .delimiter = kind == 'c' ? ',' : '\t',
                                 .quote = '"',
                                 .escape = '"',
                                 .null = view_of_text(null)};

    if (!copy_null_is_readable(&format, &format.is_null_apart))
        format.kind = '\0';
    return format;
}

/* The values between bars; NULL is ~, what may be it has a ? behind it. "broken" where it is no
 * row. */
static const char *
read_row(const struct copy_format *format, struct view bytes)
{
    static char text[TEXT_SIZE];
    struct writer w = writer_of(text, sizeof(text));
    struct copy_row row;
    struct copy_field field;

    if (!copy_row_begin(&row, format, bytes))
        return "none";
    while (!copy_row_is_over(&row)) {
        uint8_t space[TEXT_SIZE];
        struct view value;

        if (!copy_row_next(&row, &field))
            return "broken";
        writer_u8(&w, '|');
        if (field.null == COPY_NULL) {
            writer_u8(&w, '~');
            continue;
        }
        assert_int_equal(copy_field_value(format, &field, space, sizeof(space), &value), 0);
        writer_bytes(&w, value.bytes, value.length);
        if (field.null == COPY_EITHER)
            writer_u8(&w, '?');
    }
    assert_false(copy_row_next(&row, &field));
    writer_u8(&w, '\0');
    assert_true(writer_end(&w) > 0);
    return text;
}

struct row_case {
    const char *row, *due;
};

static void
check(const struct copy_format *format, const struct row_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        /* Of its own size, so that a sanitizer sees what is read beyond. */
        size_t length = strlen(cases[i].row);
        uint8_t *copy = (uint8_t *)memory_dup(cases[i].row, length);
        const char *got;

        assert_non_null(copy);
        got = read_row(format, view_of(copy, length));
        if (strcmp(got, cases[i].due) != 0)
            fail_msg("%s: %s, not %s", cases[i].row, got, cases[i].due);
        memory_free(copy);
    }
}

static void
text_has_a_backslash_before_what_means_something_else(void **state PASU_UNUSED)
{
    static const struct row_case cases[] = {
        {"1\tKim\t010\n", "|1|Kim|010"},
        {"\\N\t\\\\N\t\\N\n", "|~|\\N|~"},
        {"\n", "|"},
        {"\t\n", "||"},
        {"a\\tb\\nc\\\\\\\td\te\n", "|a\tb\nc\\\td|e"},
        {"\\b\\f\\r\\v\\.\\x41\\101\\xz\n", "|\b\f\r\v.AAxz"},
        {"1\t2", "none"},
        {"", "none"},
        {"1\n2\n", "none"},
        {"1\t2\\\n", "broken"},
    };
    struct copy_format format = format_of('t', "\\N");

    check(&format, cases, COUNT_OF(cases));
    format.delimiter = '|';
    check(&format, (const struct row_case[]){{"1|a\tb\\|c\n", "|1|a\tb|c"}}, 1);
}

static void
csv_has_quotes_around_it(void **state PASU_UNUSED)
{
    static const struct row_case doubled[] = {
        {"1,Kim,010\n", "|1|Kim|010"},
        {",\"\",x\n", "|~||x"},
        {"\n", "|~"},
        {"\"a,b\",\"c\nd\"\n", "|a,b|c\nd"},
        {"\"say \"\"hi\"\"\",\"\"\"\"\n", "|say \"hi\"|\""},
        {"a\\b,\\N\n", "|a\\b|\\N"},
        {"1\n2\n", "none"},
        {"1,\"a\n", "none"},
        {"\"a\"\n\"b\"\n", "none"},
        {"\"a\"b,c\n", "broken"},
        {"a\"b\",c\n", "broken"},
    };
    static const struct row_case escaped[] = {
        {"\"a\\\"b\",\"c\\\\\",d\\e\n", "|a\"b|c\\|d\\e"},
        {"\"a\\\"\n", "none"},
        {"\"a\\\n", "none"},
    };
    struct copy_format format = format_of('c', "");

    check(&format, doubled, COUNT_OF(doubled));
    format.escape = '\\';
    check(&format, escaped, COUNT_OF(escaped));
    format.quote = format.escape = '\'';
    check(&format, (const struct row_case[]){{"'it''s',\"\n", "|it's|\""}}, 1);
}

static void
null_may_look_like_a_value(void **state PASU_UNUSED)
{
    static const struct {
        char kind;
        const char *null;
        bool is_readable, is_apart;
    } cases[] = {
        {'t', "\\N", true, true}, {'t', "", true, false},    {'t', "NULL", true, false},
        {'t', "\\n", false, 0},   {'t', "\\\\", false, 0},   {'t', "\\", false, 0},
        {'t', "a\\N", false, 0},  {'t', "\\NULL", false, 0}, {'t', "없음", false, 0},
        {'c', "", true, true},    {'c', "NULL", true, true}, {'c', "\\N", true, true},
        {'c', "없음", false, 0},
    };
    struct copy_format format;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool is_apart = false;

        format = format_of(cases[i].kind, cases[i].null);
        format.kind = cases[i].kind;
        if (copy_null_is_readable(&format, &is_apart) != cases[i].is_readable ||
            (cases[i].is_readable && is_apart != cases[i].is_apart))
            fail_msg("%c %s", cases[i].kind, cases[i].null);
    }
    format = format_of('t', "NULL");
    check(&format, (const struct row_case[]){{"NULL\tnull\n", "|NULL?|null"}}, 1);
    format = format_of('c', "NULL");
    check(&format, (const struct row_case[]){{"NULL,\"NULL\",\n", "|~|NULL|"}}, 1);
}

static void
binary_has_lengths(void **state PASU_UNUSED)
{
    static const uint8_t row[] = "\0\3\0\0\0\2hi\xff\xff\xff\xff\0\0\0\0";
    static const uint8_t header[] = "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\3abc\0\1";
    struct copy_format format = format_of('b', "");
    size_t length = sizeof(row) - 1;

    assert_string_equal(read_row(&format, view_of(row, length)), "|hi|~|");
    for (size_t i = 0; i < length; i++)
        assert_string_equal(read_row(&format, view_of(row, i)), "none");
    assert_string_equal(read_row(&format, view_of(row, length + 1)), "none");
    assert_int_equal(copy_header_length(&format, view_of(header, sizeof(header) - 1)), 22);
    assert_int_equal(copy_header_length(&format, view_of(header, 21)), 0);
    assert_int_equal(copy_header_length(&format, view_of(row, length)), 0);
    assert_true(copy_is_end(&format, VIEW("\xff\xff")));
    assert_false(copy_is_end(&format, VIEW("\xff\xff\0")));
    format.kind = 't';
    assert_int_equal(copy_header_length(&format, view_of(header, sizeof(header) - 1)), 0);
    assert_false(copy_is_end(&format, VIEW("\xff\xff")));
}

static void
a_row_can_be_read_from_its_beginning_alone(void **state PASU_UNUSED)
{
    struct copy_format text = format_of('t', "\\N"), csv = format_of('c', "");
    struct view part = VIEW("1\\\t2\tthe rest is not he"), quoted = VIEW("\"1,2\",\"the re");
    struct copy_field field;
    struct copy_row row;

    assert_true(copy_row_begin_part(&row, &text, part));
    assert_true(copy_row_next(&row, &field));
    assert_int_equal(copy_row_at(&row) - part.bytes, 5);
    assert_true(copy_row_begin_part(&row, &csv, quoted));
    assert_true(copy_row_next(&row, &field));
    assert_true(view_equal(field.raw, VIEW("1,2")));
    assert_int_equal(copy_row_at(&row) - quoted.bytes, 6);
    assert_false(copy_row_next(&row, &field));
}

static void
a_value_that_does_not_fit_is_none(void **state PASU_UNUSED)
{
    struct copy_format format = format_of('t', "\\N");
    struct copy_row row;
    struct copy_field field;
    struct view value;
    uint8_t space[3];

    assert_true(copy_row_begin(&row, &format, VIEW("a\\\\b\\\\\n")));
    assert_true(copy_row_next(&row, &field));
    assert_int_equal(copy_field_value(&format, &field, space, 3, &value), PASU_E_RANGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_has_a_backslash_before_what_means_something_else),
        cmocka_unit_test(csv_has_quotes_around_it),
        cmocka_unit_test(null_may_look_like_a_value),
        cmocka_unit_test(binary_has_lengths),
        cmocka_unit_test(a_row_can_be_read_from_its_beginning_alone),
        cmocka_unit_test(a_value_that_does_not_fit_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
