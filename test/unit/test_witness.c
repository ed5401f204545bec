/* SPDX-License-Identifier: Apache-2.0 */
/* What is said to a witness, and which of its answers are believed. The cosignature that is good
 * was made by another implementation. */
#include "note_keys.h"
#include "respond/witness.h"

#define NOTE OTHER_TEXT "\n" OTHER_LOG_LINE

static struct note_key
witness_key(void)
{
    struct note_key key;

    assert_int_equal(note_key_parse(&key, VIEW(OTHER_WITNESS_KEY)), 0);
    return key;
}

static ssize_t
cosigned(const char *answer)
{
    const struct note_key key = witness_key();
    uint8_t lines[WITNESS_LINES_MAX];

    return witness_cosigned(lines, &key, VIEW(NOTE), view_of_text(answer));
}

static void
a_request_is_size_proof_and_checkpoint(void **state PASU_UNUSED)
{
    static const char first[] = "old 0\n\n" NOTE;
    static const char next[] = "old 18446744073709551615\n"
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                               "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n" NOTE;
    uint8_t request[WITNESS_REQUEST_MAX];
    struct tree_hash hashes[2] = {{{0}}};
    ssize_t length = witness_request(request, 0, NULL, 0, VIEW(NOTE));

    assert_int_equal(length, sizeof(first) - 1);
    assert_memory_equal(request, first, sizeof(first) - 1);
    memset(&hashes[1], 1, sizeof(hashes[1]));
    length = witness_request(request, UINT64_MAX, hashes, 2, VIEW(NOTE));
    assert_int_equal(length, sizeof(next) - 1);
    assert_memory_equal(request, next, sizeof(next) - 1);
}

static void
the_longest_request_has_room_and_a_longer_one_is_refused(void **state PASU_UNUSED)
{
    uint8_t request[WITNESS_REQUEST_MAX], note[MESSAGE_NOTE_MAX + 1];
    struct tree_hash hashes[WITNESS_PROOF_MAX + 1] = {{{0}}};

    memset(note, 'x', sizeof(note));
    assert_true(witness_request(request, UINT64_MAX, hashes, WITNESS_PROOF_MAX,
                                view_of(note, MESSAGE_NOTE_MAX)) > 0);
    assert_int_equal(witness_request(request, 1, hashes, WITNESS_PROOF_MAX + 1, view_of(note, 1)),
                     PASU_E_RANGE);
}

static void
a_size_is_digits_and_a_newline(void **state PASU_UNUSED)
{
    static const char *const bad[] = {"",     "\n",   "1",      "01\n",  "+1\n",
                                      " 1\n", "1 \n", "1\n2\n", "1\r\n", "18446744073709551616\n"};
    uint64_t size;

    assert_int_equal(witness_size(&size, VIEW("0\n")), 0);
    assert_int_equal(size, 0);
    assert_int_equal(witness_size(&size, VIEW("18446744073709551615\n")), 0);
    assert_true(size == UINT64_MAX);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(witness_size(&size, view_of_text(bad[i])), PASU_E_MALFORMED);
}

static void
the_known_keys_lines_are_kept_and_no_others(void **state PASU_UNUSED)
{
    const struct note_key key = witness_key();
    uint8_t lines[WITNESS_LINES_MAX];
    const struct view line = VIEW(OTHER_WITNESS_LINE);
    ssize_t length =
        witness_cosigned(lines, &key, VIEW(NOTE), VIEW(OTHER_LOG_LINE OTHER_WITNESS_LINE));

    assert_int_equal(length, line.length);
    assert_memory_equal(lines, line.bytes, line.length);
}

static void
what_is_no_cosignature_of_this_note_is_refused(void **state PASU_UNUSED)
{
    assert_true(cosigned(OTHER_WITNESS_LINE) > 0);
    assert_int_equal(cosigned(""), PASU_E_NOTFOUND);
    assert_int_equal(cosigned(OTHER_LOG_LINE), PASU_E_NOTFOUND);
    assert_int_equal(cosigned("well done\n"), PASU_E_MALFORMED);
    assert_int_equal(cosigned("\n" OTHER_WITNESS_LINE), PASU_E_MALFORMED);
    assert_int_equal(cosigned("x\n\n" OTHER_WITNESS_LINE), PASU_E_MALFORMED);
    assert_int_equal(cosigned(OTHER_WITNESS_LINE "\n"), PASU_E_MALFORMED);
    assert_int_equal(cosigned("— " OTHER_WITNESS " di7QmwAAAABkGFDL\n"), PASU_E_CORRUPT);
}

/* It fits the note's own lines, but not this one's text. */
static void
a_cosignature_of_another_text_is_refused(void **state PASU_UNUSED)
{
    static const char note[] =
        OTHER_LOG "\n20852164\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
                  "\n" OTHER_LOG_LINE;
    const struct note_key key = witness_key();
    uint8_t lines[WITNESS_LINES_MAX];

    assert_int_equal(witness_cosigned(lines, &key, view_of_text(note), VIEW(OTHER_WITNESS_LINE)),
                     PASU_E_CORRUPT);
}

static void
more_lines_than_are_kept_are_refused(void **state PASU_UNUSED)
{
    char answer[8 * sizeof(OTHER_WITNESS_LINE)] = "";

    for (size_t at = 0; at + sizeof(OTHER_WITNESS_LINE) < sizeof(answer);
         at += sizeof(OTHER_WITNESS_LINE) - 1)
        memcpy(answer + at, OTHER_WITNESS_LINE, sizeof(OTHER_WITNESS_LINE));
    assert_int_equal(cosigned(answer), PASU_E_RANGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_size_proof_and_checkpoint),
        cmocka_unit_test(the_longest_request_has_room_and_a_longer_one_is_refused),
        cmocka_unit_test(a_size_is_digits_and_a_newline),
        cmocka_unit_test(the_known_keys_lines_are_kept_and_no_others),
        cmocka_unit_test(what_is_no_cosignature_of_this_note_is_refused),
        cmocka_unit_test(a_cosignature_of_another_text_is_refused),
        cmocka_unit_test(more_lines_than_are_kept_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
