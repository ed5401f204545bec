/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/note.h"

#include "base/base64.h"
#include "note_keys.h"
#include "random.h"

enum { SPACE = NOTE_SIZE_MAX + 1024 };

#define EXAMPLE_KEY  "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define EXAMPLE_TEXT "This is an example message.\n"
#define EXAMPLE_LINE                                                                               \
    "— example.com/foo "                                                                         \
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwH"                \
    "jG1Yu72IneyaQM=\n"

/* What a note of these bytes comes to with these keys. */
static int
open_note(struct view bytes, const struct note_key *keys, size_t count, struct note_voice *voices)
{
    struct note note;
    int result = note_parse(&note, bytes);

    return result == 0 ? note_verify(&note, keys, count, voices) : result;
}

static struct note_key
parsed(const char *text)
{
    struct note_key key;

    assert_int_equal(note_key_parse(&key, view_of_text(text)), 0);
    return key;
}

static int
open_text(const char *text, const char *vkey)
{
    struct note_key key = parsed(vkey);
    struct note_voice voice;

    return open_note(view_of_text(text), &key, 1, &voice);
}

static void
the_example_of_the_specification_verifies(void **state PASU_UNUSED)
{
    assert_int_equal(open_text(EXAMPLE_TEXT "\n" EXAMPLE_LINE, EXAMPLE_KEY), 1);
    assert_int_equal(open_text("this is an example message.\n\n" EXAMPLE_LINE, EXAMPLE_KEY),
                     PASU_E_CORRUPT);
}

static void
a_checkpoint_and_a_cosignature_of_another_implementation_verify(void **state PASU_UNUSED)
{
    struct note_key keys[] = {parsed(OTHER_LOG_KEY), parsed(OTHER_WITNESS_KEY)};
    struct note_voice voices[2];

    assert_int_equal(
        open_note(VIEW(OTHER_TEXT "\n" OTHER_LOG_LINE OTHER_WITNESS_LINE), keys, 2, voices), 2);
    assert_true(voices[0].is_there && voices[1].is_there);
    assert_int_equal(voices[0].time, 0);
    assert_int_equal(voices[1].time, OTHER_WITNESS_TIME);
}

static void
ours_are_the_same_to_the_byte(void **state PASU_UNUSED)
{
    static const char expected[] = OTHER_TEXT "\n" OTHER_LOG_LINE OTHER_WITNESS_LINE;
    struct signing_key log = key_of(NOTE_KEY_ED25519, OTHER_LOG, 0x11);
    struct signing_key witness = key_of(NOTE_KEY_COSIGNATURE, OTHER_WITNESS, 0x22);
    char bytes[1024];
    struct writer w = writer_of(bytes, sizeof(bytes));

    assert_int_equal(note_begin(&w, VIEW(OTHER_TEXT)), 0);
    assert_int_equal(signing_key_add(&log, VIEW(OTHER_TEXT), &w), 0);
    assert_int_equal(signing_key_cosign(&witness, VIEW(OTHER_TEXT), OTHER_WITNESS_TIME, &w), 0);
    assert_int_equal(writer_end(&w), sizeof(expected) - 1);
    assert_memory_equal(bytes, expected, sizeof(expected) - 1);
}

/* ---- verifier keys ---- */

static void
a_verifier_key_is_printed_as_it_was_parsed(void **state PASU_UNUSED)
{
    /* The second has been the key of a public log for years. */
    static const char *const texts[] = {
        EXAMPLE_KEY, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        OTHER_LOG_KEY, OTHER_WITNESS_KEY};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct note_key key = parsed(texts[i]);
        char printed[NOTE_KEY_TEXT_MAX];
        struct writer w = writer_of(printed, sizeof(printed));

        note_key_print(&key, &w);
        assert_int_equal(writer_end(&w), strlen(texts[i]));
        assert_memory_equal(printed, texts[i], strlen(texts[i]));
    }
}

