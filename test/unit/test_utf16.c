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

/* As RFC 2781 has it: the characters of a row of units, one after the other. */
static size_t
slow(const uint16_t *units, size_t count, uint8_t *out)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t c = units[i];

        if (c >> 10 == 0x36 && i + 1 < count && units[i + 1] >> 10 == 0x37)
            c = 0x10000 + ((c & 0x3ff) << 10 | (units[++i] & 0x3ff));
        else if (c >> 11 == 0x1b)
            c = 0xfffd;
        if (c < 0x80) {
            out[used++] = (uint8_t)c;
        } else if (c < 0x800) {
            out[used++] = (uint8_t)(0xc0 | c >> 6);
            out[used++] = (uint8_t)(0x80 | (c & 0x3f));
        } else if (c < 0x10000 && c != 0xfeff) {
            out[used++] = (uint8_t)(0xe0 | c >> 12);
            out[used++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
            out[used++] = (uint8_t)(0x80 | (c & 0x3f));
        } else if (c >= 0x10000) {
            out[used++] = (uint8_t)(0xf0 | c >> 18);
            out[used++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
            out[used++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
            out[used++] = (uint8_t)(0x80 | (c & 0x3f));
        }
    }
    return used;
}

/* Each unit, behind each of those with which another reading begins or ends. */
static void
each_unit_becomes_what_it_is(void **state PASU_UNUSED)
{
    static const uint16_t before[] = {'a',    0x7f,   0x80,   0x7ff,  0x800,  0xd7ff, 0xd800,
                                      0xdbff, 0xdc00, 0xdfff, 0xe000, 0xfeff, 0xffff};

    for (size_t b = 0; b < COUNT_OF(before); b++)
        for (uint32_t unit = 0; unit < 0x10000; unit++) {
            const uint16_t units[] = {before[b], (uint16_t)unit, 'z'};
            const enum utf16_order order = unit % 2 == 0 ? UTF16_LITTLE : UTF16_BIG;
            struct utf16 u = {.order = order};
            uint8_t bytes[6], out[16], due[16];
            struct view rest = view_of(bytes, sizeof(bytes));
            size_t used;

            for (size_t i = 0; i < 3; i++) {
                bytes[2 * i + (order == UTF16_BIG)] = (uint8_t)units[i];
                bytes[2 * i + (order == UTF16_LITTLE)] = (uint8_t)(units[i] >> 8);
            }
            used = utf16_take(&u, &rest, out, sizeof(out));
            assert_int_equal(rest.length, 0);
            assert_true(view_equal(view_of(out, used), view_of(due, slow(units, 3, due))));
        }
}

/* A tenth of the others may be zero, and more than half of these must be. */
static void
zeros_are_counted(void **state PASU_UNUSED)
{
    enum { PAIRS = 100 };

    for (unsigned most = 0; most <= PAIRS; most++)
        for (unsigned few = 0; few <= 12; few++) {
            uint8_t head[2 * PAIRS];
            bool is_told = few < 10 && most > 50;

            memset(head, 'a', sizeof(head));
            for (unsigned i = 0; i < most; i++)
                head[2 * i + 1] = 0;
            for (unsigned i = 0; i < few; i++)
                head[2 * i] = 0;
            if (most < 10 && few > 10)
                continue;
            assert_int_equal(utf16_order_of(view_of(head, sizeof(head))),
                             is_told ? UTF16_LITTLE : UTF16_NONE);
            for (size_t i = 0; i < sizeof(head); i += 2) {
                uint8_t first = head[i];

                head[i] = head[i + 1];
                head[i + 1] = first;
            }
            assert_int_equal(utf16_order_of(view_of(head, sizeof(head))),
                             is_told ? UTF16_BIG : UTF16_NONE);
            /* One byte less than it takes, and what is behind the head that counts. */
            assert_int_equal(utf16_order_of(view_of(head, 63)), UTF16_NONE);
        }
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
        cmocka_unit_test(each_unit_becomes_what_it_is),
        cmocka_unit_test(zeros_are_counted),
        cmocka_unit_test(it_is_told_by_its_mark_or_its_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
