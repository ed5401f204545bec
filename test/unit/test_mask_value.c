/* SPDX-License-Identifier: Apache-2.0 */
/* Values of columns, masked: in every encoding, and within what their types have room for. */
#include "gate/mask.h"
#include "policy/looks.h"
#include "postgres/encoding.h"
#include "unit.h"

static struct encodings *encodings;

static int
begin(void **state PASU_UNUSED)
{
    return encodings_new(&encodings);
}

static int
end(void **state PASU_UNUSED)
{
    encodings_free(encodings);
    return 0;
}

static const char *
masked(const struct mask_column *column, const char *encoding, const char *value)
{
    static char text[MASK_TEXT_MAX + 1];
    uint8_t space[MASK_TEXT_MAX];
    struct view is =
        mask_value(column, encoding ? encoding_named(encodings, view_of_text(encoding)) : NULL,
                   value ? view_of_text(value) : view_of(NULL, 0), space);

    if (!is.bytes)
        return "null";
    text_from_view(text, sizeof(text), is);
    return text;
}

static const struct mask_column name = {.how = MASK_BY_LOOK, .look = LOOK_NAME, .limit = 100};

static void
no_character_is_cut_in_any_encoding(void **state PASU_UNUSED)
{
    static const struct {
        const char *encoding, *value, *due;
    } cases[] = {
        {"UTF8", "홍길동", "홍*동"},
        {"EUC_KR", "\xc8\xab\xb1\xe6\xb5\xbf", "\xc8\xab*\xb5\xbf"},
        {"UHC", "\xc8\xab\xb1\xe6\xb5\xbf", "\xc8\xab*\xb5\xbf"},
        {"UHC", "\xb1\xe8\x8c\x63", "\xb1\xe8*"}, /* a second byte that is ASCII */
        {"LATIN1", "Ren\xe9 M\xfcller", "R*** M*****"},
        {"UTF8", "Ren\xe9", "***"}, /* it is not that */
        {"EUC_KR", "\xc8\xab\xb1", "***"},
        {"SQL_ASCII", "홍길동", "***"},
        {"SQL_ASCII", "Jane Smith", "J*** S****"},
        {NULL, "홍길동", "***"}, /* nobody knows */
        {NULL, "Jane Smith", "J*** S****"},
        {"UTF8", "", "***"},
        {"UTF8", NULL, "null"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(masked(&name, cases[i].encoding, cases[i].value), cases[i].due);
}

static void
a_mask_has_room_in_its_type(void **state PASU_UNUSED)
{
    struct mask_column column = {.how = MASK_FULLY, .limit = 2};

    assert_string_equal(masked(&column, "UTF8", "secret"), "**");
    column.limit = 1;
    assert_string_equal(masked(&column, "UTF8", "x"), "*");
    column.limit = 6;
    column.is_padded = true;
    assert_string_equal(masked(&column, "UTF8", "abc   "), "***   ");
    assert_string_equal(masked(&column, "UTF8", "abcdef"), "***   ");
    column.how = MASK_BY_LOOK;
    column.look = LOOK_NAME;
    assert_string_equal(masked(&column, "UTF8", "홍길동   "), "홍*동   ");
    column.how = MASK_NULL;
    assert_string_equal(masked(&column, "UTF8", "abc   "), "null");
}

static void
what_is_masked_as_a_whole_says_nothing_of_its_length(void **state PASU_UNUSED)
{
    static char text[2 * MASK_TEXT_MAX];
    struct mask_column column = {.how = MASK_FULLY, .limit = MASK_TEXT_MAX};

    assert_string_equal(masked(&column, "UTF8", ""), "***");
    assert_string_equal(masked(&column, "UTF8", "a"), "***");
    memset(text, 'a', sizeof(text) - 1);
    assert_string_equal(masked(&column, "UTF8", text), "***");
    assert_string_equal(masked(&name, "UTF8", text), "***");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_character_is_cut_in_any_encoding),
        cmocka_unit_test(a_mask_has_room_in_its_type),
        cmocka_unit_test(what_is_masked_as_a_whole_says_nothing_of_its_length),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