/* Its id is a hash of all that is in it. */
static void
a_verifier_key_with_any_bit_flipped_or_cut_short_is_refused(void **state PASU_UNUSED)
{
    struct note_key key;
    char text[] = EXAMPLE_KEY;

    for (size_t i = 0; i < 8 * strlen(EXAMPLE_KEY); i++) {
        text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
        assert_int_equal(note_key_parse(&key, view_of_text(text)), PASU_E_MALFORMED);
        text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
    }
    for (size_t length = 0; length < strlen(EXAMPLE_KEY); length++)
        assert_int_equal(note_key_parse(&key, view_of(text, length)), PASU_E_MALFORMED);
    assert_int_equal(note_key_parse(&key, VIEW(EXAMPLE_KEY "\n")), PASU_E_MALFORMED);
    text[strlen("example.com/foo+530d")] = '8'; /* 8g is no other way to write 90 */
    text[strlen("example.com/foo+530d9")] = 'g';
    assert_int_equal(note_key_parse(&key, view_of_text(text)), PASU_E_MALFORMED);
    assert_int_equal(note_key_parse(&key, VIEW(EXAMPLE_KEY)), 0);
}

static void
a_name_is_not_empty_not_too_long_and_has_no_space_or_plus(void **state PASU_UNUSED)
{
    static const char *const bad[] = {"",
                                      "a b",
                                      "a+b",
                                      "a\nb",
                                      "a\tb",
                                      "a\xc2\xa0",
                                      "\xc2\x85",
                                      "\xe1\x9a\x80",
                                      "\xe2\x80\x80",
                                      "\xe2\x80\x8a",
                                      "\xe2\x80\xa8",
                                      "\xe2\x80\xa9",
                                      "\xe2\x80\xaf",
                                      "\xe2\x81\x9f",
                                      "\xe3\x80\x80",
                                      "a\xff"};
    static const uint8_t public[NOTE_KEY_SIZE] = {1};
    static char longest[NOTE_NAME_MAX + 2];
    struct note_key key;

    memset(longest, 'a', NOTE_NAME_MAX + 1);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(note_key_init(&key, NOTE_KEY_ED25519, view_of_text(bad[i]), public),
                         PASU_E_MALFORMED);
    assert_int_equal(note_key_init(&key, NOTE_KEY_ED25519, view_of_text(longest), public),
                     PASU_E_MALFORMED);
    assert_int_equal(note_key_init(&key, NOTE_KEY_ED25519, view_of(longest, NOTE_NAME_MAX), public),
                     0);
    assert_int_equal(note_key_init(&key, NOTE_KEY_ED25519, VIEW("개인정보.example/장부"), public),
                     0);
    assert_int_equal(note_key_init(&key, (enum note_key_type)6, VIEW("a"), public),
                     PASU_E_MALFORMED);
}

/* ---- who is believed ---- */

