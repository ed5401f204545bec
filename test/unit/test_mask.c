/* SPDX-License-Identifier: Apache-2.0 */
/* What a mask leaves of values of each kind, and that it never leaves all of one. */
#include "policy/mask.h"

#include "random.h"
#include "unit.h"

enum { TEXT_SIZE = 1024, ROUNDS = 200000 };

/* The value, masked. */
static const char *
masked(enum look look, const char *value)
{
    static char text[TEXT_SIZE];
    uint8_t steps[MASK_CHARACTERS_MAX];
    struct view rest = view_of_text(value);
    size_t count = mask_steps(look, rest, steps), at = 0;

    if (count == 0)
        return MASK_WHOLE;
    for (size_t i = 0; i < count; i++) {
        size_t n = 1;

        while (n < rest.length && (rest.bytes[n] & 0xc0) == 0x80)
            n++;
        if (steps[i] == MASK_KEEP)
            memcpy(text + at, rest.bytes, n);
        else if (steps[i] == MASK_STAR)
            text[at] = '*';
        at += steps[i] == MASK_KEEP ? n : steps[i] == MASK_STAR;
        rest = view_of(rest.bytes + n, rest.length - n);
    }
    assert_int_equal(rest.length, 0);
    text[at] = '\0';
    return text;
}

struct mask_case {
    const char *value, *due;
};

static void
assert_masked(enum look look, const struct mask_case *cases)
{
    for (; cases->value; cases++) {
        const char *is = masked(look, cases->value);

        if (strcmp(is, cases->due) != 0)
            print_error("%s: is %s, must be %s\n", cases->value, is, cases->due);
        assert_string_equal(is, cases->due);
    }
}

static void
of_names_the_first_and_the_last_syllable_are_left_or_first_letters(void **state PASU_UNUSED)
{
    assert_masked(LOOK_NAME, (const struct mask_case[]){{"홍길동", "홍*동"},
                                                        {"김철", "김*"},
                                                        {"김", "*"},
                                                        {"남궁민수", "남**수"},
                                                        {"황보 민수", "황* *수"},
                                                        {"홍 길동", "홍 *동"},
                                                        {"김빛나리아름다운", "김******운"},
                                                        {"김빛나리아름다운별님", "김*********"},
                                                        {"王小明", "王*明"},
                                                        {"Jane Smith", "J*** S****"},
                                                        {"J. R. Ewing", "*. *. E****"},
                                                        {"Jean-Luc O'Neil", "J***-L** *'N***"},
                                                        {"Ørsted", "Ø*****"},
                                                        {"Иван Петров", "И*** П*****"},
                                                        {"김 Alex", "* A***"},
                                                        {"홍길동2", "***"},
                                                        {"홍길동\n", "***"},
                                                        {"\"Bob\"", "***"},
                                                        {"- -", "***"},
                                                        {"", "***"},
                                                        {"\xed\x99", "***"},
                                                        {NULL, NULL}});
}

static void
of_telephone_numbers_the_beginning_and_four_digits_are_left(void **state PASU_UNUSED)
{
    assert_masked(LOOK_PHONE,
                  (const struct mask_case[]){{"010-1234-5678", "010-****-5678"},
                                             {"01012345678", "010****5678"},
                                             {"010 1234 5678", "010 **** 5678"},
                                             {"010.123.4567", "010.***.4567"},
                                             {"(02) 123-4567", "(02) ***-4567"},
                                             {"02-1234-5678", "02-****-5678"},
                                             {"0212345678", "02****5678"},
                                             {"031-123-4567", "031-***-4567"},
                                             {"0502-1234-5678", "0502-****-5678"},
                                             {"1588-1234", "****-1234"},
                                             {"+82-10-1234-5678", "+82-10-****-5678"},
                                             {"+82 2 123 4567", "+82 * *** 4567"},
                                             {"+1 (415) 555-2671", "+1 (41*) ***-2671"},
                                             {"0082 10 1234 5678", "0082 1* **** 5678"},
                                             {"555-2671", "***"}, /* too few to hide some of them */
                                             {"02-123-456", "***"},
                                             {"010-1234-5678 (home)", "***"},
                                             {"010-1234-5678, 010-9876-5432", "***"},
                                             {"1234567890123456", "***"},
                                             {"none", "***"},
                                             {"kim@example.com", "k**@example.com"},
                                             {NULL, NULL}});
}

