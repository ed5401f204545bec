/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of keys: every element of what is read in one way, and nothing of the rest. */
#include "postgres/key_array.h"
#include "unit.h"

/* The elements, each in brackets, "-" for a null one; "malformed" where it is none. */
static void
print_array(struct view value, int16_t format, char *text, size_t size)
{
    struct writer w = writer_of(text, size);
    struct key_array array;
    struct view element;
    int result = key_array_begin(&array, value, format);

    while (result == 0 && (result = key_array_next(&array, &element)) > 0) {
        writer_bytes(&w, "[", 1);
        writer_bytes(&w, element.bytes ? (const void *)element.bytes : "-",
                     element.bytes ? element.length : 1);
        writer_bytes(&w, "]", 1);
        result = 0;
    }
    if (result == PASU_E_MALFORMED)
        w = writer_of(text, size);
    writer_bytes(&w, "malformed", result == PASU_E_MALFORMED ? 10 : 0);
    writer_u8(&w, 0);
    assert_false(w.failed);
}

static void
every_element_of_a_text_is_read(void **state PASU_UNUSED)
{
    static const struct {
        const char *text, *elements;
    } cases[] = {
        {"{}", ""},
        {"{1}", "[1]"},
        {"{1,2,30}", "[1][2][30]"},
        {"{1,NULL,null}", "[1][-][-]"},
        {"{\"NULL\",\\NULL}", "[NULL][NULL]"},
        {"{\"a b\",\"c,d\",\"e\\\"f\",\"\"}", "[a b][c,d][e\"f][]"},
        {"{\"}\",\"{\"}", "[}][{]"},
        {"", "malformed"},
        {"1", "malformed"},
        {"{", "malformed"},
        {"{1", "malformed"},
        {"{1,}", "malformed"},
        {"{,1}", "malformed"},
        {"{1}2}", "malformed"},
        {"{{1,2},{3,4}}", "malformed"},
        {"[2:3]={1,2}", "malformed"},
        {"{1, 2}", "malformed"},
        {"{\"a\"b}", "malformed"},
        {"{\"a}", "malformed"},
        {"{a\\}", "malformed"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[256];

        print_array(view_of_text(cases[i].text), 0, text, sizeof(text));
        assert_string_equal(text, cases[i].elements);
    }
}

static size_t
write_binary(uint8_t *bytes, size_t size, uint32_t dimensions, uint32_t count)
{
    struct writer w = writer_of(bytes, size);

    writer_u32(&w, dimensions);
    writer_u32(&w, 1);
    writer_u32(&w, 25);
    if (dimensions > 0) {
        writer_u32(&w, count);
        writer_u32(&w, 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        writer_u32(&w, i == 1 ? UINT32_MAX : i);
        writer_bytes(&w, "abcdefgh", i == 1 ? 0 : i);
    }
    assert_false(w.failed);
    return writer_length(&w);
}

static void
every_element_of_the_binary_form_is_read(void **state PASU_UNUSED)
{
    uint8_t bytes[128];
    char text[256];
    size_t length = write_binary(bytes, sizeof(bytes), 1, 4);

    print_array(view_of(bytes, length), 1, text, sizeof(text));
    assert_string_equal(text, "[][-][ab][abc]");
    for (size_t cut = 0; cut < length; cut++) {
        print_array(view_of(bytes, cut), 1, text, sizeof(text));
        assert_string_equal(text, "malformed");
    }
    print_array(view_of(bytes, length + 1), 1, text, sizeof(text));
    assert_string_equal(text, "malformed");
    print_array(view_of(bytes, write_binary(bytes, sizeof(bytes), 0, 0)), 1, text, sizeof(text));
    assert_string_equal(text, "");
    print_array(view_of(bytes, write_binary(bytes, sizeof(bytes), 2, 2)), 1, text, sizeof(text));
    assert_string_equal(text, "malformed");
}

static void
an_element_longer_than_a_key_is_not_read(void **state PASU_UNUSED)
{
    uint8_t bytes[KEY_TEXT_MAX + 3];
    char text[2 * KEY_TEXT_MAX];

    memset(bytes, 'a', sizeof(bytes));
    bytes[0] = '{';
    bytes[KEY_TEXT_MAX + 1] = '}';
    print_array(view_of(bytes, KEY_TEXT_MAX + 2), 0, text, sizeof(text));
    assert_int_equal(strlen(text), KEY_TEXT_MAX + 2);
    bytes[KEY_TEXT_MAX + 1] = 'a';
    bytes[KEY_TEXT_MAX + 2] = '}';
    print_array(view_of(bytes, KEY_TEXT_MAX + 3), 0, text, sizeof(text));
    assert_string_equal(text, "malformed");
}

static void
the_only_element_is_told_where_there_is_one(void **state PASU_UNUSED)
{
    static const struct {
        const char *text, *element;
    } cases[] = {
        {"{7}", "7"},    {"{\"7\"}", "7"},   {"{}", NULL}, {"{NULL}", NULL},
        {"{7,7}", NULL}, {"{7,NULL}", NULL}, {"{7", NULL}, {"7", NULL},
    };
    uint8_t bytes[128];
    struct key_array array;
    struct view element;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int result =
            key_array_only(&array, view_of_text(cases[i].text), 0, CATALOG_KEY_INT8, &element);

        assert_int_equal(result, cases[i].element ? 0 : PASU_E_MALFORMED);
        if (cases[i].element)
            assert_true(view_equal(element, view_of_text(cases[i].element)));
    }
    /* Of another type than is asked for. */
    assert_int_equal(key_array_only(&array,
                                    view_of(bytes, write_binary(bytes, sizeof(bytes), 1, 1)), 1,
                                    CATALOG_KEY_INT8, &element),
                     PASU_E_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_of_a_text_is_read),
        cmocka_unit_test(every_element_of_the_binary_form_is_read),
        cmocka_unit_test(the_only_element_is_told_where_there_is_one),
        cmocka_unit_test(an_element_longer_than_a_key_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
