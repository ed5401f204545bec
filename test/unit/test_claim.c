/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a comment at the end of a text names. */
#include "postgres/claim.h"
#include "unit.h"

struct row {
    const char *text, *actor; /* "": nobody */
};

#define LONG "012345678901234567890123456789012345678901234567890123456789"

static const struct row rows[] = {
    {"SELECT 1 /*actor='kim'*/", "kim"},
    {"SELECT 1 /*actor='kim'*/ ;\n", "kim"},
    {"SELECT 1/* actor='kim' */", "kim"},
    {"/*actor='kim'*/", "kim"},
    {"SELECT 1 /*action='%2Fx',actor='kim%40shop.kr',traceparent='00-a-b-01'*/", "kim@shop.kr"},
    {"SELECT 1 /*actor='%EA%B9%80'*/", "\xea\xb9\x80"},
    {"SELECT 1 /*actor='O\\'Neil'*/", "O'Neil"},
    {"SELECT 1 /*actor='a%2'*/", "a%2"},
    {"SELECT 1 /*actor='a%00b%0Ac%FF'*/", "a?b?c?"},
    {"SELECT 1 /*actor='" LONG "abc'*/", LONG "abc"},
    {"SELECT 1 /*actor='" LONG "abcd'*/", LONG "abc"},
    {"SELECT 1 /*actor='" LONG "ab%EA%B9%80'*/", LONG "ab"},
    {"SELECT 1 /*user='lee'*/", "lee"},
    {"SELECT 1 /*user='lee',actor='kim'*/", "kim"},
    {"SELECT 1 /*actor='kim',user='lee'*/", "kim"},
    {"SELECT 1 /*actor='',user='lee'*/", "lee"},
    {"SELECT 1 /*pasu.actor='kim'*/", "kim"},
    {"SELECT 1 /*pasu%2Eactor='kim'*/", "kim"},
    {"SELECT 1 /*actors='kim'*/", ""},
    {"SELECT 1 /*route='actor=\\'lee\\''*/", ""},
    {"SELECT 1 /*actor=kim*/", ""},
    {"SELECT 1 /*actor='kim*/", ""},
    {"SELECT 1 /*actor='kim'*/ + 1", ""},
    {"SELECT 1 -- actor='kim'", ""},
    {"SELECT '/*actor=''kim''*/'", ""},
    {"SELECT 1 /*actor='kim' /* x */ */", ""},
    {"SELECT 1 /*/", ""},
    {"*/", ""},
    {"", ""},
};

static void
the_last_comment_names_somebody(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct claim claim;
        bool is_named = claim_read(&claim, view_of_text(rows[i].text));

        if (strcmp(claim.actor, rows[i].actor) != 0 || is_named != (rows[i].actor[0] != '\0'))
            fail_msg("%s: %s", rows[i].text, claim.actor);
    }
}

static const struct {
    const char *text, *purpose;
} purposes[] = {
    {"SELECT 1 /* purpose=ticket-17 */", "ticket-17"},
    {"SELECT 1 /*purpose=ticket-17*/;", "ticket-17"},
    {"/* purpose=JIRA:A/1_b.c#2 */ SELECT 1", "JIRA:A/1_b.c#2"},
    {"  /*purpose='x'*/ SELECT 1", "x"},
    {"SELECT 1 /*actor='kim',purpose='%41udit'*/", "Audit"},
    {"SELECT 1 /*purpose=a, actor='kim'*/", "a"},
    {"SELECT 1 /*pasu.purpose='a'*/", "a"},
    {"/*purpose=first*/ SELECT 1 /*purpose=last*/", "last"},
    {"/*purpose=first*/ SELECT 1 /*actor='kim'*/", "first"},
    {"SELECT 1 /*purpose='" LONG "abc'*/", LONG "abc"},
    /* malformed, or said twice: none, and not another one */
    {"SELECT 1 /*purpose='" LONG "abcd'*/", ""},
    {"/*purpose=good*/ SELECT 1 /*purpose='a b'*/", ""},
    {"SELECT 1 /*purpose=a,purpose=b*/", ""},
    {"SELECT 1 /*purpose=a,pasu.purpose='a'*/", ""},
    {"SELECT 1 /*purpose='a%00b'*/", ""},
    {"SELECT 1 /*purpose='a;b'*/", ""},
    {"SELECT 1 /*purpose=a'b*/", ""},
    {"SELECT 1 /*purpose=\xea\xb9\x80*/", ""},
    {"SELECT 1 /*purpose=*/", ""},
    {"SELECT 1 /*purpose=''*/", ""},
    {"SELECT 1 /*purpose = a*/", ""},
    {"SELECT 1 /*purposes=a*/", ""},
    {"SELECT 1 /*user=lee,purpose=a*/", ""},
    /* not at its ends */
    {"SELECT /*purpose=a*/ 1", ""},
    {"SELECT '/*purpose=a*/'", ""},
    {"SELECT $$ /*purpose=a*/ $$", ""},
    {"DO $$BEGIN /*purpose=a*/ END$$", ""},
    {"-- /*purpose=a*/\nSELECT 1", ""},
    {"/*/*purpose=a*/*/ SELECT 1", ""},
    {"/*purpose=a /* */ */ SELECT 1", ""},
    {"/*purpose=a", ""},
    {"/*/", ""},
};

static void
a_purpose_stands_in_a_comment_at_either_end(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(purposes); i++) {
        struct claim claim;

        claim_read(&claim, view_of_text(purposes[i].text));
        if (strcmp(claim.purpose, purposes[i].purpose) != 0)
            fail_msg("%s: %s", purposes[i].text, claim.purpose);
    }
}

static void
a_source_is_kept_as_it_is(void **state PASU_UNUSED)
{
    struct claim claim;

    assert_true(claim_read(&claim, VIEW("SELECT 1 /*source='2001%3Adb8::7;17;ab',actor='kim'*/")));
    assert_string_equal(claim.source, "2001:db8::7;17;ab");
    assert_string_equal(claim.actor, "kim");
    assert_true(claim_read(&claim, VIEW("SELECT 1 /*pasu.source='1.2.3.4',source='5.6.7.8'*/")));
    assert_string_equal(claim.source, "5.6.7.8");
    assert_false(claim_read(&claim, VIEW("/*source='1.2.3.4'*/ SELECT 1")));
    assert_string_equal(claim.source, "");
}

static void
no_truncation_reads_beyond(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t length = strlen(rows[i].text);

        for (size_t from = 0; from <= length; from++)
            for (size_t n = 0; from + n <= length; n++) {
                struct claim claim;
                uint8_t *copy = test_malloc(n + 1);

                memcpy(copy, rows[i].text + from, n);
                claim_read(&claim, view_of(copy, n));
                assert_true(strlen(claim.actor) < CLAIM_TEXT_MAX);
                test_free(copy);
            }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_comment_names_somebody),
        cmocka_unit_test(a_purpose_stands_in_a_comment_at_either_end),
        cmocka_unit_test(a_source_is_kept_as_it_is),
        cmocka_unit_test(no_truncation_reads_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
