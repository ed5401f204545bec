/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/checkpoint.h"

#include "note_keys.h"

#define ROOT       "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static int
parse(const char *text)
{
    struct checkpoint c;

    return checkpoint_parse(&c, view_of_text(text));
}

static void
the_parts_of_a_checkpoint_are_told_apart(void **state PASU_UNUSED)
{
    struct checkpoint c;

    assert_int_equal(checkpoint_parse(&c, VIEW(OTHER_TEXT)), 0);
    assert_true(view_equal(c.origin, VIEW(OTHER_LOG)));
    assert_true(c.size == 20852163);
    assert_int_equal(c.root[0], 0x0a);
    assert_int_equal(c.root[31], 0x62);
    assert_int_equal(c.extension.length, 0);
    assert_int_equal(checkpoint_parse(&c, VIEW("go.sum database tree\n1\n" ROOT "\none\n2\n")), 0);
    assert_true(view_equal(c.origin, VIEW("go.sum database tree")));
    assert_true(view_equal(c.extension, VIEW("one\n2\n")));
}

static void
a_size_is_a_number_of_64_bits_without_leading_zeroes(void **state PASU_UNUSED)
{
    static const char *const bad[] = {"",
                                      "00",
                                      "01",
                                      "0x1",
                                      "1a",
                                      " 1",
                                      "1 ",
                                      "+1",
                                      "-1",
                                      "1.0",
                                      "１",
                                      "18446744073709551616",
                                      "18446744073709551619",
                                      "18446744073709551620",
                                      "28446744073709551615",
                                      "100000000000000000000"};
    char text[128];
    struct checkpoint c;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        snprintf(text, sizeof(text), "o\n%s\n" ROOT "\n", bad[i]);
        assert_int_equal(parse(text), PASU_E_MALFORMED);
    }
    assert_int_equal(checkpoint_parse(&c, VIEW("o\n18446744073709551615\n" ROOT "\n")), 0);
    assert_true(c.size == UINT64_MAX);
    assert_int_equal(checkpoint_parse(&c, VIEW("o\n10\n" ROOT "\n")), 0);
    assert_true(c.size == 10);
}

static void
the_tree_without_leaves_has_one_root(void **state PASU_UNUSED)
{
    struct checkpoint c;
    char space[256];
    struct writer w = writer_of(space, sizeof(space));

    assert_int_equal(parse("o\n0\n" ROOT "\n"), PASU_E_MALFORMED);
    assert_int_equal(checkpoint_parse(&c, VIEW("o\n0\n" EMPTY_ROOT "\n")), 0);
    assert_int_equal(checkpoint_print(&c, &w), 0);
    c.root[31] ^= 1;
    assert_int_equal(checkpoint_print(&c, &w), PASU_E_MALFORMED);
}

static void
a_root_is_32_bytes_in_canonical_base64(void **state PASU_UNUSED)
{
    static const char *const bad[] = {
        "",
        "=",
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I",
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=", /* bits where there must be none */
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==", /* 31 bytes */
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2Ji", /* 33 bytes */
        "CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=",
        ROOT " ",
        " " ROOT,
        ROOT "AAAA"};
    char text[128];

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        snprintf(text, sizeof(text), "o\n1\n%s\n", bad[i]);
        assert_int_equal(parse(text), PASU_E_MALFORMED);
    }
}

static void
lines_are_whole_and_none_is_empty(void **state PASU_UNUSED)
{
    static const char *const bad[] = {"",
                                      "o\n",
                                      "o\n1\n",
                                      "o\n1\n" ROOT,
                                      "\n1\n" ROOT "\n",
                                      "\no\n1\n" ROOT "\n",
                                      "o\n\n1\n" ROOT "\n",
                                      "o\n1\n\n" ROOT "\n",
                                      "o\n1\n" ROOT "\n\n",
                                      "o\n1\n" ROOT "\n\n\n",
                                      "o\n1\n" ROOT "\na\n\n",
                                      "o\n1\n" ROOT "\n\na\n",
                                      "o\n1\n" ROOT "\na",
                                      "o\r\n1\n" ROOT "\n",
                                      "o\n1\r\n" ROOT "\n",
                                      "o\n1\n" ROOT "\r\n",
                                      "\xff\n1\n" ROOT "\n",
                                      "o\n1\n" ROOT "\n\xc0\x80\n"};

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(parse(bad[i]), PASU_E_MALFORMED);
    assert_int_equal(parse("o\n1\n" ROOT "\n"), 0);
}