/* A note of this text signed by the keys, in space of the test. */
static struct view
note_of(char space[SPACE], const char *text, const struct signing_key *keys, size_t count)
{
    struct writer w = writer_of(space, SPACE);

    assert_int_equal(note_begin(&w, view_of_text(text)), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(signing_key_add(&keys[i], view_of_text(text), &w), 0);
    return view_of(space, writer_length(&w));
}

static void
a_bad_signature_of_a_known_key_refuses_the_note_whatever_others_say(void **state PASU_UNUSED)
{
    static const char other[] = "other\n";
    struct signing_key good = key_of(NOTE_KEY_ED25519, "good", 1);
    struct signing_key bad = key_of(NOTE_KEY_ED25519, "bad", 2);
    const struct note_key keys[] = {good.public, bad.public};
    static char space[SPACE];
    struct note_voice voices[2];
    struct view note;

    for (int is_first = 0; is_first < 2; is_first++) {
        struct writer w = writer_of(space, sizeof(space));

        assert_int_equal(note_begin(&w, VIEW("text\n")), 0);
        for (int i = 0; i < 2; i++)
            assert_int_equal(i == is_first ? signing_key_add(&bad, VIEW(other), &w)
                                           : signing_key_add(&good, VIEW("text\n"), &w),
                             0);
        note = view_of(space, writer_length(&w));
        voices[0].is_there = true;
        assert_int_equal(open_note(note, keys, 2, voices), PASU_E_CORRUPT);
        assert_false(voices[0].is_there || voices[1].is_there);
        assert_int_equal(open_note(note, &keys[1], 1, voices), PASU_E_CORRUPT);
        /* To who does not know the other one, this is a good note. */
        assert_int_equal(open_note(note, keys, 1, voices), 1);
    }
}

static void
keys_of_one_name_are_told_apart_by_their_id(void **state PASU_UNUSED)
{
    const struct signing_key pair[] = {key_of(NOTE_KEY_ED25519, "ledger", 1),
                                       key_of(NOTE_KEY_ED25519, "ledger", 2)};
    const struct note_key keys[] = {pair[0].public, pair[1].public};
    static char space[SPACE];
    struct note_voice voices[2];

    for (size_t i = 0; i < 2; i++) {
        struct view note = note_of(space, "text\n", &pair[i], 1);

        assert_int_equal(open_note(note, keys, 2, voices), 1);
        assert_true(voices[i].is_there);
        assert_false(voices[1 - i].is_there);
        assert_int_equal(open_note(note, &keys[1 - i], 1, voices), PASU_E_NOTFOUND);
    }
    assert_int_equal(open_note(note_of(space, "text\n", pair, 2), keys, 2, voices), 2);
}

static void
an_id_of_a_known_key_under_another_name_is_ignored(void **state PASU_UNUSED)
{
    struct signing_key key = key_of(NOTE_KEY_ED25519, "ledger", 1), other = key, both[2];
    struct note_voice voice;
    static char space[SPACE];

    snprintf(other.public.name, sizeof(other.public.name), "ledges");
    assert_int_equal(open_note(note_of(space, "text\n", &other, 1), &key.public, 1, &voice),
                     PASU_E_NOTFOUND);
    assert_false(voice.is_there);
    snprintf(other.public.name, sizeof(other.public.name), "ledge"); /* a beginning of it */
    assert_int_equal(open_note(note_of(space, "text\n", &other, 1), &key.public, 1, &voice),
                     PASU_E_NOTFOUND);
    other.seed[0] ^= 1; /* and signs badly */
    both[0] = other;
    both[1] = key;
    assert_int_equal(open_note(note_of(space, "text\n", both, 2), &key.public, 1, &voice), 1);
}

static void
without_a_known_key_nothing_is_believed(void **state PASU_UNUSED)
{
    assert_int_equal(open_note(VIEW(EXAMPLE_TEXT "\n" EXAMPLE_LINE), NULL, 0, NULL),
                     PASU_E_NOTFOUND);
    assert_int_equal(open_text(EXAMPLE_TEXT "\n" EXAMPLE_LINE, OTHER_LOG_KEY), PASU_E_NOTFOUND);
}

/* The same bytes as a key of the one type and of the other sign different things. */
static void
a_signature_of_one_type_is_none_of_the_other(void **state PASU_UNUSED)
{
    struct signing_key log = key_of(NOTE_KEY_ED25519, "name", 1);
    struct signing_key witness = key_of(NOTE_KEY_COSIGNATURE, "name", 1);
    static char space[SPACE];
    struct note_voice voice;
    struct writer w = writer_of(space, sizeof(space));
    struct view note;

    assert_memory_equal(log.public.public, witness.public.public, NOTE_KEY_SIZE);
    assert_int_not_equal(log.public.id, witness.public.id);
    assert_int_equal(signing_key_cosign(&log, VIEW("text\n"), 1, &w), PASU_E_MISUSE);
    assert_int_equal(signing_key_add(&witness, VIEW("text\n"), &w), PASU_E_MISUSE);
    assert_int_equal(writer_length(&w), 0);
    note = note_of(space, "text\n", &log, 1);
    log.public.type = NOTE_KEY_COSIGNATURE; /* same id, other type: 64 bytes are no cosignature */
    assert_int_equal(open_note(note, &log.public, 1, &voice), PASU_E_CORRUPT);
}

static void
each_signature_of_a_key_must_be_good_and_the_latest_time_counts(void **state PASU_UNUSED)
{
    struct signing_key witness = key_of(NOTE_KEY_COSIGNATURE, "witness", 1);
    static const uint64_t times[] = {NOTE_TIME_MAX - 1, NOTE_TIME_MAX, 0};
    static char space[SPACE];
    struct writer w = writer_of(space, sizeof(space));
    struct note_voice voice;

    assert_int_equal(note_begin(&w, VIEW("text\n")), 0);
    for (size_t i = 0; i < COUNT_OF(times); i++)
        assert_int_equal(signing_key_cosign(&witness, VIEW("text\n"), times[i], &w), 0);
    assert_int_equal(open_note(view_of(space, writer_length(&w)), &witness.public, 1, &voice), 1);
    assert_true(voice.time == NOTE_TIME_MAX);
    assert_int_equal(signing_key_cosign(&witness, VIEW("other\n"), 1, &w), 0);
    assert_int_equal(open_note(view_of(space, writer_length(&w)), &witness.public, 1, &voice),
                     PASU_E_CORRUPT);
}

static void
a_witness_tells_no_time_above_the_limit(void **state PASU_UNUSED)
{
    struct signing_key witness = key_of(NOTE_KEY_COSIGNATURE, "witness", 1);
    uint8_t message[NOTE_COSIGNED_MAX], bytes[NOTE_COSIGNATURE_SIZE] = {0x80};
    struct writer w = writer_of(message, sizeof(message));
    uint64_t time;

    assert_int_equal(signing_key_cosign(&witness, VIEW("text\n"), NOTE_TIME_MAX + 1, &w),
                     PASU_E_RANGE);
    /* Also where it has signed what is written so. */
    snprintf((char *)message, sizeof(message), "cosignature/v1\ntime 9223372036854775808\ntext\n");
    assert_int_equal(signing_key_sign(&witness, view_of_text((char *)message), bytes + 8), 0);
    assert_int_equal(
        note_key_check(&witness.public, VIEW("text\n"), view_of(bytes, sizeof(bytes)), &time),
        PASU_E_CORRUPT);
    snprintf((char *)message, sizeof(message), "cosignature/v1\ntime 0\ntext\n");
    bytes[0] = 0;
    assert_int_equal(signing_key_sign(&witness, view_of_text((char *)message), bytes + 8), 0);
    assert_int_equal(
        note_key_check(&witness.public, VIEW("text\n"), view_of(bytes, sizeof(bytes)), &time), 0);
}

static void
a_signature_has_the_length_of_its_type(void **state PASU_UNUSED)
{
    static const enum note_key_type types[] = {NOTE_KEY_ED25519, NOTE_KEY_COSIGNATURE};

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        size_t length = types[i] == NOTE_KEY_ED25519 ? NOTE_SIGNATURE_SIZE : NOTE_COSIGNATURE_SIZE;
        struct signing_key key = key_of(types[i], "name", 1);
        uint8_t message[NOTE_COSIGNED_MAX], bytes[NOTE_COSIGNATURE_SIZE + 8] = {0};
        ssize_t n = note_cosigned(message, VIEW("text\n"), 0);
        struct view signed_bytes =
            types[i] == NOTE_KEY_ED25519 ? VIEW("text\n") : view_of(message, (size_t)n);

        assert_int_equal(signing_key_sign(&key, signed_bytes, bytes + length - NOTE_SIGNATURE_SIZE),
                         0);
        for (size_t some = 0; some <= sizeof(bytes); some++) {
            uint64_t time;

            assert_int_equal(
                note_key_check(&key.public, VIEW("text\n"), view_of(bytes, some), &time),
                some == length ? 0 : PASU_E_CORRUPT);
        }
    }
}

