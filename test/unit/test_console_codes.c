/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "console/codes.h"
#include "unit.h"

static const struct codes_limits limits = {.code_time = 600 * NANOSECONDS_PER_SECOND,
                                           .visit_time = 900 * NANOSECONDS_PER_SECOND,
                                           .per_contact = 3};
static const struct persons kim = {.count = 1, .items = {{"customer", "7"}}};

static struct os os;
static struct codes codes;

static int
begin(void **state PASU_UNUSED)
{
    now = 1;
    os = os_real;
    os.monotonic = os.realtime = clock_read;
    return codes_init(&codes, &os, &limits);
}

static int
end(void **state PASU_UNUSED)
{
    codes_release(&codes);
    return 0;
}

static void
ticket_of(uint8_t ticket[INQUIRY_TOKEN_SIZE], uint32_t number)
{
    memset(ticket, 0, INQUIRY_TOKEN_SIZE);
    memcpy(ticket, &number, sizeof(number));
}

/* With a code, unless that was asked for too often. */
static bool
ask(uint32_t number, const char *contact, char code[CODE_DIGITS + 1])
{
    uint8_t ticket[INQUIRY_TOKEN_SIZE];
    bool is_allowed;

    ticket_of(ticket, number);
    assert_int_equal(codes_ask(&codes, ticket, view_of_text(contact), &is_allowed), 0);
    if (is_allowed && code != NULL)
        assert_int_equal(codes_make(&codes, ticket, &kim, code), 0);
    return is_allowed;
}

static int
give(uint32_t number, const char *code, uint8_t token[INQUIRY_TOKEN_SIZE])
{
    uint8_t ticket[INQUIRY_TOKEN_SIZE];

    ticket_of(ticket, number);
    return codes_give(&codes, ticket, code, token);
}

static void
make_wrong(char code[CODE_DIGITS + 1])
{
    code[0] = code[0] == '9' ? '0' : (char)(code[0] + 1);
}

static void
a_right_code_opens_once(void **state PASU_UNUSED)
{
    char code[CODE_DIGITS + 1], spaced[CODE_DIGITS + 3];
    uint8_t token[INQUIRY_TOKEN_SIZE], other[INQUIRY_TOKEN_SIZE] = {0};

    assert_true(ask(1, "kim@example.com", code));
    assert_int_equal(strspn(code, "0123456789"), CODE_DIGITS);
    snprintf(spaced, sizeof(spaced), "%.4s-%s ", code, code + 4);
    assert_int_equal(give(1, spaced, token), 0);
    assert_string_equal(codes_persons(&codes, token)->items[0].key, "7");
    assert_null(codes_persons(&codes, other));
    assert_int_equal(give(1, code, other), PASU_E_TOKEN);
    codes_leave(&codes, token);
    assert_null(codes_persons(&codes, token));
}

static void
a_code_is_of_its_ticket_alone(void **state PASU_UNUSED)
{
    char code[CODE_DIGITS + 1];
    uint8_t token[INQUIRY_TOKEN_SIZE];

    assert_true(ask(1, "kim@example.com", code));
    assert_true(ask(2, "lee@example.com", NULL)); /* nobody's */
    assert_int_equal(give(2, code, token), PASU_E_TOKEN);
    assert_int_equal(give(3, code, token), PASU_E_TOKEN);
    assert_int_equal(give(2, "", token), PASU_E_TOKEN);
    assert_int_equal(give(2, "00000000", token), PASU_E_TOKEN);
    assert_int_equal(give(1, code, token), 0);
}

static void
a_code_is_over_after_its_time_and_a_token_after_its(void **state PASU_UNUSED)
{
    char code[CODE_DIGITS + 1];
    uint8_t token[INQUIRY_TOKEN_SIZE];

    assert_true(ask(1, "kim@example.com", code));
    later(600);
    assert_int_equal(give(1, code, token), PASU_E_TOKEN);
    assert_true(ask(2, "kim@example.com", code));
    later(599);
    assert_int_equal(give(2, code, token), 0);
    later(899);
    assert_non_null(codes_persons(&codes, token));
    later(1);
    assert_null(codes_persons(&codes, token));
}

