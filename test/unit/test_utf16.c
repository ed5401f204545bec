/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/utf16.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
expect(enum utf16_order order, struct view bytes, const char *due)
{
    for (size_t piece = 1; piece < 8; piece++) {
        struct utf16 u = {.order = order};
        struct view rest = bytes;
        uint8_t out[256];
        size_t used = 0;

        while (rest.length > 0) {
            struct view part = view_of(rest.bytes, rest.length < piece ? rest.length : piece);
            size_t length = part.length;

            while (part.length > 0)
                used += utf16_take(&u, &part, out + used, 6 + piece);
            rest = view_of(rest.bytes + length, rest.length - length);
        }
        assert_true(view_equal(view_of(out, used), view_of_text(due)));
    }
}

static void
both_orders_become_utf8(void **state PASU_UNUSED)
{
    expect(UTF16_LITTLE,
           VIEW("\xff\xfe"
                "0\0\x1f\xc7"),
           "0\uc71f");
    expect(UTF16_BIG,
           VIEW("\xfe\xff\0"
                "0\xc7\x1f"),
           "0\uc71f");
    expect(UTF16_LITTLE, VIEW("\x3d\xd8\x00\xde"), "\U0001f600");
}

static void
what_is_no_pair_is_replaced(void **state PASU_UNUSED)
{
    expect(UTF16_LITTLE,
           VIEW("\x3d\xd8"
                "a\0"),
           "\ufffd"
           "a");
    expect(UTF16_LITTLE,
           VIEW("\x00\xde"
                "a\0"),
           "\ufffd"
           "a");
    expect(UTF16_LITTLE, VIEW("\x3d\xd8\x3d\xd8\x00\xde"), "\ufffd\U0001f600");
    expect(UTF16_LITTLE, VIEW("a\0b"), "a");
}

static void
it_is_told_by_its_mark_or_its_zeros(void **state PASU_UNUSED)
{
    uint8_t head[200] = {0};

    assert_int_equal(utf16_order_of(VIEW("\xff\xfe")), UTF16_LITTLE);
    assert_int_equal(utf16_order_of(VIEW("\xfe\xff")), UTF16_BIG);
    assert_int_equal(utf16_order_of(VIEW("")), UTF16_NONE);
    assert_int_equal(utf16_order_of(VIEW("0\0001\0")), UTF16_NONE);
    assert_int_equal(utf16_order_of(view_of(head, sizeof(head))), UTF16_NONE);
    for (size_t i = 0; i < sizeof(head); i += 2)
        head[i] = 'a';
    assert_int_equal(utf16_order_of(view_of(head, sizeof(head))), UTF16_LITTLE);
    assert_int_equal(utf16_order_of(view_of(head + 1, sizeof(head) - 2)), UTF16_BIG);
    memset(head, 'a', sizeof(head));
    assert_int_equal(utf16_order_of(view_of(head, sizeof(head))), UTF16_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_orders_become_utf8),
        cmocka_unit_test(what_is_no_pair_is_replaced),
        cmocka_unit_test(it_is_told_by_its_mark_or_its_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
