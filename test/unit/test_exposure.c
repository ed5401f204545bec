/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/exposure.h"
#include "exposure/key.h"
#include "random.h"
#include "unit.h"

enum { SPACE = EXPOSURE_ALL_MAX, LISTS = 2 * EXPOSURE_PARTS_MAX, EACH = SPACE / LISTS };

_Static_assert(EACH *LISTS == SPACE, "they fill a record");

static uint32_t made[SPACE], space[SPACE];
static uint8_t encoded[EXPOSURE_ENCODED_MAX], again[EXPOSURE_ENCODED_MAX];

/* ---- making records ---- */

static void
make_text(struct random *r, char text[EXPOSURE_TEXT_MAX])
{
    size_t length = random_below(r, 3) == 0 ? random_below(r, EXPOSURE_TEXT_MAX) : 0;

    memset(text, 0, EXPOSURE_TEXT_MAX);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(1 + random_below(r, 255));
}

static void
make_claims(struct random *r, struct exposure_claims *claims)
{
    static const char letters[] = "azAZ09_.:/#-", digits[] = "09af.:";
    size_t purpose = random_below(r, 3) == 0 ? random_below(r, EXPOSURE_TEXT_MAX) : 0;
    size_t source = random_below(r, 3) == 0 ? random_below(r, EXPOSURE_SOURCE_MAX) : 0;

    *claims = (struct exposure_claims){.is_signed = source > 0 && random_below(r, 2) == 0};
    for (size_t i = 0; i < purpose; i++)
        claims->purpose[i] = letters[random_below(r, sizeof(letters) - 1)];
    for (size_t i = 0; i < source; i++)
        claims->source[i] = digits[random_below(r, sizeof(digits) - 1)];
}

/* Runs, singles and numbers that come twice, up to the edges of their range. */
static size_t
make_ordinals(struct random *r, uint32_t *ordinals, size_t most)
{
    size_t count = random_below(r, 2) == 0 ? random_below(r, 5) : random_below(r, (uint32_t)most);
    uint32_t run_odds = random_below(r, 100);

    count = count < most ? count : most;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && random_below(r, 100) < run_odds)
            ordinals[i] = ordinals[i - 1] + 1;
        else if (random_below(r, 8) == 0)
            ordinals[i] = UINT32_MAX - random_below(r, 3);
        else
            ordinals[i] = (uint32_t)random_u64(r);
    }
    return count;
}

static void
make_exposure(struct random *r, struct exposure *e, size_t most)
{
    uint32_t *at = made, *end = made + SPACE;

    memset(e, 0, sizeof(*e));
    e->session = random_u64(r);
    e->time = (int64_t)random_u64(r);
    e->shape = random_u64(r);
    e->vocabulary = (uint32_t)random_u64(r);
    e->statements = random_below(r, 3);
    e->rows = random_u64(r);
    e->misses = random_below(r, 10);
    e->flags = random_u64(r) & ((UINT64_C(1) << FLAG_COUNT) - 1);
    e->verdict = (uint8_t)random_below(r, VERDICT_OF_BLOCK + 1);
    e->part_count = (uint8_t)random_below(r, EXPOSURE_PARTS_MAX + 1);
    make_text(r, e->rule);
    make_text(r, e->actor);
    make_claims(r, &e->claims);
    e->has_verbs = random_below(r, 4) > 0;
    e->verbs = !e->has_verbs || random_below(r, 3) == 0 ? 0 : UINT64_C(1) << random_below(r, 64);
    if (e->has_verbs && random_below(r, 3) == 0)
        e->verbs |= UINT64_C(1) << random_below(r, 64);
    for (size_t i = 0; i < e->part_count; i++) {
        struct exposure_part *part = &e->parts[i];

        part->kind = (uint8_t)random_below(r, EXPOSURE_KINDS_MAX);
        part->attribution = (uint8_t)random_below(r, ATTRIBUTION_COUNT);
        part->is_text = random_below(r, 2);
        part->clear = random_u64(r);
        part->masked = random_u64(r);
        part->null = random_u64(r);
        part->unknown = random_u64(r);
        part->ordinals = at;
        part->ordinal_count = make_ordinals(r, at, at + most < end ? most : (size_t)(end - at));
        at += part->ordinal_count;
        part->missed = at;
        part->missed_count = make_ordinals(r, at, at + most < end ? most : (size_t)(end - at));
        at += part->missed_count;
    }
}

