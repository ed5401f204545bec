/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/catalog_scan.h"
#include "unit.h"

/* The words of a text, one letter a kind and what is kept: "wselect o, …". */
static const char *
cut(const char *text)
{
    static const char letters[] = "ewqlno.?";
    static char out[1024];
    struct scan scan = scan_of(view_of_text(text));
    size_t length = 0;

    for (;;) {
        enum scan_kind kind = scan_next(&scan);
        bool is_kept =
            kind == SCAN_WORD || kind == SCAN_QUOTED || kind == SCAN_OPERATOR || kind == SCAN_OTHER;

        length += (size_t)snprintf(out + length, sizeof(out) - length, "%s%c%s",
                                   length > 0 ? " " : "", letters[kind], is_kept ? scan.name : "");
        if (kind == SCAN_END || kind == SCAN_UNSURE)
            return out;
    }
}

static void
words_are_cut_as_postgresql_cuts_them(void **state PASU_UNUSED)
{
    assert_string_equal(cut("SELECT Name FROM \"My \"\"Table\""),
                        "wselect wname wfrom qMy \"Table e");
    assert_string_equal(cut("a.b,c::text"), "wa .. wb ., wc .: .: wtext e");
    assert_string_equal(cut("1FROM t"), "n wfrom wt e");
    assert_string_equal(cut("x=-1"), "wx o= o- n e");
    assert_string_equal(cut("a @-b"), "wa o@- wb e");
    assert_string_equal(cut("a<->b"), "wa o<-> wb e");
    assert_string_equal(cut("a*/**/b"), "wa o* wb e");
    assert_string_equal(cut("$1 $2x"), "n n wx e");
    assert_string_equal(cut("e$a$ x"), "we$a$ wx e"); /* a dollar is a part of a name */
    assert_string_equal(cut("한글 Ä"), "w한글 wÄ e");
}

static void
comments_and_literals_hide_their_insides(void **state PASU_UNUSED)
{
    assert_string_equal(cut("a -- b\nc"), "wa wc e");
    assert_string_equal(cut("a /* b /* c */ d */ e"), "wa we e");
    assert_string_equal(cut("'a '' b' c"), "l wc e");
    assert_string_equal(cut("E'a \\' b' c"), "l wc e");
    assert_string_equal(cut("b'1' x'f' n'a' U&'a' c"), "l l l l wc e");
    assert_string_equal(cut("$$ a ' $x$ $$ b"), "l wb e");
    assert_string_equal(cut("$t$ $$ a $tt$ $t$ b"), "l wb e");
}

static void
what_has_two_readings_or_none_is_unsure(void **state PASU_UNUSED)
{
    assert_string_equal(cut("'a \\' b"), "?");
    assert_string_equal(cut("'a \\x' b"), "l wb e"); /* both read the same */
    assert_string_equal(cut("a U&\"n\""), "wa ?");
    assert_string_equal(cut("a 'b"), "wa ?");
    assert_string_equal(cut("a \"b"), "wa ?");
    assert_string_equal(cut("a /* b /* c */"), "wa ?");
    assert_string_equal(cut("$t$ a $T$"), "?");
    assert_string_equal(cut("e'a\\"), "?");
}

static void
a_long_name_is_cut_and_not_two(void **state PASU_UNUSED)
{
    char text[200], expected[80];

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    memset(expected, 'a', sizeof(expected));
    expected[0] = 'w';
    snprintf(expected + SCAN_NAME_SIZE, sizeof(expected) - SCAN_NAME_SIZE, " e");
    assert_string_equal(cut(text), expected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_cut_as_postgresql_cuts_them),
        cmocka_unit_test(comments_and_literals_hide_their_insides),
        cmocka_unit_test(what_has_two_readings_or_none_is_unsure),
        cmocka_unit_test(a_long_name_is_cut_and_not_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