static void
what_was_written_is_what_is_parsed(void **state PASU_UNUSED)
{
    static const uint64_t sizes[] = {1, 9, 10, UINT32_MAX, UINT64_MAX};
    struct checkpoint c = {.origin = VIEW("장부.example/1"), .root = {1, 2, 3}}, again;
    char space[256];

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct writer w = writer_of(space, sizeof(space));

        c.size = sizes[i];
        assert_int_equal(checkpoint_print(&c, &w), 0);
        assert_int_equal(checkpoint_parse(&again, view_of(space, writer_length(&w))), 0);
        assert_true(view_equal(again.origin, c.origin));
        assert_true(again.size == c.size);
        assert_memory_equal(again.root, c.root, sizeof(c.root));
        assert_int_equal(again.extension.length, 0);
        for (size_t room = writer_length(&w); room > 0; room--) {
            w = writer_of(space, room - 1);
            assert_int_equal(checkpoint_print(&c, &w), PASU_E_RANGE);
        }
    }
}

static void
an_origin_that_can_be_no_keys_name_is_not_written(void **state PASU_UNUSED)
{
    static const char *const bad[] = {"", "a b", "a+b", "a\nb", "\xff"};
    char space[256];

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct checkpoint c = {.origin = view_of_text(bad[i]), .size = 1};
        struct writer w = writer_of(space, sizeof(space));

        assert_int_equal(checkpoint_print(&c, &w), PASU_E_MALFORMED);
        assert_int_equal(writer_length(&w), 0);
    }
}

/* ---- signed ---- */

static const struct checkpoint ours = {
    .origin = {(const uint8_t *)"ledger.example", 14}, .size = 1234567, .root = {0xaa, 1, 2, 3}};

static struct view
signed_by(char space[1024], const struct signing_key *key)
{
    struct writer w = writer_of(space, 1024);

    assert_int_equal(checkpoint_sign(&ours, key, &w), 0);
    return view_of(space, writer_length(&w));
}

static bool
is_ours(const struct checkpoint *c)
{
    return view_equal(c->origin, ours.origin) && c->size == ours.size &&
           memcmp(c->root, ours.root, sizeof(ours.root)) == 0 && c->extension.length == 0;
}

static void
a_checkpoint_cut_short_or_with_any_bit_flipped_is_refused(void **state PASU_UNUSED)
{
    struct signing_key key = key_of(NOTE_KEY_ED25519, "ledger.example", 1);
    struct note_voice voice;
    struct checkpoint c;
    char space[1024];
    struct view note = signed_by(space, &key);

    assert_int_equal(checkpoint_open(&c, note, &key.public, 1, &voice), 0);
    assert_true(is_ours(&c) && voice.is_there);
    for (size_t length = 0; length < note.length; length++)
        assert_true(checkpoint_open(&c, view_of(space, length), &key.public, 1, &voice) < 0);
    for (size_t i = 0; i < 8 * note.length; i++) {
        space[i / 8] = (char)(space[i / 8] ^ 1 << i % 8);
        assert_true(checkpoint_open(&c, note, &key.public, 1, &voice) < 0);
        assert_false(voice.is_there);
        space[i / 8] = (char)(space[i / 8] ^ 1 << i % 8);
    }
    assert_int_equal(checkpoint_open(&c, note, &key.public, 1, &voice), 0);
}

/* Its line may be refused as no line of a note, but never changes what the others say. */
static void
bits_of_an_unknown_keys_signature_change_nothing(void **state PASU_UNUSED)
{
    struct signing_key key = key_of(NOTE_KEY_ED25519, "ledger.example", 1);
    struct signing_key witness = key_of(NOTE_KEY_COSIGNATURE, "witness.example", 2);
    struct note_key keys[] = {key.public, witness.public};
    struct note_voice voices[2];
    struct checkpoint c;
    char space[1024];
    size_t own = signed_by(space, &key).length, ignored = 0, refused = 0, all;
    struct writer w = writer_of(space, sizeof(space));
    struct note parsed;
    struct view note;

    assert_int_equal(note_parse(&parsed, view_of(space, own)), 0);
    w.at += own;
    assert_int_equal(signing_key_cosign(&witness, parsed.text, 1700000000, &w), 0);
    note = view_of(space, writer_length(&w));
    assert_int_equal(checkpoint_open(&c, note, keys, 2, voices), 0);
    assert_true(voices[0].is_there && voices[1].time == 1700000000);
    all = 8 * (note.length - own);
    for (size_t i = 8 * own; i < 8 * note.length; i++) {
        int result;

        space[i / 8] = (char)(space[i / 8] ^ 1 << i % 8);
        result = checkpoint_open(&c, note, &key.public, 1, voices);
        assert_true(result == PASU_E_MALFORMED || (result == 0 && is_ours(&c)));
        ignored += result == 0;
        /* Who knows the witness does not hear it then. */
        result = checkpoint_open(&c, note, keys, 2, voices);
        assert_true(result < 0 || (result == 0 && is_ours(&c) && !voices[1].is_there));
        refused += result < 0;
        space[i / 8] = (char)(space[i / 8] ^ 1 << i % 8);
    }
    assert_in_range(ignored, all / 2, all - 1);
    assert_in_range(refused, all / 2, all - 1);
}