static void
assert_same_ordinals(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count)
{
    assert_int_equal(a_count, b_count);
    if (a_count > 0)
        assert_memory_equal(a, b, a_count * sizeof(*a));
}

static void
assert_same(const struct exposure *a, const struct exposure *b)
{
    assert_memory_equal(a, b, offsetof(struct exposure, parts));
    for (size_t i = 0; i < a->part_count; i++) {
        const struct exposure_part *p = &a->parts[i], *q = &b->parts[i];

        assert_memory_equal(p, q, offsetof(struct exposure_part, ordinals));
        assert_same_ordinals(p->ordinals, p->ordinal_count, q->ordinals, q->ordinal_count);
        assert_same_ordinals(p->missed, p->missed_count, q->missed, q->missed_count);
    }
}

static size_t
encode(const struct exposure *e)
{
    ssize_t length = exposure_encode(e, encoded, sizeof(encoded));

    assert_true(length > 0);
    return (size_t)length;
}

/* ---- round trips ---- */

static void
what_is_encoded_is_decoded_to_the_same(void **state PASU_UNUSED)
{
    struct random r = {20261125};
    struct exposure e, d;

    for (int i = 0; i < 2000; i++) {
        make_exposure(&r, &e, i % 50 == 0 ? EXPOSURE_ORDINALS_MAX + 1 : 40);
        assert_int_equal(exposure_decode(&d, view_of(encoded, encode(&e)), space, SPACE), 0);
        assert_same(&e, &d);
    }
}

static void
the_fullest_record_fits_and_one_more_ordinal_does_not(void **state PASU_UNUSED)
{
    struct exposure e = {.part_count = EXPOSURE_PARTS_MAX}, d;

    for (size_t i = 0; i < SPACE; i++)
        made[i] = (uint32_t)i * 2;
    memset(e.rule, 'r', EXPOSURE_TEXT_MAX - 1);
    memset(e.actor, 'a', EXPOSURE_TEXT_MAX - 1);
    memset(e.claims.purpose, 'p', EXPOSURE_TEXT_MAX - 1);
    memset(e.claims.source, ':', EXPOSURE_SOURCE_MAX - 1);
    for (size_t i = 0; i < EXPOSURE_PARTS_MAX; i++) {
        e.parts[i].ordinals = made + 2 * i * EACH;
        e.parts[i].missed = e.parts[i].ordinals + EACH;
        e.parts[i].ordinal_count = e.parts[i].missed_count = EACH;
    }
    size_t length = encode(&e);
    assert_int_equal(exposure_decode(&d, view_of(encoded, length), space, SPACE), 0);
    assert_same(&e, &d);
    assert_int_equal(exposure_decode(&d, view_of(encoded, length), space, SPACE - 1), PASU_E_RANGE);
    assert_int_equal(exposure_encode(&e, encoded, length - 1), PASU_E_RANGE);
    e.parts[0].missed_count++; /* all together */
    assert_int_equal(exposure_encode(&e, encoded, sizeof(encoded)), PASU_E_RANGE);
    e = (struct exposure){.part_count = 1}; /* one list */
    e.parts[0].ordinals = e.parts[0].missed = made;
    e.parts[0].missed_count = EXPOSURE_ORDINALS_MAX;
    assert_int_equal(exposure_decode(&d, view_of(encoded, encode(&e)), space, SPACE), 0);
    assert_same(&e, &d);
    e.parts[0].missed_count++;
    assert_int_equal(exposure_encode(&e, encoded, sizeof(encoded)), PASU_E_RANGE);
}

