/* SPDX-License-Identifier: Apache-2.0 */
/* What looks like personal data, and what does not though it has as many digits. */
#include "base/memory.h"
#include "policy/looks.h"
#include "random.h"
#include "unit.h"

enum { TODAY = 20261126 };

static void
assert_value(const char *value, uint32_t expected)
{
    uint32_t is = looks_of_value(view_of_text(value), TODAY);

    if (is != expected)
        print_error("%s: is %#x, must be %#x\n", value, (unsigned)is, (unsigned)expected);
    assert_int_equal(is, expected);
}

static void
assert_values(const char *const *values, uint32_t expected)
{
    for (; *values; values++)
        assert_value(*values, expected);
}

static void
email_addresses_are_told(void **state PASU_UNUSED)
{
    static const char *const true_ones[] = {"kim@example.com",          " kim@example.com\n",
                                            "a.b+c@mail.example.co.kr", "o'neil@example.org",
                                            "1@a-b.xn.museum",          NULL};
    static const char *const others[] = {"kim@",
                                         "@example.com",
                                         "kim@localhost",
                                         "kim@1.2.3.4",
                                         "kim@@a.com",
                                         "a b@example.com",
                                         ".kim@a.com",
                                         "kim.@a.com",
                                         "kim@-a.com",
                                         "kim@a-.com",
                                         "kim@a..com",
                                         "see kim@example.com",
                                         "user@host:/path",
                                         "",
                                         NULL};

    assert_values(true_ones, LOOK_BIT(EMAIL));
    assert_values(others, 0);
}

static void
telephone_numbers_are_told(void **state PASU_UNUSED)
{
    static const char *const true_ones[] = {"010-1234-5678",
                                            "01012345678",
                                            "010 1234 5678",
                                            "010.1234.5678",
                                            "011-234-5678",
                                            "02-123-4567",
                                            "02-1234-5678",
                                            "(02) 1234-5678",
                                            "031-123-4567",
                                            "070-1234-5678",
                                            "0505-123-4567",
                                            "+82-10-1234-5678",
                                            "+821012345678",
                                            "+82 (0)10-1234-5678",
                                            "+1 212 555 0123",
                                            "+49 30 123456",
                                            NULL};
    static const char *const others[] = {
        "1234567890",      "12345678901",    "010-1234-567",   "010-123-45678", "010-0234-5678",
        "10-1234-5678",    "020-1234-5678",  "1588-1234",      "2024-01-15",    "192.168.10.20",
        "010-1234-5678-9", "010--1234-5678", "010-1234-5678x", "0101234567",    "099-1234-5678",
        "+8210123",        "(010-1234-5678", "01-0123-45678",  "123-45-67890",  NULL};

    assert_values(true_ones, LOOK_BIT(PHONE));
    assert_values(others, 0);
}

static void
resident_registration_numbers_are_told_by_check_digit_or_birth(void **state PASU_UNUSED)
{
    static const char *const true_ones[] = {"800101-1234560", "8001011234560", "051231-4123455",
                                            "920229-2123450", "880704-5123455", "010203-7345672",
                                            /* since October 2020 the last digits are random */
                                            "201001-3999999", "240229-4000000", "251231-7000001",
                                            NULL};
    static const char *const others[] = {
        "800101-1234563", /* the check digit */
        "8001011234563",
        "900229-2123455", /* no leap year */
        "801301-1234567",
        "800132-1234567",
        "200930-3999999", /* before random digits */
        "2010013999999",  /* random digits, but no hyphen */
        "261127-3999999", /* tomorrow */
        "240115-1234567", /* an order number that begins with its day: would be born in 1924 */
        "8001-011234560",
        "800101 1234560",
        "800101.1234560",
        "80010-11234560",
        "800101--1234560",
        "1700000000000", /* milliseconds */
        "4006381333931", /* EAN-13 */
        NULL};

    assert_values(true_ones, LOOK_BIT(RESIDENT));
    assert_values(others, 0);
}