static void
few_tries(void **state PASU_UNUSED)
{
    char code[CODE_DIGITS + 1], wrong[CODE_DIGITS + 1];
    uint8_t token[INQUIRY_TOKEN_SIZE];

    assert_true(ask(1, "kim@example.com", code));
    memcpy(wrong, code, sizeof(code));
    make_wrong(wrong);
    for (int i = 0; i < CODE_TRIES - 1; i++)
        assert_int_equal(give(1, wrong, token), PASU_E_TOKEN);
    assert_int_equal(give(1, code, token), 0);
    assert_true(ask(2, "kim@example.com", code));
    memcpy(wrong, code, sizeof(code));
    make_wrong(wrong);
    for (int i = 0; i < CODE_TRIES; i++)
        assert_int_equal(give(2, wrong, token), PASU_E_TOKEN);
    assert_int_equal(give(2, code, token), PASU_E_TOKEN);
}

static void
so_many_codes_for_a_contact_in_an_hour(void **state PASU_UNUSED)
{
    for (uint32_t i = 0; i < 3; i++)
        assert_true(ask(i, "kim@example.com", NULL));
    assert_false(ask(9, "kim@example.com", NULL));
    assert_true(ask(9, "lee@example.com", NULL));
    later(1199);
    assert_false(ask(9, "kim@example.com", NULL));
    later(1);
    assert_true(ask(9, "kim@example.com", NULL));
    assert_false(ask(9, "kim@example.com", NULL));
    later(3 * 3600); /* no more than full */
    for (uint32_t i = 0; i < 3; i++)
        assert_true(ask(i, "kim@example.com", NULL));
    assert_false(ask(9, "kim@example.com", NULL));
}

/* However many tickets there are, memory is what it was, and the oldest goes first. */
static void
many_tickets(void **state PASU_UNUSED)
{
    char first[CODE_DIGITS + 1], second[CODE_DIGITS + 1], contact[32];
    uint8_t token[INQUIRY_TOKEN_SIZE];

    assert_true(ask(1, "kim@example.com", first));
    later(1);
    assert_true(ask(2, "kim@example.com", second));
    later(1);
    for (uint32_t i = 0; i < CODES_MAX - 1; i++) {
        snprintf(contact, sizeof(contact), "%u@example.com", i);
        assert_true(ask(10 + i, contact, NULL));
    }
    assert_int_equal(give(1, first, token), PASU_E_TOKEN);
    assert_int_equal(give(2, second, token), 0);
}

/* The stored bytes hold neither contact, code, ticket nor token. */
static void
nothing_is_kept_in_plain(void **state PASU_UNUSED)
{
    char code[CODE_DIGITS + 1];
    uint8_t token[INQUIRY_TOKEN_SIZE], ticket[INQUIRY_TOKEN_SIZE];
    size_t items = CODES_MAX * sizeof(*codes.items), visits = VISITS_MAX * sizeof(*codes.visits);

    ticket_of(ticket, 0x61626364);
    assert_true(ask(0x61626364, "kim@example.com", code));
    assert_null(memmem(codes.items, items, code, CODE_DIGITS));
    assert_null(memmem(codes.items, items, "kim@", 4));
    assert_null(memmem(codes.items, items, ticket, sizeof(ticket)));
    assert_null(memmem(codes.contacts.items, RATES_ROOM * sizeof(struct rate), "kim@", 4));
    assert_int_equal(give(0x61626364, code, token), 0);
    assert_null(memmem(codes.visits, visits, token, sizeof(token)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_right_code_opens_once, begin, end),
        cmocka_unit_test_setup_teardown(a_code_is_of_its_ticket_alone, begin, end),
        cmocka_unit_test_setup_teardown(a_code_is_over_after_its_time_and_a_token_after_its, begin,
                                        end),
        cmocka_unit_test_setup_teardown(few_tries, begin, end),
        cmocka_unit_test_setup_teardown(so_many_codes_for_a_contact_in_an_hour, begin, end),
        cmocka_unit_test_setup_teardown(many_tickets, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_kept_in_plain, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
