/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"
#include "unit.h"

/* RFC 3629, section 3. */
static size_t
encode(uint32_t c, uint8_t bytes[4])
{
    if (c < 0x80) {
        bytes[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        bytes[0] = (uint8_t)(0xc0 | c >> 6);
        bytes[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        bytes[0] = (uint8_t)(0xe0 | c >> 12);
        bytes[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        bytes[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    bytes[0] = (uint8_t)(0xf0 | c >> 18);
    bytes[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    bytes[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    bytes[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

static void
every_character_is_read_and_surrogates_are_none(void **state PASU_UNUSED)
{
    for (uint32_t c = 0; c < 0x120000; c++) {
        uint8_t bytes[5] = {0, 0, 0, 0, 'x'};
        size_t length = encode(c, bytes);
        bool is_one = c < 0xd800 || (c >= 0xe000 && c < 0x110000);
        uint32_t found = 0;

        assert_int_equal(utf8_first(view_of(bytes, sizeof(bytes)), &found), is_one ? length : 0);
        if (!is_one)
            continue;
        assert_int_equal(found, c);
        for (size_t cut = 0; cut < length; cut++)
            assert_int_equal(utf8_first(view_of(bytes, cut), &found), 0);
        for (size_t i = 1; i < length; i++) {
            bytes[i] ^= 0x40;
            assert_int_equal(utf8_first(view_of(bytes, length), &found), 0);
            bytes[i] ^= 0x40;
        }
    }
}

static void
what_is_written_longer_than_it_must_be_is_none(void **state PASU_UNUSED)
{
    static const char *const longer[] = {
        "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf", "\xf8\x88\x80\x80", "\x80",         "\xff"};

    for (size_t i = 0; i < COUNT_OF(longer); i++)
        assert_false(utf8_is_valid(view_of_text(longer[i])));
    assert_true(utf8_is_valid(VIEW("")));
    assert_true(utf8_is_valid(VIEW("a\0b \xed\x95\x9c\xea\xb5\xad \xf0\x9f\x98\x80")));
    assert_false(utf8_is_valid(VIEW("a\xed\x95")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_read_and_surrogates_are_none),
        cmocka_unit_test(what_is_written_longer_than_it_must_be_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
