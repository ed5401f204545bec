/* SPDX-License-Identifier: Apache-2.0 */
/* One key, however it is written, is one text; what is not read for sure is no key. */
#include "base/memory.h"
#include "postgres/key.h"
#include "random.h"
#include "unit.h"

#include <inttypes.h>

enum { ROUNDS = 20000 };

struct text_case {
    enum catalog_key_type type;
    const char *text, *canonical; /* NULL: no key */
};

static void
check_texts(const struct text_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct key key;
        int result = key_from_text(&key, cases[i].type, view_of_text(cases[i].text));

        if (!cases[i].canonical) {
            if (result != PASU_E_MALFORMED)
                fail_msg("\"%s\" is taken for a key", cases[i].text);
            continue;
        }
        if (result != 0 || !view_equal(key_text(&key), view_of_text(cases[i].canonical)))
            fail_msg("\"%s\" is not \"%s\"", cases[i].text, cases[i].canonical);
    }
}

static void
a_number_has_one_form(void **state PASU_UNUSED)
{
    static const struct text_case cases[] = {
        {CATALOG_KEY_INT4, "42", "42"},
        {CATALOG_KEY_INT4, "+42", "42"},
        {CATALOG_KEY_INT4, "-42", "-42"},
        {CATALOG_KEY_INT4, " \t\n42\r ", "42"},
        {CATALOG_KEY_INT4, "00042", "42"},
        {CATALOG_KEY_INT4, "-0", "0"},
        {CATALOG_KEY_INT8, "9223372036854775807", "9223372036854775807"},
        {CATALOG_KEY_INT8, "-9223372036854775808", "-9223372036854775808"},
        {CATALOG_KEY_NUMERIC, "0", "0"},
        {CATALOG_KEY_NUMERIC, "-0.000", "0"},
        {CATALOG_KEY_NUMERIC, ".0", "0"},
        {CATALOG_KEY_NUMERIC, "0.", "0"},
        {CATALOG_KEY_NUMERIC, ".5", "0.5"},
        {CATALOG_KEY_NUMERIC, "-.5", "-0.5"},
        {CATALOG_KEY_NUMERIC, "000.50", "0.5"},
        {CATALOG_KEY_NUMERIC, "5.", "5"},
        {CATALOG_KEY_NUMERIC, "5.00", "5"},
        {CATALOG_KEY_NUMERIC, "10000", "10000"},
        {CATALOG_KEY_NUMERIC, "10000.0001", "10000.0001"},
        {CATALOG_KEY_NUMERIC, "1234567890123456789012345678901234567890123456",
         "1234567890123456789012345678901234567890123456"},
        {CATALOG_KEY_NUMERIC, "12345678901234567890123456789012345678901234567", NULL},
        {CATALOG_KEY_NUMERIC, "0000000000000000000000000000000000000000000000000000000000000001",
         "1"},
        {CATALOG_KEY_NUMERIC, "1.0000000000000000000000000000000000000000000000000000000000000",
         "1"},
        {CATALOG_KEY_NUMERIC, "", NULL},
        {CATALOG_KEY_NUMERIC, " ", NULL},
        {CATALOG_KEY_NUMERIC, "-", NULL},
        {CATALOG_KEY_NUMERIC, ".", NULL},
        {CATALOG_KEY_NUMERIC, "-.", NULL},
        {CATALOG_KEY_NUMERIC, "--1", NULL},
        {CATALOG_KEY_NUMERIC, "- 1", NULL},
        {CATALOG_KEY_NUMERIC, "1.2.3", NULL},
        {CATALOG_KEY_NUMERIC, "1e3", NULL},
        {CATALOG_KEY_NUMERIC, "1_000", NULL},
        {CATALOG_KEY_NUMERIC, "0x1F", NULL},
        {CATALOG_KEY_NUMERIC, "NaN", NULL},
        {CATALOG_KEY_NUMERIC, "Infinity", NULL},
        {CATALOG_KEY_NUMERIC, "-Infinity", NULL},
    };

    check_texts(cases, COUNT_OF(cases));
}