/* ---- what is a note ---- */

static int
parse_bytes(const void *bytes, size_t length)
{
    struct note note;

    return note_parse(&note, view_of(bytes, length));
}

#define PARSE(literal) parse_bytes(literal, sizeof(literal) - 1)
#define LINE           "— a AAAAAAA=\n" /* five bytes: id 0 and a signature of one byte */

static void
text_and_signatures_are_apart_at_the_last_empty_line(void **state PASU_UNUSED)
{
    static const struct {
        const char *bytes, *text;
    } notes[] = {
        {"a\n\n" LINE, "a\n"}, {"a\n\nb\n\n" LINE, "a\n\nb\n"}, {"a\n\n\n" LINE, "a\n\n"},
        {"\n\n" LINE, "\n"},   {LINE "\n" LINE, LINE},          {"\x7f\n\n" LINE, "\x7f\n"},
    };
    struct note note;

    for (size_t i = 0; i < COUNT_OF(notes); i++) {
        assert_int_equal(note_parse(&note, view_of_text(notes[i].bytes)), 0);
        assert_true(view_equal(note.text, view_of_text(notes[i].text)));
        assert_int_equal(note.count, 1);
        assert_true(view_equal(note.signatures[0].name, VIEW("a")));
    }
    assert_int_equal(PARSE(""), PASU_E_MALFORMED);
    assert_int_equal(PARSE("\n"), PASU_E_MALFORMED);
    assert_int_equal(PARSE("\n\n"), PASU_E_MALFORMED);
    assert_int_equal(PARSE("a\n\n"), PASU_E_MALFORMED);
    assert_int_equal(PARSE("a\n" LINE), PASU_E_MALFORMED);
    assert_int_equal(PARSE("\n" LINE), PASU_E_MALFORMED);
    assert_int_equal(PARSE("a\n\n" LINE "\n"), PASU_E_MALFORMED);
    assert_int_equal(PARSE("a\n\n" LINE "\n" LINE "\n"), PASU_E_MALFORMED);
}