static void
card_numbers_are_told_by_luhn_and_network(void **state PASU_UNUSED)
{
    static const char *const true_ones[] = {"4000001234567899",    "4000-0012-3456-7899",
                                            "5105 1051 0510 5100", "378282246310005",
                                            "3782-822463-10005",   NULL};
    static const char *const others[] = {
        "4000001234567890", /* Luhn */
        "1234567890123452", /* no network begins so */
        "400000123456789",  /* its length */
        "40000012-34567899", "4000.0012.3456.7899", "+4000001234567899", "0000000000000000", NULL};

    assert_values(true_ones, LOOK_BIT(CARD));
    assert_values(others, 0);
}

static void
addresses_are_told(void **state PASU_UNUSED)
{
    static const char *const true_ones[] = {"서울특별시 강남구 테헤란로 152",
                                            "경기도 수원시 팔달구 효원로 1",
                                            "부산 해운대구 우동 1408",
                                            "전라남도 고흥군 고흥읍 흥양길 40",
                                            "세종특별자치시 한누리대로 2130",
                                            "강남구 테헤란로14길 6",
                                            "12 Main Street, Springfield",
                                            "152, Teheran-ro, Gangnam-gu, Seoul",
                                            NULL};
    static const char *const others[] = {"서울",
                                         "강남구",
                                         "테헤란로 152",
                                         "다시 전화로 연락 바랍니다",
                                         "Main Street",
                                         "12 apples",
                                         "the road is long",
                                         "order 12",
                                         "",
                                         NULL};

    assert_values(true_ones, LOOK_BIT(ADDRESS));
    assert_values(others, 0);
}

/* Of a hundred thousand numbers of each length, written as orders are, hardly one may look like a
 * person's. */
static void
numbers_that_count_up_are_nobodys(void **state PASU_UNUSED)
{
    uint32_t resident = 0, card = 0, phone = 0;

    for (unsigned i = 0; i < 100000; i++) {
        char text[32];
        uint32_t looks;

        snprintf(text, sizeof(text), "%06u-1%06u", 240101 + i % 28, i);
        looks = looks_of_value(view_of_text(text), TODAY);
        resident += (looks & LOOK_BIT(RESIDENT)) != 0;
        snprintf(text, sizeof(text), "%u", 4000000000u + i);
        phone += (looks_of_value(view_of_text(text), TODAY) & LOOK_BIT(PHONE)) != 0;
        snprintf(text, sizeof(text), "41000000%08u", i);
        card += (looks_of_value(view_of_text(text), TODAY) & LOOK_BIT(CARD)) != 0;
    }
    /* The check digits are right in one of ten: far from the half that a column must have. */
    assert_in_range(resident, 1, 15000);
    assert_in_range(card, 1, 15000);
    assert_int_equal(phone, 0);
}