static void
consecutive_ordinals_take_little_room(void **state PASU_UNUSED)
{
    struct exposure e = {.part_count = 1};

    for (uint32_t i = 0; i < EXPOSURE_ORDINALS_MAX; i++)
        made[i] = 1000 + i;
    e.parts[0].ordinals = made;
    e.parts[0].ordinal_count = EXPOSURE_ORDINALS_MAX;
    assert_int_equal(encode(&e), 60 + 44 + 12);
    e.parts[0].ordinal_count = 3; /* a run is 12 bytes, and so are three ordinals */
    assert_int_equal(encode(&e), 60 + 44 + 12);
    e.parts[0].ordinal_count = 1;
    assert_int_equal(encode(&e), 60 + 44 + 4);
}

/* The example of docs/spec/exposure.md: what is in a ledger stays readable. */
static void
the_byte_form_is_the_one_of_the_specification(void **state PASU_UNUSED)
{
    static const uint8_t golden[] = {
        0x40, 0,    0,    0,    0,    0,    0,    0,                /* session */
        0,    0,    0xd5, 0xaa, 0x5c, 0x01, 0xbe, 0x18,             /* time */
        0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01,             /* shape */
        0x78, 0x56, 0x34, 0x12, 1,    0,    0,    0,                /* vocabulary, statements */
        6,    0,    0,    0,    0,    0,    0,    0,                /* rows */
        1,    0,    0,    0,    0,    0,    0,    0,                /* misses */
        0,    0x01, 0,    0,    0,    0,    0,    0,                /* flags */
        4,    1,    4,    3,                                        /* verdict, parts, lengths */
        'r',  'u',  'l',  'e',  'b',  'o',  'b',                    /* rule, actor */
        0,    1,    1,    0,                                        /* kind, attribution, form */
        5,    0,    0,    0,    0,    0,    0,    0,                /* clear */
        2,    0,    0,    0,    0,    0,    0,    0,                /* masked */
        0,    0,    0,    0,    0,    0,    0,    0,                /* null */
        7,    0,    0,    0,    0,    0,    0,    0,                /* unknown */
        5,    0,    0,    0,    1,    0,    0,    0,                /* ordinals, missed */
        1,    0,    0,    0,    42,   0,    0,    0,    5, 0, 0, 0, /* one run: 42 … 46 */
        0xff, 0xff, 0xff, 0xff,                                     /* missed */
    };
    static const uint32_t ordinals[] = {42, 43, 44, 45, 46}, missed[] = {UINT32_MAX};
    const struct exposure e = {
        .session = 64,
        .time = INT64_C(1782864000000000000),
        .shape = UINT64_C(0x0123456789abcdef),
        .vocabulary = 0x12345678,
        .statements = 1,
        .rows = 6,
        .misses = 1,
        .flags = FLAG_BIT(COPY),
        .verdict = VERDICT_OF_BLOCK,
        .part_count = 1,
        .rule = "rule",
        .actor = "bob",
        .parts = {{.attribution = ATTRIBUTION_KEY,
                   .clear = 5,
                   .masked = 2,
                   .unknown = 7,
                   .ordinals = ordinals,
                   .ordinal_count = COUNT_OF(ordinals),
                   .missed = missed,
                   .missed_count = COUNT_OF(missed)}},
    };
    struct exposure d;

    assert_int_equal(encode(&e), sizeof(golden));
    assert_memory_equal(encoded, golden, sizeof(golden));
    assert_int_equal(exposure_decode(&d, view_of(golden, sizeof(golden)), space, SPACE), 0);
    assert_same(&e, &d);
}

/* ---- what the application says ---- */