static void
bytes_that_are_no_plain_text_are_refused_anywhere(void **state PASU_UNUSED)
{
    static const char *const bad[] = {"\r",
                                      "\t",
                                      "\x01",
                                      "\x1f",
                                      "\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\xc0",
                                      "\xe2\xff\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xe2\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xff"};
    static const char *const good[] = {"\xc2\x80",         "\xdf\xbf",        "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",     "\xee\x80\x80",    "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    char bytes[64];

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        snprintf(bytes, sizeof(bytes), "a%s\n\n" LINE, bad[i]);
        assert_int_equal(parse_bytes(bytes, strlen(bytes)), PASU_E_MALFORMED);
        snprintf(bytes, sizeof(bytes), "a\n\n— a%s AAAAAAA=\n", bad[i]);
        assert_int_equal(parse_bytes(bytes, strlen(bytes)), PASU_E_MALFORMED);
    }
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        snprintf(bytes, sizeof(bytes), "a%s\n\n" LINE, good[i]);
        assert_int_equal(parse_bytes(bytes, strlen(bytes)), 0);
    }
    assert_int_equal(PARSE("a\0\n\n" LINE), PASU_E_MALFORMED);
    assert_int_equal(PARSE("a\n\n" LINE "\0"), PASU_E_MALFORMED);
}

static void
a_line_that_is_no_signature_refuses_the_note(void **state PASU_UNUSED)
{
    static const char *const bad[] = {
        "— a AAAAAAA=",           /* no newline */
        "- a AAAAAAA=\n",         /* another dash */
        "—a AAAAAAA=\n",          /* no space */
        "—  AAAAAAA=\n",          /* no name */
        "—  a AAAAAAA=\n",        /* two spaces */
        "— a  AAAAAAA=\n",        /* two spaces */
        "— a AAAAAAA= \n",        /* a space behind it */
        "— a+b AAAAAAA=\n",       /* a plus sign */
        "— a\xc2\xa0 AAAAAAA=\n", /* another space */
        "— a\n",                  /* no signature */
        "— a \n",                 /* nor here */
        "— a AAAAAA==\n",         /* an id only */
        "— a AAAA\n",             /* not even that */
        "— a AAAAAAA\n",          /* no padding */
        "— a AAAAAAB=\n",         /* bits where there must be none */
        "— a AAAAAAA==\n",        /* padding too long */
        "— a AAAAAAA=AAAA\n",     /* padding in the middle */
        "— a AAAA_AA=\n",         /* another alphabet */
        "— a AAAAAAA=\nx\n",      /* something behind it */
    };
    char bytes[128];

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        snprintf(bytes, sizeof(bytes), "a\n\n" LINE "%s", bad[i]);
        assert_int_equal(parse_bytes(bytes, strlen(bytes)), PASU_E_MALFORMED);
    }
}

/* A note with so many unknown signatures of so many bytes each, behind a text of so many. */
static int
parse_large(size_t text, size_t count, size_t length)
{
    static char space[2 * SPACE], bytes[16384];
    struct writer w = writer_of(space, sizeof(space));

    for (size_t i = 1; i < text; i++)
        writer_u8(&w, 'a');
    writer_bytes(&w, "\n\n", 2);
    for (size_t i = 0; i < count; i++) {
        writer_bytes(&w, "— a ", strlen("— a "));
        base64_write(&w, bytes, length);
        writer_u8(&w, '\n');
    }
    assert_true(writer_end(&w) > 0);
    return parse_bytes(space, writer_length(&w));
}

static void
a_note_has_its_limits_and_room_for_what_must_be_taken(void **state PASU_UNUSED)
{
    assert_int_equal(parse_large(10, NOTE_SIGNATURES_MAX, 5), 0);
    assert_int_equal(parse_large(10, NOTE_SIGNATURES_MAX + 1, 5), PASU_E_RANGE);
    assert_int_equal(parse_large(NOTE_TEXT_MAX, 1, 5), 0);
    assert_int_equal(parse_large(NOTE_TEXT_MAX + 1, 1, 5), PASU_E_RANGE);
    /* 16 signatures of nearly 5 kB each. */
    assert_int_equal(parse_large(NOTE_TEXT_MAX, 16, 5000), 0);
    assert_int_equal(parse_large(10, 12, 10000), PASU_E_RANGE);
}

