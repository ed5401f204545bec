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
        cmocka_unit_test(no_truncation_reads_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