static void
what_stands_among_words_is_told_only_where_it_is_certain(void **state PASU_UNUSED)
{
    static const struct {
        const char *text;
        uint32_t looks, others;
    } cases[] = {
        {"call 010-1234-5678, or mail kim@example.com.", LOOK_BIT(PHONE) | LOOK_BIT(EMAIL), 0},
        {"{\"tel\":\"010-1234-5678\"}", LOOK_BIT(PHONE), 0},
        {"rrn=800101-1234560", 0, 0}, /* one word */
        {"no. 800101-1234560", LOOK_BIT(RESIDENT), 0},
        {"card 4000-0012-3456-7899", LOOK_BIT(CARD), 0},
        {"ref 01012345678 8001011234560 4000001234567899", 0, 0},
        {"order 240115-1234567 of 2024-01-15", 0, LOOK_BIT(RESIDENT)},
        {"4000-0012-3456-7890", 0, LOOK_BIT(CARD)},
        {"...", 0, 0},
        {"", 0, 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint32_t others;

        assert_int_equal(looks_within(view_of_text(cases[i].text), TODAY, &others), cases[i].looks);
        assert_int_equal(others, cases[i].others);
    }
}

static void
names_of_columns_tell(void **state PASU_UNUSED)
{
    static const struct {
        const char *table, *column;
        enum look look;
    } cases[] = {
        {"customers", "name", LOOK_NAME},
        {"customers", "full_name", LOOK_NAME},
        {"customers", "firstName", LOOK_NAME},
        {"회원", "성명", LOOK_NAME},
        {"회원", "이름", LOOK_NAME},
        {"parcels", "recipient", LOOK_NAME},
        {"customers", "phone", LOOK_PHONE},
        {"customers", "home_phone_no", LOOK_PHONE},
        {"customers", "MOBILE", LOOK_PHONE},
        {"customers", "tel2", LOOK_NONE}, /* one word, which is not listed */
        {"회원", "휴대폰번호", LOOK_PHONE},
        {"회원", "집전화", LOOK_PHONE},
        {"customers", "email_address", LOOK_EMAIL},
        {"customers", "e_mail", LOOK_EMAIL},
        {"회원", "이메일주소", LOOK_EMAIL},
        {"customers", "address", LOOK_ADDRESS},
        {"customers", "addr1", LOOK_ADDRESS},
        {"회원", "배송지주소", LOOK_ADDRESS},
        {"customers", "rrn", LOOK_RESIDENT},
        {"customers", "jumin_no", LOOK_RESIDENT},
        {"회원", "주민등록번호", LOOK_RESIDENT},
        {"payments", "card_no", LOOK_CARD},
        {"payments", "cardNumber", LOOK_CARD},
        {"customers", "birth_date", LOOK_BIRTH},
        {"회원", "생년월일", LOOK_BIRTH},
        {"customers", "passport_no", LOOK_PASSPORT},
        {"customers", "bank_account", LOOK_ACCOUNT},
        {"회원", "계좌번호", LOOK_ACCOUNT},
        /* somebody's, but not the thing itself */
        {"customers", "phone_verified", LOOK_NONE},
        {"customers", "address_id", LOOK_NONE},
        {"customers", "email_sent", LOOK_NONE},
        {"customers", "is_mobile", LOOK_NONE},
        /* of things */
        {"products", "name", LOOK_NONE},
        {"categories", "name", LOOK_NONE},
        {"orders", "product_name", LOOK_NONE},
        {"uploads", "file_name", LOOK_NONE},
        {"sessions", "ip_address", LOOK_NONE},
        {"products", "title", LOOK_NONE},
        {"customers", "id", LOOK_NONE},
        {"customers", "grade", LOOK_NONE},
        {"hotels", "telemetry", LOOK_NONE},
        {"company_members", "name", LOOK_NAME},
        {"", "", LOOK_NONE},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum look look = look_of_name(cases[i].table, cases[i].column);

        if (look != cases[i].look)
            print_error("%s.%s\n", cases[i].table, cases[i].column);
        assert_int_equal(look, cases[i].look);
    }
}

/* Whatever the bytes are, nothing is read beyond them, and nothing written. */
static void
any_bytes_are_looked_at_safely(void **state PASU_UNUSED)
{
    static const char alphabet[] = "0189-+() .@akz_:\"\\\0\xec\x8b\x9c\xff";
    struct random random = {7};

    for (unsigned round = 0; round < 20000; round++) {
        size_t length = (size_t)random_below(&random, 40);
        uint8_t *bytes = memory_new(length + 1, 1); /* its own block: a sanitizer sees its end */
        uint32_t others;
        char name[41];

        assert_non_null(bytes);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)alphabet[random_below(&random, sizeof(alphabet) - 1)];
        (void)looks_of_value(view_of(bytes, length), TODAY);
        (void)looks_within(view_of(bytes, length), TODAY, &others);
        text_from_view(name, sizeof(name), view_of(bytes, length));
        (void)look_of_name(name, name);
        memory_free(bytes);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(email_addresses_are_told),
        cmocka_unit_test(telephone_numbers_are_told),
        cmocka_unit_test(resident_registration_numbers_are_told_by_check_digit_or_birth),
        cmocka_unit_test(card_numbers_are_told_by_luhn_and_network),
        cmocka_unit_test(addresses_are_told),
        cmocka_unit_test(numbers_that_count_up_are_nobodys),
        cmocka_unit_test(what_stands_among_words_is_told_only_where_it_is_certain),
        cmocka_unit_test(names_of_columns_tell),
        cmocka_unit_test(any_bytes_are_looked_at_safely),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
