/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "random.h"
#include "unit.h"

static struct view
text_of(char space[1024], const void *bytes, size_t length)
{
    struct writer w = writer_of(space, 1024);

    base64_write(&w, bytes, length);
    assert_int_equal(writer_end(&w), BASE64_LENGTH(length));
    return view_of(space, writer_length(&w));
}

/* RFC 4648, section 10. */
static void
the_examples_of_the_rfc_hold(void **state PASU_UNUSED)
{
    static const char *const texts[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    char space[1024];
    uint8_t bytes[6];

    for (size_t length = 0; length <= 6; length++) {
        assert_true(view_equal(text_of(space, "foobar", length), view_of_text(texts[length])));
        assert_int_equal(base64_read(bytes, sizeof(bytes), view_of_text(texts[length])), length);
        assert_memory_equal(bytes, "foobar", length);
    }
}

static void
bytes_of_any_length_come_back_and_fit_exactly(void **state PASU_UNUSED)
{
    struct random random = {7};
    uint8_t bytes[400] = {0}, again[400];
    char space[1024];

    for (size_t length = 0; length <= sizeof(bytes); length++) {
        struct view text;

        for (size_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)random_u64(&random);
        text = text_of(space, bytes, length);
        assert_int_equal(base64_read(again, length, text), length);
        assert_memory_equal(again, bytes, length);
        assert_int_equal(base64_read(NULL, 0, text), length);
        if (length > 0)
            assert_int_equal(base64_read(again, length - 1, text), PASU_E_MALFORMED);
    }
}

/* Whatever character is changed into whatever, it is refused, or other bytes whose text it is. */
static void
no_two_texts_mean_the_same_bytes(void **state PASU_UNUSED)
{
    uint8_t bytes[100] = {0}, again[100];
    char space[1024], printed[1024];

    for (size_t length = 46; length <= sizeof(bytes); length += 9) {
        struct view text = text_of(space, bytes, length);

        for (size_t at = 0; at < text.length; at++) {
            char before = space[at];

            for (int c = 0; c < 256; c++) {
                ssize_t n;

                space[at] = (char)c;
                n = base64_read(again, sizeof(again), text);
                if (n < 0)
                    continue;
                assert_true(view_equal(text_of(printed, again, (size_t)n), text));
                assert_true(c == before || (size_t)n != length ||
                            memcmp(again, bytes, length) != 0);
            }
            space[at] = before;
        }
    }
}

static void
white_space_and_lax_padding_are_refused(void **state PASU_UNUSED)
{
    /* 64 characters, with which OpenSSL is asked at once, and others behind them. */
    static const char zeros[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    static const char *const bad[] = {" Zg==", "Zg== ",    "    Zg==", "Zg==    ", "Zg==\n\n\n\n",
                                      "Zg=",   "Zg",       "Z===",     "====",     "Zh==",
                                      "Zm9=",  "Zg==Zg==", "=",        "Zm9v=",    "Zm9v===="};
    uint8_t bytes[128];
    char text[128];

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(base64_read(bytes, sizeof(bytes), view_of_text(bad[i])), PASU_E_MALFORMED);
        snprintf(text, sizeof(text), "%s%s", zeros, bad[i]);
        assert_int_equal(base64_read(bytes, sizeof(bytes), view_of_text(text)), PASU_E_MALFORMED);
    }
    snprintf(text, sizeof(text), "%.60sZg==Zg==", zeros);
    assert_int_equal(base64_read(bytes, sizeof(bytes), view_of_text(text)), PASU_E_MALFORMED);
    snprintf(text, sizeof(text), "%.60sZm9=Zg==", zeros);
    assert_int_equal(base64_read(bytes, sizeof(bytes), view_of_text(text)), PASU_E_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_hold),
        cmocka_unit_test(bytes_of_any_length_come_back_and_fit_exactly),
        cmocka_unit_test(no_two_texts_mean_the_same_bytes),
        cmocka_unit_test(white_space_and_lax_padding_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
