/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"
#include "unit.h"

#include <locale.h>

static void
assert_escaped(struct view v, const char *expected)
{
    char out[256];

    text_escape(out, sizeof(out), v);
    assert_string_equal(out, expected);
}

static void
plain_text_and_scripts_of_the_world_stand_for_themselves(void **state PASU_UNUSED)
{
    assert_escaped(VIEW("psql 15.4"), "psql 15.4");
    assert_escaped(VIEW("김철수"), "김철수");
    assert_escaped(VIEW("café"), "café");
    assert_escaped(VIEW(""), "");
}

static void
what_moves_the_cursor_is_escaped(void **state PASU_UNUSED)
{
    assert_escaped(VIEW("a\033[2Jb"), "a\\x1b[2Jb");
    assert_escaped(VIEW("a\nb\tc\rd\\e"), "a\\nb\\tc\\rd\\\\e");
    assert_escaped(VIEW("a\0b\x7F"), "a\\x00b\\x7f");
    assert_escaped(VIEW("\xC2\x9B"),
                   "\\u{9b}"); /* a control sequence introducer in one character */
}

static void
what_cannot_be_seen_or_turns_the_writing_is_escaped(void **state PASU_UNUSED)
{
    assert_escaped(VIEW("a\xE2\x80\xAE"
                        "b"),
                   "a\\u{202e}b");
    assert_escaped(VIEW("\xEF\xBB\xBFx"), "\\u{feff}x");
    assert_escaped(VIEW("\xE2\x80\x8B"), "\\u{200b}");
}

static void
bytes_that_are_no_utf8_are_escaped(void **state PASU_UNUSED)
{
    assert_escaped(VIEW("\xFFz"), "\\xffz");
    assert_escaped(VIEW("\xC0\x80"), "\\xc0\\x80");          /* overlong */
    assert_escaped(VIEW("\xED\xA0\x80"), "\\xed\\xa0\\x80"); /* a surrogate */
    assert_escaped(VIEW("\xF5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
    assert_escaped(VIEW("\xEA\xB9"), "\\xea\\xb9"); /* cut off */
}

static void
a_text_that_does_not_fit_is_cut_at_a_whole_character(void **state PASU_UNUSED)
{
    char out[5];

    text_escape(out, sizeof(out), VIEW("a김김"));
    assert_string_equal(out, "a김");
    text_escape(out, sizeof(out), VIEW("ab\x01"));
    assert_string_equal(out, "ab");
    text_escape(out, 1, VIEW("ab"));
    assert_string_equal(out, "");
}

static void
another_character_set_gets_ascii_only(void **state PASU_UNUSED)
{
    setlocale(LC_CTYPE, "C");
    assert_escaped(VIEW("김"), "\\u{ae40}");
    setlocale(LC_CTYPE, "C.UTF-8");
}

static void
wide_characters_take_two_columns_and_combining_ones_none(void **state PASU_UNUSED)
{
    assert_int_equal(text_columns("abc"), 3);
    assert_int_equal(text_columns("김철수"), 6);
    assert_int_equal(text_columns("e\xCC\x81"), 1);
}

static void
assert_cut(const char *text, size_t columns, const char *expected)
{
    char space[64];

    snprintf(space, sizeof(space), "%s", text);
    text_cut(space, columns);
    assert_string_equal(space, expected);
    assert_true(text_columns(space) <= columns);
}

static void
cutting_counts_columns_not_bytes(void **state PASU_UNUSED)
{
    assert_cut("abcdef", 6, "abcdef");
    assert_cut("abcdef", 4, "abc…");
    assert_cut("김철수", 6, "김철수");
    assert_cut("김철수", 5, "김철…");
    assert_cut("김철수", 4, "김…");
    assert_cut("ab", 1, "…");
}

static void
numbers_are_grouped(void **state PASU_UNUSED)
{
    char out[32];

    text_count(out, sizeof(out), 0);
    assert_string_equal(out, "0");
    text_count(out, sizeof(out), 999);
    assert_string_equal(out, "999");
    text_count(out, sizeof(out), 1234567);
    assert_string_equal(out, "1,234,567");
    text_count(out, sizeof(out), UINT64_MAX);
    assert_string_equal(out, "18,446,744,073,709,551,615");
}

static void
sizes_and_durations_are_short(void **state PASU_UNUSED)
{
    static const struct {
        uint64_t n;
        const char *text;
    } sizes[] = {{0, "0 B"},           {1023, "1023 B"},      {1024, "1.0 KiB"},
                 {1536, "1.5 KiB"},    {10240, "10 KiB"},     {1048575, "1.0 MiB"},
                 {1 << 20, "1.0 MiB"}, {UINT64_MAX, "16 EiB"}};
    static const struct {
        int64_t seconds;
        const char *text;
    } durations[] = {{-5, "0s"},       {59, "59s"},       {60, "1m 00s"},        {3599, "59m 59s"},
                     {7500, "2h 05m"}, {86400, "1d 00h"}, {12700800, "147d 00h"}};
    char out[32];

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        text_bytes(out, sizeof(out), sizes[i].n);
        assert_string_equal(out, sizes[i].text);
    }
    for (size_t i = 0; i < COUNT_OF(durations); i++) {
        text_duration(out, sizeof(out), durations[i].seconds);
        assert_string_equal(out, durations[i].text);
    }
}

static void
text_is_broken_between_words(void **state PASU_UNUSED)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    assert_non_null(file);
    text_wrap(file, "one two three\n\nfour unbreakableword five", 2, 9);
    fclose(file);
    assert_string_equal(text, "  one two\n  three\n\n  four\n  unbreakableword\n  five\n");
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_and_scripts_of_the_world_stand_for_themselves),
        cmocka_unit_test(what_moves_the_cursor_is_escaped),
        cmocka_unit_test(what_cannot_be_seen_or_turns_the_writing_is_escaped),
        cmocka_unit_test(bytes_that_are_no_utf8_are_escaped),
        cmocka_unit_test(a_text_that_does_not_fit_is_cut_at_a_whole_character),
        cmocka_unit_test(another_character_set_gets_ascii_only),
        cmocka_unit_test(wide_characters_take_two_columns_and_combining_ones_none),
        cmocka_unit_test(cutting_counts_columns_not_bytes),
        cmocka_unit_test(numbers_are_grouped),
        cmocka_unit_test(sizes_and_durations_are_short),
        cmocka_unit_test(text_is_broken_between_words),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