static void
only_a_key_with_the_origins_name_speaks_for_the_ledger(void **state PASU_UNUSED)
{
    struct signing_key key = key_of(NOTE_KEY_ED25519, "ledger.example", 1);
    struct signing_key next = key_of(NOTE_KEY_ED25519, "ledger.example", 2);
    struct signing_key other = key_of(NOTE_KEY_ED25519, "other.example", 3);
    struct signing_key witness = key_of(NOTE_KEY_COSIGNATURE, "ledger.example", 4);
    const struct note_key keys[] = {key.public, next.public, other.public, witness.public};
    char text[256], space[1024];
    struct writer t = writer_of(text, sizeof(text)), w = writer_of(space, sizeof(space));
    struct note_voice voices[4];
    struct checkpoint c;
    struct view body;

    assert_int_equal(checkpoint_sign(&ours, &other, &w), PASU_E_MISUSE);
    assert_int_equal(checkpoint_sign(&ours, &witness, &w), PASU_E_MISUSE);
    assert_int_equal(checkpoint_print(&ours, &t), 0);
    body = view_of(text, writer_length(&t));
    assert_int_equal(note_begin(&w, body), 0);
    assert_int_equal(signing_key_add(&other, body, &w), 0);
    assert_int_equal(signing_key_cosign(&witness, body, 1, &w), 0);
    assert_int_equal(checkpoint_open(&c, view_of(space, writer_length(&w)), keys, 4, voices),
                     PASU_E_NOTFOUND);
    assert_false(voices[2].is_there || voices[3].is_there);
    assert_int_equal(signing_key_add(&next, body, &w), 0);
    assert_int_equal(checkpoint_open(&c, view_of(space, writer_length(&w)), keys, 4, voices), 0);
    assert_true(!voices[0].is_there && voices[1].is_there && voices[2].is_there &&
                voices[3].is_there);
}

static void
a_note_that_is_no_checkpoint_is_none_whoever_signs(void **state PASU_UNUSED)
{
    static const char *const texts[] = {"ledger.example\n", "ledger.example\n01\n" ROOT "\n",
                                        "ledger.example\n1\n" ROOT "\n\nmore\n"};
    struct signing_key key = key_of(NOTE_KEY_ED25519, "ledger.example", 1);
    struct note_voice voice;
    struct checkpoint c;
    char space[1024];

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct writer w = writer_of(space, sizeof(space));

        assert_int_equal(note_begin(&w, view_of_text(texts[i])), 0);
        assert_int_equal(signing_key_add(&key, view_of_text(texts[i]), &w), 0);
        assert_int_equal(
            checkpoint_open(&c, view_of(space, writer_length(&w)), &key.public, 1, &voice),
            PASU_E_MALFORMED);
    }
}

/* Others' extension lines are signed with the rest. */
static void
extension_lines_are_kept_and_verified(void **state PASU_UNUSED)
{
    struct signing_key key = key_of(NOTE_KEY_ED25519, "ledger.example", 1);
    const struct view text = VIEW("ledger.example\n1\n" ROOT "\nmore\n");
    struct note_voice voice;
    struct checkpoint c;
    char space[1024];
    struct writer w = writer_of(space, sizeof(space));

    assert_int_equal(note_begin(&w, text), 0);
    assert_int_equal(signing_key_add(&key, text, &w), 0);
    assert_int_equal(checkpoint_open(&c, view_of(space, writer_length(&w)), &key.public, 1, &voice),
                     0);
    assert_true(view_equal(c.extension, VIEW("more\n")));
    space[text.length - 2] = 'E';
    assert_int_equal(checkpoint_open(&c, view_of(space, writer_length(&w)), &key.public, 1, &voice),
                     PASU_E_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_of_a_checkpoint_are_told_apart),
        cmocka_unit_test(a_size_is_a_number_of_64_bits_without_leading_zeroes),
        cmocka_unit_test(the_tree_without_leaves_has_one_root),
        cmocka_unit_test(a_root_is_32_bytes_in_canonical_base64),
        cmocka_unit_test(lines_are_whole_and_none_is_empty),
        cmocka_unit_test(what_was_written_is_what_is_parsed),
        cmocka_unit_test(an_origin_that_can_be_no_keys_name_is_not_written),
        cmocka_unit_test(a_checkpoint_cut_short_or_with_any_bit_flipped_is_refused),
        cmocka_unit_test(bits_of_an_unknown_keys_signature_change_nothing),
        cmocka_unit_test(only_a_key_with_the_origins_name_speaks_for_the_ledger),
        cmocka_unit_test(a_note_that_is_no_checkpoint_is_none_whoever_signs),
        cmocka_unit_test(extension_lines_are_kept_and_verified),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