/* Behind the actor, by two bits of its length. */
static void
claims_stand_behind_the_actor(void **state PASU_UNUSED)
{
    static const struct {
        struct exposure_claims claims;
        uint8_t length;   /* of the actor, with its bits */
        const char *tail; /* behind it */
    } all[] = {
        {{.purpose = ""}, 3, ""},
        {{.purpose = "t-1"}, 0x43, "\3t-1"},
        {{.source = "::1"}, 0x83, "\3::1"},
        {{.source = "?"}, 0x83, "\1?"},
        {{.purpose = "t", .source = "1.2.3.4", .is_signed = true},
         0xc3,
         "\1t\x87"
         "1.2.3.4"},
    };

    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct exposure e = {.session = 1, .actor = "bob", .claims = all[i].claims}, d;
        size_t length = encode(&e);

        assert_int_equal(length, 60 + 3 + strlen(all[i].tail));
        assert_int_equal(encoded[59], all[i].length);
        assert_memory_equal(encoded + 60, "bob", 3);
        assert_memory_equal(encoded + 63, all[i].tail, strlen(all[i].tail));
        assert_int_equal(exposure_decode(&d, view_of(encoded, length), space, SPACE), 0);
        assert_same(&e, &d);
    }
}

/* What is none is neither written nor read. */
static void
claims_that_cannot_be_are_refused(void **state PASU_UNUSED)
{
    static const struct exposure_claims wrong[] = {
        {.purpose = "a b"}, {.purpose = "\xea\xb9\x80"}, {.purpose = "a;"}, {.source = "here"},
        {.source = "?1"},   {.is_signed = true},
    };
    static const char *const tails[] = {
        "\x43"
        "bob\3a b",
        "\x43"
        "bob",
        "\x83"
        "bob\4here",
        "\x83"
        "bob\x80",
        "\x83"
        "bob\3::",
    };

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct exposure e = {.session = 1, .claims = wrong[i]};

        assert_int_equal(exposure_encode(&e, encoded, sizeof(encoded)), PASU_E_RANGE);
    }
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        struct exposure e = {.session = 1}, d;
        size_t length = encode(&e) - 1;

        memcpy(encoded + length, tails[i], strlen(tails[i]));
        assert_int_equal(
            exposure_decode(&d, view_of(encoded, length + strlen(tails[i])), space, SPACE),
            PASU_E_MALFORMED);
    }
    memcpy(encoded + 59, "\x40\0", 2); /* an empty purpose */
    {
        struct exposure d;

        assert_int_equal(exposure_decode(&d, view_of(encoded, 61), space, SPACE), PASU_E_MALFORMED);
    }
}

/* ---- hostile bytes ---- */

/* Whatever is accepted is what we would have written. */
static void
assert_refused_or_canonical(const uint8_t *bytes, size_t length)
{
    struct exposure d;
    int result = exposure_decode(&d, view_of(bytes, length), space, SPACE);

    if (result == 0) {
        assert_int_equal(exposure_encode(&d, again, sizeof(again)), length);
        assert_memory_equal(again, bytes, length);
    } else {
        assert_true(result == PASU_E_MALFORMED || result == PASU_E_RANGE);
        assert_int_equal(d.part_count, 0);
    }
}

static void
every_cut_and_every_flipped_bit_is_refused_or_means_what_it_says(void **state PASU_UNUSED)
{
    struct random r = {3};
    struct exposure e, d;

    for (int i = 0; i < 60; i++) {
        make_exposure(&r, &e, 12);
        size_t length = encode(&e);
        for (size_t cut = 0; cut < length; cut++)
            assert_int_equal(exposure_decode(&d, view_of(encoded, cut), space, SPACE),
                             PASU_E_MALFORMED);
        for (size_t bit = 0; bit < length * 8; bit++) {
            encoded[bit / 8] = (uint8_t)(encoded[bit / 8] ^ 1U << bit % 8);
            assert_refused_or_canonical(encoded, length);
            encoded[bit / 8] = (uint8_t)(encoded[bit / 8] ^ 1U << bit % 8);
        }
        encoded[length] = 0;
        assert_int_equal(exposure_decode(&d, view_of(encoded, length + 1), space, SPACE),
                         PASU_E_MALFORMED);
    }
}