static void
what_is_no_text_of_a_note_is_not_written(void **state PASU_UNUSED)
{
    static char space[SPACE], longest[NOTE_TEXT_MAX + 1];
    struct writer w = writer_of(space, sizeof(space));

    memset(longest, 'a', sizeof(longest));
    longest[NOTE_TEXT_MAX] = '\n';
    assert_int_equal(note_begin(&w, VIEW("")), PASU_E_MALFORMED);
    assert_int_equal(note_begin(&w, VIEW("a")), PASU_E_MALFORMED);
    assert_int_equal(note_begin(&w, VIEW("a\r\n")), PASU_E_MALFORMED);
    assert_int_equal(note_begin(&w, view_of(longest, sizeof(longest))), PASU_E_RANGE);
    assert_int_equal(writer_length(&w), 0);
    assert_int_equal(note_begin(&w, view_of(longest + 1, sizeof(longest) - 1)), 0);
    w = writer_of(space, 6);
    assert_int_equal(note_begin(&w, VIEW("12345\n")), PASU_E_RANGE);
}

/* Texts of lines from a few that are hard to tell apart from something else. */
static void
what_was_written_is_what_is_parsed(void **state PASU_UNUSED)
{
    static const char *const lines[] = {"\n", "a\n", LINE, "— \n", "é\n", "20\n"};
    struct random random = {1};
    static char space[SPACE];
    struct signing_key keys[8];
    struct note_key known[8];
    struct note_voice voices[8];
    struct note note;

    for (uint8_t i = 0; i < 8; i++) {
        keys[i] = key_of(NOTE_KEY_ED25519, i % 2 ? "odd" : "even", i);
        known[i] = keys[i].public;
    }
    for (int round = 0; round < 300; round++) {
        size_t count = 1 + random_below(&random, 8);
        char text[256] = "";
        struct view bytes;

        for (uint32_t n = random_below(&random, 6) + 1; n > 0; n--) {
            const char *line = lines[random_below(&random, COUNT_OF(lines))];

            memcpy(text + strlen(text), line, strlen(line) + 1);
        }
        bytes = note_of(space, text, keys, count);
        assert_int_equal(note_parse(&note, bytes), 0);
        assert_true(view_equal(note.text, view_of_text(text)));
        assert_int_equal(note.count, count);
        assert_int_equal(note_verify(&note, known, 8, voices), count);
        for (size_t i = 0; i < 8; i++)
            assert_int_equal(voices[i].is_there, i < count);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_specification_verifies),
        cmocka_unit_test(a_checkpoint_and_a_cosignature_of_another_implementation_verify),
        cmocka_unit_test(ours_are_the_same_to_the_byte),
        cmocka_unit_test(a_verifier_key_is_printed_as_it_was_parsed),
        cmocka_unit_test(a_verifier_key_with_any_bit_flipped_or_cut_short_is_refused),
        cmocka_unit_test(a_name_is_not_empty_not_too_long_and_has_no_space_or_plus),
        cmocka_unit_test(a_bad_signature_of_a_known_key_refuses_the_note_whatever_others_say),
        cmocka_unit_test(keys_of_one_name_are_told_apart_by_their_id),
        cmocka_unit_test(an_id_of_a_known_key_under_another_name_is_ignored),
        cmocka_unit_test(without_a_known_key_nothing_is_believed),
        cmocka_unit_test(a_signature_of_one_type_is_none_of_the_other),
        cmocka_unit_test(each_signature_of_a_key_must_be_good_and_the_latest_time_counts),
        cmocka_unit_test(a_witness_tells_no_time_above_the_limit),
        cmocka_unit_test(a_signature_has_the_length_of_its_type),
        cmocka_unit_test(text_and_signatures_are_apart_at_the_last_empty_line),
        cmocka_unit_test(bytes_that_are_no_plain_text_are_refused_anywhere),
        cmocka_unit_test(a_line_that_is_no_signature_refuses_the_note),
        cmocka_unit_test(a_note_has_its_limits_and_room_for_what_must_be_taken),
        cmocka_unit_test(what_is_no_text_of_a_note_is_not_written),
        cmocka_unit_test(what_was_written_is_what_is_parsed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
