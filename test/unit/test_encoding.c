/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of clients in UTF-8, whatever they come in. */
#include "postgres/encoding.h"
#include "random.h"
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

static void
a_text_is_the_same_in_every_encoding(void **state PASU_UNUSED)
{
    static const struct {
        const char *encoding, *text, *utf8; /* utf8 NULL: cannot be told */
    } cases[] = {
        {"UTF8",
         "Ren\xc3\xa9"
         "e",
         "Ren\xc3\xa9"
         "e"},
        {"UTF8", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"UTF8",
         "Ren\xe9"
         "e",
         NULL},
        {"UTF8", "\xc0\xaf", NULL},         /* overlong */
        {"UTF8", "\xed\xa0\x80", NULL},     /* a surrogate */
        {"UTF8", "\xf4\x90\x80\x80", NULL}, /* beyond the last */
        {"UTF8", "\xe2\x82", NULL},         /* cut */
        {"UTF8", "\xff", NULL},
        {"LATIN1",
         "Ren\xe9"
         "e",
         "Ren\xc3\xa9"
         "e"},
        {"LATIN1", "\xc3\xa9", "\xc3\x83\xc2\xa9"},
        {"LATIN9", "\xa4", "\xe2\x82\xac"},
        {"WIN1251", "\xcf", "\xd0\x9f"},
        {"WIN1252", "\x81", NULL},
        {"EUC_KR", "\xb1\xe8 a", "\xea\xb9\x80 a"},
        {"EUC_KR", "\xb1", NULL},
        {"EUC_KR", "\xb1\x41", NULL},
        {"EUC_KR", "\x8c\x63", NULL},
        {"UHC", "\xb1\xe8", "\xea\xb9\x80"},
        {"UHC", "\x8c\x63", "\xeb\x98\xa0"}, /* not in EUC_KR; its second byte is a letter */
        {"UHC", "\xff\xff", NULL},
        {"GBK", "\xd6\xd0", "\xe4\xb8\xad"},
        {"SQL_ASCII", "\xff\xe9", "\xff\xe9"},
        {"SJIS", "\x83\x65", NULL}, /* not known */
        {"SJIS", "plain", "plain"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct encoding *e = encoding_named(encodings, view_of_text(cases[i].encoding));
        uint8_t space[64];
        struct view utf8;
        int result = encoding_to_utf8(e, view_of_text(cases[i].text), space, sizeof(space), &utf8);

        if (result != (cases[i].utf8 ? 0 : PASU_E_MALFORMED) ||
            (cases[i].utf8 && !view_equal(utf8, view_of_text(cases[i].utf8))))
            fail_msg("case %zu, %s", i, cases[i].encoding);
    }
}

static void
every_encoding_that_is_listed_is_there(void **state PASU_UNUSED)
{
    static const char *const names[] = {"UTF8",   "SQL_ASCII", "LATIN1", "LATIN10", "ISO_8859_8",
                                        "KOI8U",  "WIN866",    "WIN874", "WIN1258", "EUC_KR",
                                        "EUC_CN", "UHC",       "GBK"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_non_null(encoding_named(encodings, view_of_text(names[i])));
    assert_null(encoding_named(encodings, VIEW("BIG5")));
    assert_null(encoding_named(encodings, VIEW("")));
    assert_true(encoding_is_utf8(encoding_named(encodings, VIEW("UTF8"))));
    assert_true(encoding_is_raw(encoding_named(encodings, VIEW("SQL_ASCII"))));
    assert_false(encoding_is_utf8(NULL));
}

static void
random_bytes_do_no_harm_and_what_comes_out_is_utf8(void **state PASU_UNUSED)
{
    static const char *const names[] = {"UTF8", "LATIN1", "WIN1255", "EUC_KR", "UHC", "GBK"};
    struct random r = {20261127};

    for (int i = 0; i < 200000; i++) {
        const struct encoding *e =
            encoding_named(encodings, view_of_text(names[random_below(&r, COUNT_OF(names))]));
        uint8_t bytes[12], space[36], again[36];
        size_t length = random_below(&r, sizeof(bytes));
        struct view utf8, same;

        for (size_t k = 0; k < length; k++)
            bytes[k] = (uint8_t)random_below(&r, 256);
        if (encoding_to_utf8(e, view_of(bytes, length), space, sizeof(space), &utf8) == 0)
            assert_int_equal(encoding_to_utf8(encoding_named(encodings, VIEW("UTF8")), utf8, again,
                                              sizeof(again), &same),
                             0);
    }
}

static void
what_does_not_fit_is_an_error(void **state PASU_UNUSED)
{
    uint8_t space[3];
    struct view utf8;

    assert_int_equal(encoding_to_utf8(encoding_named(encodings, VIEW("LATIN1")),
                                      view_of_text("\xe9\xe9"), space, sizeof(space), &utf8),
                     PASU_E_RANGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_the_same_in_every_encoding),
        cmocka_unit_test(every_encoding_that_is_listed_is_there),
        cmocka_unit_test(random_bytes_do_no_harm_and_what_comes_out_is_utf8),
        cmocka_unit_test(what_does_not_fit_is_an_error),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