static void
random_bytes_behind_a_good_beginning_do_no_harm(void **state PASU_UNUSED)
{
    struct random r = {5};
    struct exposure e;

    for (int i = 0; i < 20000; i++) {
        make_exposure(&r, &e, 12);
        size_t length = encode(&e);
        for (uint32_t n = 1 + random_below(&r, 8); n > 0; n--)
            encoded[random_below(&r, (uint32_t)length)] =
                (uint8_t)(random_below(&r, 2) == 0 ? random_below(&r, 256) : random_below(&r, 3));
        assert_refused_or_canonical(encoded, length);
    }
}

/* The second way to write something: as a run what is shorter without, a run in two. */
static void
another_form_of_the_same_ordinals_is_refused(void **state PASU_UNUSED)
{
    static const uint32_t ordinals[] = {10, 11, 12, 13, 14, 15, 16, 17};
    struct exposure e = {.part_count = 1}, d;
    struct writer w;

    e.parts[0].ordinals = ordinals;
    e.parts[0].ordinal_count = COUNT_OF(ordinals);
    size_t length = encode(&e);
    assert_int_equal(length, 60 + 44 + 12);

    encoded[60 + 2] = 0; /* not as runs, but these eight numbers could be */
    memcpy(encoded + 60 + 44, ordinals, sizeof(ordinals));
    assert_int_equal(
        exposure_decode(&d, view_of(encoded, 60 + 44 + sizeof(ordinals)), space, SPACE),
        PASU_E_MALFORMED);

    static const uint32_t two_runs[] = {2, 10, 4, 14, 4};
    encoded[60 + 2] = 1;
    w = writer_of(encoded + 60 + 44, sizeof(two_runs));
    writer_bytes(&w, two_runs, sizeof(two_runs));
    assert_int_equal(
        exposure_decode(&d, view_of(encoded, 60 + 44 + sizeof(two_runs)), space, SPACE),
        PASU_E_MALFORMED);

    static const uint32_t wrapping[] = {1, UINT32_MAX - 3, 8};
    w = writer_of(encoded + 60 + 44, sizeof(wrapping));
    writer_bytes(&w, wrapping, sizeof(wrapping));
    assert_int_equal(
        exposure_decode(&d, view_of(encoded, 60 + 44 + sizeof(wrapping)), space, SPACE),
        PASU_E_MALFORMED);
}

static void
what_is_out_of_range_is_not_encoded(void **state PASU_UNUSED)
{
    struct exposure e = {.part_count = 1};

    encode(&e);
    e.parts[0].kind = EXPOSURE_KINDS_MAX;
    assert_int_equal(exposure_encode(&e, encoded, sizeof(encoded)), PASU_E_RANGE);
    e.parts[0].kind = 0;
    e.parts[0].attribution = ATTRIBUTION_COUNT;
    assert_int_equal(exposure_encode(&e, encoded, sizeof(encoded)), PASU_E_RANGE);
    e.parts[0].attribution = 0;
    e.verdict = VERDICT_OF_BLOCK + 1;
    assert_int_equal(exposure_encode(&e, encoded, sizeof(encoded)), PASU_E_RANGE);
    e.verdict = 0;
    e.flags = UINT64_C(1) << FLAG_COUNT;
    assert_int_equal(exposure_encode(&e, encoded, sizeof(encoded)), PASU_E_RANGE);
    e.flags = 0;
    e.part_count = EXPOSURE_PARTS_MAX + 1;
    assert_int_equal(exposure_encode(&e, encoded, sizeof(encoded)), PASU_E_RANGE);
    e.part_count = 0;
    memset(e.actor, 'x', sizeof(e.actor));
    assert_int_equal(exposure_encode(&e, encoded, sizeof(encoded)), PASU_E_RANGE);
}

