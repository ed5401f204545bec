/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "unit.h"

static void
a_reader_gives_numbers_in_network_order(void **state PASU_UNUSED)
{
    const uint8_t bytes[] = {1, 0, 2, 0, 0, 0, 3};
    struct reader r = reader_of(view_of(bytes, sizeof(bytes)));

    assert_int_equal(reader_u8(&r), 1);
    assert_int_equal(reader_u16(&r), 2);
    assert_int_equal(reader_u32(&r), 3);
    assert_int_equal(reader_end(&r), 0);
}

static void
a_short_read_makes_the_reader_fail_for_good(void **state PASU_UNUSED)
{
    struct reader r = reader_of(VIEW("abc"));

    assert_int_equal(reader_u32(&r), 0);
    assert_int_equal(reader_u8(&r), 0);
    assert_int_equal(reader_end(&r), PASU_E_MALFORMED);
}

static void
what_is_left_over_is_an_error(void **state PASU_UNUSED)
{
    struct reader r = reader_of(VIEW("ab"));

    assert_int_equal(reader_u8(&r), 'a');
    assert_int_equal(reader_end(&r), PASU_E_MALFORMED);
}

static void
a_text_ends_at_its_zero_byte_and_needs_one(void **state PASU_UNUSED)
{
    struct reader r = reader_of(VIEW("ab\0cd"));

    assert_true(view_equal(reader_text(&r), VIEW("ab")));
    assert_int_equal(reader_text(&r).length, 0);
    assert_true(r.failed);
}

static void
a_writer_fails_when_full_and_stays_failed(void **state PASU_UNUSED)
{
    uint8_t space[5];
    struct writer w = writer_of(space, sizeof(space));

    writer_u32(&w, 0x01020304);
    assert_int_equal(writer_end(&w), 4);
    writer_u16(&w, 5);
    writer_u8(&w, 5);
    assert_int_equal(writer_end(&w), PASU_E_RANGE);
}

static void
text_from_a_view_is_cut_and_has_no_zero_inside(void **state PASU_UNUSED)
{
    char text[4];

    text_from_view(text, sizeof(text), VIEW("a\0bcd"));
    assert_string_equal(text, "a?b");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_gives_numbers_in_network_order),
        cmocka_unit_test(a_short_read_makes_the_reader_fail_for_good),
        cmocka_unit_test(what_is_left_over_is_an_error),
        cmocka_unit_test(a_text_ends_at_its_zero_byte_and_needs_one),
        cmocka_unit_test(a_writer_fails_when_full_and_stays_failed),
        cmocka_unit_test(text_from_a_view_is_cut_and_has_no_zero_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
