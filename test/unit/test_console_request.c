/* SPDX-License-Identifier: Apache-2.0 */
#include "console/contact.h"
#include "console/request.h"
#include "unit.h"

static void
check_form(const char *body, const char *name, const char *due)
{
    char value[16];

    assert_int_equal(request_form(value, sizeof(value), view_of_text(body), name), due != NULL);
    assert_string_equal(value, due != NULL ? due : "");
}

static void
values_of_forms(void **state PASU_UNUSED)
{
    check_form("a=1&contact=kim%40example.com", "contact", "kim@example.com");
    check_form("contact=%2B82+10&a=", "contact", "+82 10");
    check_form("contact=", "contact", "");
    check_form("acontact=1", "contact", NULL);
    check_form("contact", "contact", NULL);
    check_form("", "contact", NULL);
    check_form("a=%4", "a", "%4");
    check_form("a=%zz%", "a", "%zz%");
    check_form("a=x%00y", "a", "xy");
    check_form("a=12345678901234567890", "a", "123456789012345");
    check_form("&&a=1&a=2", "a", "1");
}

static void
languages(void **state PASU_UNUSED)
{
    assert_int_equal(request_language(NULL, "ko-KR,ko;q=0.9,en-US;q=0.8"), INQUIRY_KOREAN);
    assert_int_equal(request_language(NULL, "en-US,en;q=0.9,ko;q=0.8"), INQUIRY_ENGLISH);
    assert_int_equal(request_language(NULL, "ko;q=0.1, en;q=0.05"), INQUIRY_KOREAN);
    assert_int_equal(request_language(NULL, "fr, ko;q=0"), INQUIRY_ENGLISH);
    assert_int_equal(request_language(NULL, "kok"), INQUIRY_ENGLISH);
    assert_int_equal(request_language(NULL, NULL), INQUIRY_ENGLISH);
    assert_int_equal(request_language("ko", "en"), INQUIRY_KOREAN);
    assert_int_equal(request_language("xx", "ko"), INQUIRY_KOREAN);
}

static void
routes(void **state PASU_UNUSED)
{
    assert_int_equal(request_route("GET", "/"), ROUTE_ASK);
    assert_int_equal(request_route("HEAD", "/"), ROUTE_ASK);
    assert_int_equal(request_route("GET", "/code"), ROUTE_CODE);
    assert_int_equal(request_route("POST", "/code"), ROUTE_WANT_CODE);
    assert_int_equal(request_route("GET", "/certificate"), ROUTE_OTHER_METHOD);
    assert_int_equal(request_route("PUT", "/"), ROUTE_OTHER_METHOD);
    assert_int_equal(request_route("GET", "/../etc/passwd"), ROUTE_NONE);
}

static void
tokens_and_addresses(void **state PASU_UNUSED)
{
    uint8_t token[INQUIRY_TOKEN_SIZE];
    char text[2 * INQUIRY_TOKEN_SIZE + 1], address[16];

    assert_true(request_token(token, "00112233445566778899aabbccddeeff"));
    request_token_text(text, token);
    assert_string_equal(text, "00112233445566778899aabbccddeeff");
    assert_false(request_token(token, "00112233445566778899aabbccddeef"));
    assert_false(request_token(token, "00112233445566778899aabbccddeefg"));
    assert_false(request_token(token, NULL));
    assert_true(request_forwarded(address, sizeof(address), "6.6.6.6, 192.0.2.1"));
    assert_string_equal(address, "192.0.2.1");
    assert_true(request_forwarded(address, sizeof(address), "192.0.2.1 "));
    assert_string_equal(address, "192.0.2.1");
    assert_false(request_forwarded(address, sizeof(address), "1, "));
    assert_false(request_forwarded(address, sizeof(address), "123456789012345678"));
    assert_false(request_forwarded(address, sizeof(address), NULL));
}

static void
check_contact(const char *text, enum contact_kind kind, const char *due)
{
    char plain[INQUIRY_CONTACT_SIZE];

    assert_int_equal(contact_plain(plain, view_of_text(text)), kind);
    if (due != NULL)
        assert_string_equal(plain, due);
}

static void
contacts(void **state PASU_UNUSED)
{
    char longer[600];

    check_contact(" Kim@Example.COM ", CONTACT_EMAIL, "kim@example.com");
    check_contact("010-1234-5678", CONTACT_PHONE, "01012345678");
    check_contact("+82 10 1234 5678", CONTACT_PHONE, "01012345678");
    check_contact("Kim", CONTACT_NONE, NULL);
    check_contact("", CONTACT_NONE, NULL);
    check_contact("@", CONTACT_NONE, NULL);
    check_contact("a@b@c", CONTACT_NONE, NULL);
    check_contact("a@b\nBcc: c", CONTACT_NONE, NULL);
    check_contact("<a@b>", CONTACT_NONE, NULL);
    check_contact("1234", CONTACT_NONE, NULL);
    check_contact("+82 10-1278", CONTACT_NONE, NULL); /* its digits are another one's */
    /* letters that small ones of others look like are not folded into them */
    check_contact("m\u0131ke@example.org", CONTACT_EMAIL, "m\u0131ke@example.org");
    memset(longer, 'a', sizeof(longer) - 1);
    longer[300] = '@';
    longer[sizeof(longer) - 1] = '\0';
    check_contact(longer, CONTACT_NONE, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_forms), cmocka_unit_test(languages),
        cmocka_unit_test(routes),          cmocka_unit_test(tokens_and_addresses),
        cmocka_unit_test(contacts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