static void
a_uuid_has_one_form(void **state PASU_UNUSED)
{
    static const char canonical[] = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
    static const struct text_case cases[] = {
        {CATALOG_KEY_UUID, canonical, canonical},
        {CATALOG_KEY_UUID, "F47AC10B-58CC-4372-A567-0E02B2C3D479", canonical},
        {CATALOG_KEY_UUID, "f47ac10b58cc4372a5670e02b2c3d479", canonical},
        {CATALOG_KEY_UUID, "f47a-c10b-58cc-4372-a567-0e02-b2c3-d479", canonical},
        {CATALOG_KEY_UUID, "{f47ac10b-58cc-4372-a567-0e02b2c3d479}", canonical},
        {CATALOG_KEY_UUID, "{f47ac10b-58cc-4372-a567-0e02b2c3d479", NULL},
        {CATALOG_KEY_UUID, "f47ac10b-58cc-4372-a567-0e02b2c3d479}", NULL},
        {CATALOG_KEY_UUID, "f47ac10b--58cc-4372-a567-0e02b2c3d479", NULL},
        {CATALOG_KEY_UUID, "-f47ac10b58cc4372a5670e02b2c3d479", NULL},
        {CATALOG_KEY_UUID, "f47ac10b58cc4372a5670e02b2c3d479-", NULL},
        {CATALOG_KEY_UUID, "f4-7ac10b58cc4372a5670e02b2c3d479", NULL},
        {CATALOG_KEY_UUID, "f47ac10b58cc4372a5670e02b2c3d47", NULL},
        {CATALOG_KEY_UUID, "f47ac10b58cc4372a5670e02b2c3d4790", NULL},
        {CATALOG_KEY_UUID, "g47ac10b58cc4372a5670e02b2c3d479", NULL},
        {CATALOG_KEY_UUID, " f47ac10b58cc4372a5670e02b2c3d479", NULL},
        {CATALOG_KEY_UUID, "{}", NULL},
        {CATALOG_KEY_UUID, "", NULL},
    };

    check_texts(cases, COUNT_OF(cases));
}

static void
a_text_stays_as_it_is(void **state PASU_UNUSED)
{
    static const uint8_t bytes[KEY_TEXT_MAX + 1];
    struct key key;

    assert_int_equal(key_from_text(&key, CATALOG_KEY_TEXT, VIEW(" Kim ")), 0);
    assert_true(view_equal(key_text(&key), VIEW(" Kim ")));
    assert_int_equal(key_from_binary(&key, CATALOG_KEY_TEXT, VIEW("0012")), 0);
    assert_true(view_equal(key_text(&key), VIEW("0012")));
    assert_int_equal(key_from_text(&key, CATALOG_KEY_TEXT, view_of(bytes, KEY_TEXT_MAX)), 0);
    assert_int_equal(key_from_text(&key, CATALOG_KEY_TEXT, view_of(bytes, KEY_TEXT_MAX + 1)),
                     PASU_E_MALFORMED);
    assert_int_equal(key_from_text(&key, CATALOG_KEY_NONE, VIEW("1")), PASU_E_MALFORMED);
    assert_int_equal(key_from_binary(&key, CATALOG_KEY_NONE, VIEW("1")), PASU_E_MALFORMED);
}

/* ---- text and binary forms ---- */

static void
assert_same_key(enum catalog_key_type type, const char *text, struct view binary)
{
    struct key one, other;

    assert_int_equal(key_from_text(&one, type, view_of_text(text)), 0);
    assert_int_equal(key_from_binary(&other, type, binary), 0);
    if (!view_equal(key_text(&one), key_text(&other)) || one.is_integer != other.is_integer)
        fail_msg("%s: text %.*s, binary %.*s", text, (int)one.text.length, one.text.bytes,
                 (int)other.text.length, other.text.bytes);
}

static int64_t
some_integer(struct random *r, unsigned bits)
{
    uint64_t n = random_u64(r) >> random_below(r, bits);

    return (int64_t)(n << (64 - bits)) >> (64 - bits);
}