/* ---- texts and keys ---- */

static void
every_enum_has_a_text_and_nothing_else_has(void **state PASU_UNUSED)
{
    assert_string_equal(exposure_flag_text(FLAG_BOUND), "bound");
    assert_string_equal(exposure_flag_text(FLAG_MARKED), "marked");
    assert_string_equal(exposure_flag_text(FLAG_COUNT), "unknown");
    assert_string_equal(exposure_attribution_text(ATTRIBUTION_KEY), "key");
    assert_string_equal(exposure_attribution_text(ATTRIBUTION_BOUND), "bound");
    assert_string_equal(exposure_attribution_text(ATTRIBUTION_COUNT), "unknown");
    assert_string_equal(exposure_verdict_text(VERDICT_OF_ALLOW), "allow");
    assert_string_equal(exposure_verdict_text(VERDICT_OF_BLOCK), "block");
    assert_string_equal(exposure_verdict_text((enum verdict)99), "unknown");
}

static void
only_canonical_small_integers_stand_for_themselves(void **state PASU_UNUSED)
{
    static const char *const not_ordinals[] = {
        "",   "00",  "007", "-1",         "+1",          " 1",         "1 ",
        "1.", "0x1", "1e3", "4026531840", "99999999999", "9999999999", "4294967296"};
    static const uint32_t numbers[] = {0, 7, 10, 4026531839};
    uint32_t ordinal;

    for (size_t i = 0; i < COUNT_OF(not_ordinals); i++)
        assert_false(key_is_ordinal(view_of_text(not_ordinals[i]), &ordinal));
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        char text[KEY_NUMBER_SIZE];
        size_t length = key_number_text(text, numbers[i]);

        assert_true(key_is_ordinal(view_of(text, length), &ordinal));
        assert_int_equal(ordinal, numbers[i]);
    }
}

static void
integers_are_told_from_texts_that_look_like_them(void **state PASU_UNUSED)
{
    static const char *const texts[] = {"",
                                        "-",
                                        "-0",
                                        "00",
                                        "-07",
                                        "+1",
                                        "1.5",
                                        "1e3",
                                        "12x",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "10000000000000000000"};
    static const struct {
        const char *text;
        int64_t integer;
    } integers[] = {{"0", 0},
                    {"-7", -7},
                    {"5000000007", 5000000007},
                    {"9223372036854775807", INT64_MAX},
                    {"-9223372036854775808", INT64_MIN}};
    int64_t integer;

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(key_is_integer(view_of_text(texts[i]), &integer));
    for (size_t i = 0; i < COUNT_OF(integers); i++) {
        assert_true(key_is_integer(view_of_text(integers[i].text), &integer));
        assert_int_equal(integer, integers[i].integer);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_decoded_to_the_same),
        cmocka_unit_test(the_fullest_record_fits_and_one_more_ordinal_does_not),
        cmocka_unit_test(consecutive_ordinals_take_little_room),
        cmocka_unit_test(the_byte_form_is_the_one_of_the_specification),
        cmocka_unit_test(claims_stand_behind_the_actor),
        cmocka_unit_test(claims_that_cannot_be_are_refused),
        cmocka_unit_test(every_cut_and_every_flipped_bit_is_refused_or_means_what_it_says),
        cmocka_unit_test(random_bytes_behind_a_good_beginning_do_no_harm),
        cmocka_unit_test(another_form_of_the_same_ordinals_is_refused),
        cmocka_unit_test(what_is_out_of_range_is_not_encoded),
        cmocka_unit_test(every_enum_has_a_text_and_nothing_else_has),
        cmocka_unit_test(only_canonical_small_integers_stand_for_themselves),
        cmocka_unit_test(integers_are_told_from_texts_that_look_like_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
