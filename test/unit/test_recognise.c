/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/recognise.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { HEARD_SIZE = 4096 };

struct heard {
    char text[HEARD_SIZE];
    size_t used, most; /* values, after which an error is returned */
};

static int
hear(void *arg, uint64_t line, struct view value)
{
    struct heard *h = arg;
    char text[PLAIN_PAIR_SIZE + 1];

    if (h->most-- == 0)
        return PASU_E_RANGE;
    memcpy(text, value.bytes, value.length);
    text[value.length] = '\0';
    for (size_t i = 0; i < value.length; i++)
        if (text[i] == '\0')
            text[i] = '+';
    h->used +=
        (size_t)snprintf(h->text + h->used, sizeof(h->text) - h->used, "%d:%s ", (int)line, text);
    return 0;
}

/* In pieces of that many bytes. */
static void
expect(const char *text, bool is_pairs, const char *heard)
{
    for (size_t piece = 1; piece < 9; piece++) {
        struct heard h = {.most = SIZE_MAX};
        struct view rest = view_of_text(text);
        struct recognise r;

        assert_int_equal(recognise_init(&r, is_pairs, hear, &h), 0);
        while (rest.length > 0) {
            size_t n = rest.length < piece ? rest.length : piece;

            assert_int_equal(recognise_take(&r, view_of(rest.bytes, n)), 0);
            rest = view_of(rest.bytes + n, rest.length - n);
        }
        assert_int_equal(recognise_end(&r), 0);
        assert_string_equal(h.text, heard);
        recognise_release(&r);
    }
}

static void
values_come_with_their_line(void **state PASU_UNUSED)
{
    expect("kim,+82 10-1234-5678\nx\n\nA@x.kr b@x.kr", false,
           "1:p01012345678 4:ea@x.kr 4:eb@x.kr ");
    expect("", false, "");
}

static void
what_is_in_one_line_is_a_pair(void **state PASU_UNUSED)
{
    expect("A@x.kr,010-1234-5678\nb@x.kr,010-1111-2222\n", true,
           "1:ea@x.kr+p01012345678 2:eb@x.kr+p01011112222 ");
    expect("010-1234-5678 a@x.kr, b@x.kr, 010-1234-5678", true,
           "1:ea@x.kr+p01012345678 1:eb@x.kr+p01012345678 ");
    expect("a@x.kr\nno number", true, "");
}

static void
one_line_pairs_with_what_is_near(void **state PASU_UNUSED)
{
    expect("a@x.kr b@x.kr c@x.kr d@x.kr e@x.kr 010-1234-5678", true,
           "1:ee@x.kr+p01012345678 1:eb@x.kr+p01012345678 1:ec@x.kr+p01012345678 "
           "1:ed@x.kr+p01012345678 ");
}

static void
lines_with_one_kind_are_joined(void **state PASU_UNUSED)
{
    expect("mail: a@x.kr\ntel: 010-1234-5678\n", true, "2:ea@x.kr+p01012345678 ");
    expect("010-1234-5678\n1\n2\n3\n4\n5\n6\n7\na@x.kr\n", true, "9:ea@x.kr+p01012345678 ");
    expect("010-1234-5678\n1\n2\n3\n4\n5\n6\n7\n8\na@x.kr\n", true, "");
    /* A line that has both joins with no other. */
    expect("a@x.kr,010-1234-5678\nb@x.kr\n", true, "1:ea@x.kr+p01012345678 ");
}

static void
an_error_ends_it(void **state PASU_UNUSED)
{
    struct heard h = {.most = 1};
    struct recognise r;

    assert_int_equal(recognise_init(&r, false, hear, &h), 0);
    assert_int_equal(recognise_take(&r, VIEW("a@x.kr\nb@x.kr\nc@x.kr\n")), PASU_E_RANGE);
    recognise_release(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_with_their_line),
        cmocka_unit_test(what_is_in_one_line_is_a_pair),
        cmocka_unit_test(one_line_pairs_with_what_is_near),
        cmocka_unit_test(lines_with_one_kind_are_joined),
        cmocka_unit_test(an_error_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