static void
integers_of_all_widths_and_both_forms_agree(void **state PASU_UNUSED)
{
    static const struct {
        enum catalog_key_type type;
        unsigned bits;
    } widths[] = {{CATALOG_KEY_INT2, 16}, {CATALOG_KEY_INT4, 32}, {CATALOG_KEY_INT8, 64}};
    struct random r = {11};

    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < COUNT_OF(widths); i++) {
            int64_t n =
                round == 0 ? INT64_MIN >> (64 - widths[i].bits) : some_integer(&r, widths[i].bits);
            uint8_t space[8];
            struct writer w = writer_of(space, sizeof(space));
            struct key narrow, wide;
            char text[24];

            for (unsigned shift = widths[i].bits; shift > 0; shift -= 8)
                writer_u8(&w, (uint8_t)((uint64_t)n >> (shift - 8)));
            snprintf(text, sizeof(text), "%" PRId64, n);
            assert_same_key(widths[i].type, text, view_of(space, writer_length(&w)));
            /* A number is the same key in a wider type. */
            assert_int_equal(key_from_text(&narrow, widths[i].type, view_of_text(text)), 0);
            assert_int_equal(key_from_text(&wide, CATALOG_KEY_NUMERIC, view_of_text(text)), 0);
            assert_true(view_equal(key_text(&narrow), key_text(&wide)));
        }
}

/* A numeric as numeric_send writes it (PostgreSQL 15, numeric.c), from its decimal text. */
static struct view
numeric_of(const char *text, uint8_t *space, size_t size)
{
    struct writer w = writer_of(space, size);
    bool is_negative = text[0] == '-';
    const char *digits = text + is_negative, *point = strchr(digits, '.');
    size_t before = point ? (size_t)(point - digits) : strlen(digits);
    size_t behind = point ? strlen(point + 1) : 0;
    char padded[256] = "";
    size_t length = 0, groups, first = 0;
    int weight;

    for (size_t i = 0; i < (4 - before % 4) % 4; i++)
        padded[length++] = '0';
    memcpy(padded + length, digits, before);
    length += before;
    weight = (int)(length / 4) - 1;
    if (point)
        memcpy(padded + length, point + 1, behind);
    length += behind;
    while (length % 4 != 0)
        padded[length++] = '0';
    groups = length / 4;
    while (groups > 0 && memcmp(padded + 4 * (groups - 1), "0000", 4) == 0)
        groups--;
    while (first < groups && memcmp(padded + 4 * first, "0000", 4) == 0) {
        first++;
        weight--;
    }
    if (groups == first)
        weight = 0;
    writer_u16(&w, (uint16_t)(groups - first));
    writer_u16(&w, (uint16_t)weight);
    writer_u16(&w, is_negative && groups > first ? 0x4000 : 0);
    writer_u16(&w, (uint16_t)behind);
    for (size_t g = first; g < groups; g++) {
        unsigned value = 0;

        for (size_t i = 0; i < 4; i++)
            value = value * 10 + (unsigned)(padded[4 * g + i] - '0');
        writer_u16(&w, (uint16_t)value);
    }
    assert_false(w.failed);
    return view_of(space, writer_length(&w));
}

static void
numerics_of_both_forms_agree(void **state PASU_UNUSED)
{
    static const char *const texts[] = {"0",          "0.00",
                                        "-0.0",       "0.5",
                                        "-0.5",       "0.0001",
                                        "0.00001",    "5.00",
                                        "10000",      "9999",
                                        "10000.5",    "100000000",
                                        "1",          "0.00000000000000000001",
                                        "-1.1",       "1000.0001",
                                        "10.01",      "-10000",
                                        "1234567.89", "99999999999999999999.99999"};
    struct random r = {12};
    uint8_t space[128];
    char text[128];

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_same_key(CATALOG_KEY_NUMERIC, texts[i], numeric_of(texts[i], space, sizeof(space)));
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t before = 1 + random_below(&r, 23), behind = random_below(&r, 23);
        size_t at = 0;

        if (random_below(&r, 2))
            text[at++] = '-';
        for (uint32_t i = 0; i < before; i++)
            text[at++] = (char)(random_below(&r, 3) ? '0' + (char)random_below(&r, 10) : '0');
        if (behind > 0)
            text[at++] = '.';
        for (uint32_t i = 0; i < behind; i++)
            text[at++] = (char)(random_below(&r, 3) ? '0' + (char)random_below(&r, 10) : '0');
        text[at] = '\0';
        assert_same_key(CATALOG_KEY_NUMERIC, text, numeric_of(text, space, sizeof(space)));
    }
}

