/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/identity.h"
#include "policy/spelling.h"
#include "unit.h"

static bool
is_spelled(const char *value, const char *way)
{
    struct spellings s = {.count = 0};

    spellings_of(&s, view_of_text(value));
    for (size_t i = 0; i < s.count; i++)
        if (view_equal(spellings_at(&s, i), view_of_text(way)))
            return true;
    return false;
}

static void
a_telephone_number_is_found_from_any_way_in_any_way(void **state PASU_UNUSED)
{
    static const char *const ways[] = {"01012345678",      "010-1234-5678",    "010 1234 5678",
                                       "010.1234.5678",    "+821012345678",    "+82-10-1234-5678",
                                       "+82 10 1234 5678", "+82 10-1234-5678", "821012345678",
                                       "(010) 1234-5678"};
    static const char *const more[] = {
        "+82 (0)10 1234 5678",     "0082 10 1234 5678",          "1012345678",
        "  010 - 1234 - 5678 ",    "０１０－１２３４－５６７８", "010\u20131234\u20135678",
        "010\u00a01234\u00a05678", "\u200b010-1234-5678"};

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        for (size_t j = 0; j < COUNT_OF(ways); j++)
            assert_true(is_spelled(ways[i], ways[j]));
        for (size_t j = 0; j < COUNT_OF(more); j++)
            assert_true(is_spelled(more[j], ways[i]));
    }
    assert_true(is_spelled("02)123-4567", "02-123-4567"));
    assert_true(is_spelled("0212345678", "02-1234-5678"));
    assert_true(is_spelled("+1 (212) 555-0100", "+12125550100"));
}

static void
what_is_no_telephone_number_stays_one_value(void **state PASU_UNUSED)
{
    static const char *const values[] = {"4711",       "12345678", "a01012345678",
                                         "2026-05-03", "-",        "010-1234-5678-9999-0000"};
    struct spellings s = {.count = 0};

    for (size_t i = 0; i < COUNT_OF(values); i++) {
        spellings_of(&s, view_of_text(values[i]));
        assert_int_equal(s.count, 1);
        assert_true(is_spelled(values[i], values[i]));
    }
}

static void
addresses_of_mail_and_hangul_come_to_one_form(void **state PASU_UNUSED)
{
    assert_true(is_spelled(" ADA@Mail.Example ", "ada@mail.example"));
    assert_true(is_spelled(" ADA@Mail.Example ", "ADA@Mail.Example"));
    assert_true(is_spelled("ａｄａ＠mail.example", "ada@mail.example"));
    /* The jamo of 이영희 and of 각: with and without a trailing consonant. */
    assert_true(is_spelled("\u110b\u1175\u110b\u1167\u11bc\u1112\u1174", "이영희"));
    assert_true(is_spelled("\u1100\u1161\u11a8", "각"));
    assert_true(is_spelled("이영희", "이영희"));
    assert_true(is_spelled("이\u3000영희 ", "이 영희"));
    assert_false(is_spelled("Ada", "ada")); /* no address of mail */
}

static void
hostile_values_come_back_as_they_are(void **state PASU_UNUSED)
{
    static const char broken[] = {(char)0xff, 'x', 0};
    char longer[SPELLING_SIZE * 3];
    struct spellings s = {.count = 0};

    assert_true(is_spelled(broken, broken));
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    spellings_of(&s, view_of_text(longer));
    assert_int_equal(s.count, 1);
    assert_int_equal(spellings_at(&s, 0).length, sizeof(longer) - 1);
    spellings_of(&s, view_of("", 0));
    assert_int_equal(spellings_at(&s, 0).length, 0);
}

/* Of all spellings, those that have one of the shapes are there, whatever was asked before. */
static void
none_of_the_shapes_that_are_wanted_is_left_out(void **state PASU_UNUSED)
{
    static const char *const numbers[] = {"010-1234-5678",  "+82 2 123 4567", "02-1234-5678",
                                          "0505-1234-5678", "0311234567",     "+49 30 901820"};
    struct spellings all = {.count = 0}, some = {.count = 0};
    uint64_t shapes = 1;
    size_t left_out = 0;

    for (int round = 0; round < 2000; round++) {
        const char *number = numbers[round % 6];

        shapes = shapes * UINT64_C(6364136223846793005) + 1442695040888963407;
        spellings_of(&all, view_of_text(number));
        spellings_shaped(&some, view_of_text(number), shapes | 1);
        for (size_t i = 0; i < all.count; i++) {
            struct view one = spellings_at(&all, i);
            bool is_there = false;

            for (size_t k = 0; k < some.count; k++)
                is_there |= view_equal(spellings_at(&some, k), one);
            left_out += !is_there;
            assert_true(is_there || ((shapes | 1) >> identity_shape(one) & 1) == 0);
        }
    }
    assert_true(left_out > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_telephone_number_is_found_from_any_way_in_any_way),
        cmocka_unit_test(what_is_no_telephone_number_stays_one_value),
        cmocka_unit_test(addresses_of_mail_and_hangul_come_to_one_form),
        cmocka_unit_test(hostile_values_come_back_as_they_are),
        cmocka_unit_test(none_of_the_shapes_that_are_wanted_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