static void
of_other_kinds_is_left_what_says_little(void **state PASU_UNUSED)
{
    assert_masked(LOOK_EMAIL, (const struct mask_case[]){{"kminsu@example.com", "k***@example.com"},
                                                         {"ab@example.com", "a*@example.com"},
                                                         {"a@example.com", "*@example.com"},
                                                         {"kim@localhost", "***"},
                                                         {"Kim <kim@example.com>", "***"},
                                                         {"김@example.com", "***"},
                                                         {"010-1234-5678", "010-****-5678"},
                                                         {NULL, NULL}});
    assert_masked(LOOK_ADDRESS, (const struct mask_case[]){
                                    {"서울특별시 강남구 테헤란로 1", "서울특별시 강남구 ***"},
                                    {"서울 강남구 테헤란로 1", "서울 강남구 ***"},
                                    {"경기도 성남시 분당구 1", "경기도 성남시 ***"},
                                    {"제주 애월읍 1", "제주 ***"},
                                    {"서울 강남구", "서울 ***"},
                                    {"서울", "***"},
                                    {"홍길동시 테헤란로 1", "홍길동시 ***"},
                                    {"06236 서울 강남구 1", "***"},
                                    {"12 Main Street, Springfield", "***"},
                                    {NULL, NULL}});
    assert_masked(LOOK_CARD,
                  (const struct mask_case[]){{"1234-5678-9012-3456", "1234-****-****-3456"},
                                             {"378282246310005", "3782*******0005"},
                                             {"123456789012", "***"},
                                             {"1234 5678 9012 345a", "***"},
                                             {NULL, NULL}});
    assert_masked(LOOK_RESIDENT, (const struct mask_case[]){{"900101-1234567", "900101-*******"},
                                                            {"9001011234567", "900101*******"},
                                                            {"900101-123456", "***"},
                                                            {"010-1234-5678", "***"},
                                                            {NULL, NULL}});
    for (unsigned look = 0; look < LOOK_COUNT; look++)
        if (look == LOOK_PASSPORT || look == LOOK_LICENCE || look == LOOK_ACCOUNT ||
            look == LOOK_BIRTH)
            assert_string_equal(masked((enum look)look, "kim@example.com"), "***");
}

static void
of_what_nobody_knows_only_what_is_surely_known_is_left(void **state PASU_UNUSED)
{
    assert_masked(LOOK_NONE, (const struct mask_case[]){{"kim@example.com", "k**@example.com"},
                                                        {"010-1234-5678", "010-****-5678"},
                                                        {"12345678", "***"},
                                                        {"홍길동", "***"},
                                                        {"900101-1234567", "***"},
                                                        {"#1234", "***"},
                                                        {NULL, NULL}});
}

/* Whatever it is: something is hidden, and of digits at least three. */
static void
never_is_all_of_a_value_left(void **state PASU_UNUSED)
{
    static const char *const pieces[] = {"0",  "1",   "10",  "82",   "+", "-",   " ",
                                         "(",  ")",   ".",   "@",    "a", "B",   "com",
                                         "홍", "시 ", "구 ", "서울", "é", "\x80"};
    struct random r = {UINT64_C(20261127)};

    for (size_t i = 0; i < ROUNDS; i++) {
        uint8_t steps[MASK_CHARACTERS_MAX];
        char text[TEXT_SIZE] = "";
        enum look look = (enum look)random_below(&r, LOOK_COUNT + 1);
        size_t count, hidden = 0, digits = 0, dark = 0;

        for (size_t n = random_below(&r, 24); n > 0; n--)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
                     pieces[random_below(&r, COUNT_OF(pieces))]);
        count = mask_steps(look, view_of_text(text), steps);
        for (size_t c = 0; c < count; c++)
            hidden += steps[c] != MASK_KEEP;
        if (count == 0)
            continue;
        assert_true(hidden > 0);
        if (look != LOOK_PHONE || strlen(text) != count)
            continue;
        for (size_t c = 0; c < count; c++) {
            digits += text[c] >= '0' && text[c] <= '9';
            dark += text[c] >= '0' && text[c] <= '9' && steps[c] != MASK_KEEP;
        }
        if (!strchr(text, '@'))
            assert_true(digits >= 8 && dark >= 3);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_names_the_first_and_the_last_syllable_are_left_or_first_letters),
        cmocka_unit_test(of_telephone_numbers_the_beginning_and_four_digits_are_left),
        cmocka_unit_test(of_other_kinds_is_left_what_says_little),
        cmocka_unit_test(of_what_nobody_knows_only_what_is_surely_known_is_left),
        cmocka_unit_test(never_is_all_of_a_value_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