static void
a_uuid_of_both_forms_agrees(void **state PASU_UNUSED)
{
    struct random r = {13};

    for (int round = 0; round < ROUNDS / 10; round++) {
        uint8_t bytes[16];
        char text[33];

        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)random_u64(&r);
            snprintf(text + 2 * i, 3, "%02X", bytes[i]);
        }
        assert_same_key(CATALOG_KEY_UUID, text, view_of(bytes, sizeof(bytes)));
    }
}

static void
binary_forms_that_no_server_sends_are_no_keys(void **state PASU_UNUSED)
{
    static const struct {
        enum catalog_key_type type;
        struct view bytes;
    } cases[] = {
        {CATALOG_KEY_INT2, VIEW("\0")},
        {CATALOG_KEY_INT2, VIEW("\0\0\0")},
        {CATALOG_KEY_INT4, VIEW("\0\0\0")},
        {CATALOG_KEY_INT4, VIEW("\0\0\0\0\0\0\0\1")},
        {CATALOG_KEY_INT8, VIEW("\0\0\0\1")},
        {CATALOG_KEY_INT8, VIEW("")},
        {CATALOG_KEY_UUID, VIEW("123456789012345")},
        {CATALOG_KEY_UUID, VIEW("12345678901234567")},
        {CATALOG_KEY_NUMERIC, VIEW("")},
        {CATALOG_KEY_NUMERIC, VIEW("\0\0\0\0\xC0\0\0\0")},       /* NaN */
        {CATALOG_KEY_NUMERIC, VIEW("\0\0\0\0\xD0\0\0\0")},       /* Infinity */
        {CATALOG_KEY_NUMERIC, VIEW("\0\0\0\0\xF0\0\0\0")},       /* -Infinity */
        {CATALOG_KEY_NUMERIC, VIEW("\0\1\0\0\0\1\0\0\0\1")},     /* no such sign */
        {CATALOG_KEY_NUMERIC, VIEW("\0\1\0\0\0\0\0\0\x27\x10")}, /* a group of 10000 */
        {CATALOG_KEY_NUMERIC, VIEW("\0\1\0\0\0\0\0\0")},         /* cut */
        {CATALOG_KEY_NUMERIC, VIEW("\0\1\0\0\0\0\0\0\0\1\0")},   /* too long */
        {CATALOG_KEY_NUMERIC, VIEW("\0\1\x7F\xFF\0\0\0\0\0\1")}, /* of 131,072 digits */
        {CATALOG_KEY_NUMERIC, VIEW("\0\1\x80\0\0\0\0\0\0\1")},   /* behind as many zeros */
        {CATALOG_KEY_NUMERIC, VIEW("\xFF\xFF\0\0\0\0\0\0\0\1")}, /* of a negative count */
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct key key;

        if (key_from_binary(&key, cases[i].type, cases[i].bytes) != PASU_E_MALFORMED)
            fail_msg("case %zu is taken for a key", i);
    }
}

/* ---- the hot path and the types ---- */

static void
small_numbers_are_the_keys_that_the_long_way_reads(void **state PASU_UNUSED)
{
    static const char *const refused[] = {"",           "-1",          "+1",  "01", "00",
                                          " 1",         "1 ",          "1.",  "1a", "4294967296",
                                          "9999999999", "12345678901", "0x1", "１"};
    static const char *const taken[] = {"0", "1", "4294967295", "1000000000"};
    struct random r = {14};
    uint32_t number;

    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (key_small_number(view_of_text(refused[i]), &number))
            fail_msg("\"%s\" is taken for a small number", refused[i]);
    for (size_t i = 0; i < COUNT_OF(taken); i++)
        assert_true(key_small_number(view_of_text(taken[i]), &number));
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t n = (uint32_t)random_u64(&r) >> random_below(&r, 32);
        struct key key;
        char text[16];

        snprintf(text, sizeof(text), "%" PRIu32, n);
        assert_true(key_small_number(view_of_text(text), &number));
        assert_int_equal(number, n);
        assert_int_equal(key_from_text(&key, CATALOG_KEY_INT8, view_of_text(text)), 0);
        assert_true(view_equal(key_text(&key), view_of_text(text)));
    }
}

