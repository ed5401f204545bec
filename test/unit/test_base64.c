/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "unit.h"

static struct view
text_of(char text[BASE64_TEXT_MAX], const void *bytes, size_t length)
{
    struct writer w = writer_of(text, BASE64_TEXT_MAX);

    base64_write(&w, bytes, length);
    assert_int_equal(writer_end(&w), (length + 2) / 3 * 4);
    return view_of(text, writer_length(&w));
}

/* RFC 4648, section 10. */
static void
the_texts_are_those_of_the_rfc(void **state PASU_UNUSED)
{
    static const char *const texts[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    char text[BASE64_TEXT_MAX];
    uint8_t bytes[8];

    for (size_t length = 0; length < COUNT_OF(texts); length++) {
        struct view written = text_of(text, "foobar", length);

        assert_true(view_equal(written, view_of_text(texts[length])));
        assert_int_equal(base64_read(bytes, sizeof(bytes), written), length);
        assert_memory_equal(bytes, "foobar", length);
    }
}

static void
every_length_that_fits_comes_back_and_no_other(void **state PASU_UNUSED)
{
    char text[BASE64_TEXT_MAX];
    uint8_t bytes[BASE64_BYTES_MAX + 1], read[BASE64_BYTES_MAX];
    struct writer w = writer_of(text, sizeof(text));

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 37);
    for (size_t length = 0; length <= BASE64_BYTES_MAX; length++) {
        struct view written = text_of(text, bytes, length);

        assert_int_equal(base64_read(read, sizeof(read), written), length);
        assert_memory_equal(read, bytes, length);
        if (length > 0)
            assert_int_equal(base64_read(read, length - 1, written), PASU_E_MALFORMED);
    }
    base64_write(&w, bytes, sizeof(bytes));
    assert_int_equal(writer_end(&w), PASU_E_RANGE);
}

static void
of_the_texts_of_the_same_bytes_only_the_canonical_one_is_read(void **state PASU_UNUSED)
{
    static const char *const others[] = {
        "Zh==", "Zm9=", "Zg=",  "Zg",   "Zm8==",    "Zg==\n",       " Zg=",        "Zg= ",
        "====", "Z===", "Zm-v", "    ", "Zg==Zg==", "Zm9v\n\n\n\n", "\n\n\n\nZm9v"};
    uint8_t bytes[BASE64_BYTES_MAX];

    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_int_equal(base64_read(bytes, sizeof(bytes), view_of_text(others[i])),
                         PASU_E_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_texts_are_those_of_the_rfc),
        cmocka_unit_test(every_length_that_fits_comes_back_and_no_other),
        cmocka_unit_test(of_the_texts_of_the_same_bytes_only_the_canonical_one_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