/* What stands before the value is read with it, and must not matter. */
static void
a_number_in_a_row_is_what_it_is_alone(void **state PASU_UNUSED)
{
    struct random r = {15};

    for (int round = 0; round < ROUNDS; round++) {
        uint8_t bytes[8 + 12];
        size_t length = random_below(&r, 13);
        uint32_t alone = 0, in_row = 0;
        bool is_number;

        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)(i < 8 ? random_below(&r, 256) : '0' + random_below(&r, 10));
        if (length > 0 && random_below(&r, 2) == 0)
            bytes[8 + random_below(&r, (uint32_t)length)] = (uint8_t)random_below(&r, 256);
        is_number = key_small_number(view_of(bytes + 8, length), &alone);
        assert_int_equal(key_number_in_row(bytes + 8, length, &in_row), is_number);
        if (is_number)
            assert_int_equal(in_row, alone);
    }
}

/* Where they end is not known before; behind `end` nothing is read. */
static void
digits_are_read_up_to_what_is_none(void **state PASU_UNUSED)
{
    struct random r = {16};

    for (int round = 0; round < ROUNDS; round++) {
        size_t length = random_below(&r, 20), wanted = 0;
        uint8_t *bytes =
            memory_new(length ? length : 1, 1); /* a sanitizer sees each byte too many */
        uint64_t number = 0, n = 0;

        assert_non_null(bytes);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)('0' + random_below(&r, 10));
        if (length > 0 && random_below(&r, 4) > 0)
            bytes[random_below(&r, (uint32_t)length)] = (uint8_t)random_below(&r, 256);
        for (; wanted < length && wanted < 11 && bytes[wanted] >= '0' && bytes[wanted] <= '9';
             wanted++)
            n = n * 10 + (uint64_t)(bytes[wanted] - '0');
        assert_int_equal(key_digits(bytes, bytes + length, &number), wanted);
        if (wanted > 0)
            assert_true(number == n);
        memory_free(bytes);
    }
}

static void
types_are_told_by_their_oids(void **state PASU_UNUSED)
{
    static const struct {
        uint32_t scalar, array;
        enum catalog_key_type type;
    } types[] = {{21, 1005, CATALOG_KEY_INT2},  {23, 1007, CATALOG_KEY_INT4},
                 {20, 1016, CATALOG_KEY_INT8},  {1700, 1231, CATALOG_KEY_NUMERIC},
                 {25, 1009, CATALOG_KEY_TEXT},  {1043, 1015, CATALOG_KEY_TEXT},
                 {2950, 2951, CATALOG_KEY_UUID}};

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        assert_int_equal(key_type_of_oid(types[i].scalar), types[i].type);
        assert_int_equal(key_type_of_array(types[i].array), types[i].type);
        assert_int_equal(key_type_of_oid(types[i].array), CATALOG_KEY_NONE);
        assert_int_equal(key_type_of_array(types[i].scalar), CATALOG_KEY_NONE);
    }
    assert_int_equal(key_type_of_oid(0), CATALOG_KEY_NONE);
    assert_int_equal(key_type_of_oid(1042), CATALOG_KEY_NONE); /* bpchar: blanks at its end */
    assert_true(key_types_agree(CATALOG_KEY_INT2, CATALOG_KEY_NUMERIC));
    assert_true(key_types_agree(CATALOG_KEY_TEXT, CATALOG_KEY_TEXT));
    assert_false(key_types_agree(CATALOG_KEY_TEXT, CATALOG_KEY_INT4));
    assert_false(key_types_agree(CATALOG_KEY_UUID, CATALOG_KEY_TEXT));
    assert_false(key_types_agree(CATALOG_KEY_NONE, CATALOG_KEY_NONE));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_has_one_form),
        cmocka_unit_test(a_uuid_has_one_form),
        cmocka_unit_test(a_text_stays_as_it_is),
        cmocka_unit_test(integers_of_all_widths_and_both_forms_agree),
        cmocka_unit_test(numerics_of_both_forms_agree),
        cmocka_unit_test(a_uuid_of_both_forms_agrees),
        cmocka_unit_test(binary_forms_that_no_server_sends_are_no_keys),
        cmocka_unit_test(small_numbers_are_the_keys_that_the_long_way_reads),
        cmocka_unit_test(a_number_in_a_row_is_what_it_is_alone),
        cmocka_unit_test(digits_are_read_up_to_what_is_none),
        cmocka_unit_test(types_are_told_by_their_oids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
