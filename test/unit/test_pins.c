/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that a statement pins: all of them, or none. */
#include "base/memory.h"
#include "gate/pins.h"
#include "gate_ordinals.h"
#include "random.h"

static struct gate_ordinals world;
static struct pinned pinned;

static int
begin(void **state PASU_UNUSED)
{
    gate_ordinals_begin(&world);
    return 0;
}

static int
end(void **state PASU_UNUSED)
{
    gate_ordinals_end(&world);
    return 0;
}

static struct plan_part
part_of(enum catalog_key_type type)
{
    return (struct plan_part){.kind = KIND_PLAIN, .key_type = (uint8_t)type};
}

/* `keys` as texts told apart by '|'; NULL: cannot be told; "": none. */
static void
assert_pins(const char *what, int result, const char *keys)
{
    uint16_t count = 0;

    if (!keys) {
        if (result != PASU_E_MALFORMED)
            fail_msg("%s is read", what);
    } else {
        if (result != 0)
            fail_msg("%s is not read", what);
        for (const char *at = keys; *at; count++) {
            size_t length = strcspn(at, "|");

            if (count >= pinned.count ||
                pinned.ordinals[count] != gate_ordinal(&world, KIND_PLAIN, view_of(at, length)))
                fail_msg("%s: key %u is not %.*s", what, count, (int)length, at);
            at += length + (at[length] != '\0');
        }
        if (count != pinned.count)
            fail_msg("%s: %u keys, not %u", what, pinned.count, count);
    }
    pinned_release(&pinned);
}

struct array_case {
    enum catalog_key_type type;
    const char *text, *keys;
};

static void
texts_of_arrays_are_read_as_the_server_reads_them(void **state PASU_UNUSED)
{
    static const struct array_case cases[] = {
        {CATALOG_KEY_INT8, "{}", ""},
        {CATALOG_KEY_INT8, "{1}", "1"},
        {CATALOG_KEY_INT8, "{1,2,3}", "1|2|3"},
        {CATALOG_KEY_INT8, "{1,NULL,3}", "1|3"},
        {CATALOG_KEY_INT8, "{null,Null}", ""},
        {CATALOG_KEY_INT8, "{\"1\",\"2\"}", "1|2"},
        {CATALOG_KEY_INT8, "{1,1}", "1|1"},
        {CATALOG_KEY_NUMERIC, "{5.00,-0}", "5|0"},
        {CATALOG_KEY_TEXT, "{kim,\"lee, jr\",\"a\\\"b\",c\\,d}", "kim|lee, jr|a\"b|c,d"},
        {CATALOG_KEY_TEXT, "{\"NULL\"}", "NULL"}, /* a text of that name */
        {CATALOG_KEY_TEXT, "{\\NULL}", "NULL"},
        {CATALOG_KEY_TEXT, "{N\\ULL,null}", NULL}, /* a null, or with array_nulls off a text */
        {CATALOG_KEY_TEXT, "{nulls}", "nulls"},
        {CATALOG_KEY_TEXT, "{\"a\\\\\"}", "a\\"},
        {CATALOG_KEY_INT8, "", NULL},
        {CATALOG_KEY_INT8, "{", NULL},
        {CATALOG_KEY_INT8, "}", NULL},
        {CATALOG_KEY_INT8, "1,2", NULL},
        {CATALOG_KEY_INT8, "{1", NULL},
        {CATALOG_KEY_INT8, "{1,}", NULL},
        {CATALOG_KEY_INT8, "{,1}", NULL},
        {CATALOG_KEY_INT8, "{1,,2}", NULL},
        {CATALOG_KEY_INT8, "{1}}", NULL},
        {CATALOG_KEY_INT8, "{1},{2}", NULL},
        {CATALOG_KEY_INT8, "{{1},{2}}", NULL},
        {CATALOG_KEY_INT8, "[0:1]={1,2}", NULL},
        {CATALOG_KEY_INT8, "{1, 2}", NULL},
        {CATALOG_KEY_INT8, " {1}", NULL},
        {CATALOG_KEY_INT8, "{x}", NULL},
        {CATALOG_KEY_TEXT, "{\"a}", NULL},
        {CATALOG_KEY_TEXT, "{\"a\"b}", NULL},
        {CATALOG_KEY_TEXT, "{a\"b\"}", NULL},
        {CATALOG_KEY_TEXT, "{a\\}", NULL},
        {CATALOG_KEY_TEXT, "{\"a\\\"}", NULL},
        {CATALOG_KEY_TEXT, "{\"\\}", NULL},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan_part part = part_of(cases[i].type);
        struct plan_pin pin = {.literal = view_of_text(cases[i].text), .is_array = true};

        assert_pins(cases[i].text,
                    pins_add_array(&pinned, &world.ordinals, &part, cases[i].type,
                                   view_of_text(cases[i].text), 0),
                    cases[i].keys);
        assert_pins(cases[i].text, pins_add_literal(&pinned, &world.ordinals, &part, &pin),
                    cases[i].keys);
    }
}

/* An array as array_send writes it. */
static struct view
array_of(uint8_t *space, size_t size, uint32_t oid, const char *numbers)
{
    struct writer w = writer_of(space, size);
    uint32_t count = (uint32_t)strlen(numbers); /* a digit each, or n for null */

    writer_u32(&w, count > 0);
    writer_u32(&w, 0);
    writer_u32(&w, oid);
    if (count > 0) {
        writer_u32(&w, count);
        writer_u32(&w, 1);
    }
    for (const char *at = numbers; *at; at++) {
        if (*at == 'n') {
            writer_u32(&w, UINT32_MAX);
            continue;
        }
        writer_u32(&w, oid == 20 ? 8 : 4);
        if (oid == 20)
            writer_u32(&w, 0);
        writer_u32(&w, (uint32_t)(*at - '0'));
    }
    assert_false(w.failed);
    return view_of(space, writer_length(&w));
}

static void
binary_arrays_carry_their_own_type(void **state PASU_UNUSED)
{
    struct plan_part part = part_of(CATALOG_KEY_INT8);
    uint8_t space[256];
    struct view v = array_of(space, sizeof(space), 20, "12n3");

    assert_pins("bigint[]", pins_add_array(&pinned, &world.ordinals, &part, CATALOG_KEY_INT8, v, 1),
                "1|2|3");
    /* of integers of another width: a number is a number */
    v = array_of(space, sizeof(space), 23, "7n");
    assert_pins("int[]", pins_add_array(&pinned, &world.ordinals, &part, CATALOG_KEY_NONE, v, 1),
                "7");
    v = array_of(space, sizeof(space), 20, "");
    assert_pins("empty", pins_add_array(&pinned, &world.ordinals, &part, CATALOG_KEY_NONE, v, 1),
                "");
    v = array_of(space, sizeof(space), 25, "1");
    assert_pins("text[]", pins_add_array(&pinned, &world.ordinals, &part, CATALOG_KEY_TEXT, v, 1),
                NULL);
    v = array_of(space, sizeof(space), 600, "1");
    assert_pins("point[]", pins_add_array(&pinned, &world.ordinals, &part, CATALOG_KEY_INT8, v, 1),
                NULL);
    v = array_of(space, sizeof(space), 20, "12");
    space[3] = 2; /* of two dimensions */
    assert_pins("int[][]", pins_add_array(&pinned, &world.ordinals, &part, CATALOG_KEY_INT8, v, 1),
                NULL);
}

static void
every_cut_and_changed_array_is_read_within_its_bytes(void **state PASU_UNUSED)
{
    static const struct view text = VIEW("{1,\"2\",N\\ULL,null,\"\\\"\",345}");
    struct plan_part parts[2] = {part_of(CATALOG_KEY_INT8), part_of(CATALOG_KEY_TEXT)};
    uint8_t space[256];
    struct view binary = array_of(space, sizeof(space), 20, "12n3");
    struct random r = {31};

    for (int round = 0; round < 20000; round++) {
        int16_t format = round & 1;
        struct view whole = format ? binary : text;
        size_t length = random_below(&r, (uint32_t)whole.length + 1);
        uint8_t *copy = memory_new(length ? length : 1, 1);

        assert_non_null(copy);
        memcpy(copy, whole.bytes, length);
        if (length > 0 && random_below(&r, 2))
            copy[random_below(&r, (uint32_t)length)] = (uint8_t)random_u64(&r);
        for (size_t p = 0; p < 2; p++) {
            int result = pins_add_array(&pinned, &world.ordinals, &parts[p], parts[p].key_type,
                                        view_of(copy, length), format);

            assert_true(result == 0 || result == PASU_E_MALFORMED || result == PASU_E_RANGE);
            if (format && length < whole.length && length > 0)
                assert_int_equal(result, PASU_E_MALFORMED);
            pinned_release(&pinned);
        }
        memory_free(copy);
    }
}

static void
a_value_is_a_key_only_of_a_type_that_agrees(void **state PASU_UNUSED)
{
    struct plan_part number = part_of(CATALOG_KEY_INT4), text = part_of(CATALOG_KEY_TEXT);

    assert_pins("int8 for int4",
                pins_add_value(&pinned, &world.ordinals, &number, CATALOG_KEY_INT8,
                               VIEW("\0\0\0\0\0\0\0\x2A"), 1),
                "42");
    assert_pins(
        "numeric for int4",
        pins_add_value(&pinned, &world.ordinals, &number, CATALOG_KEY_NUMERIC, VIEW("42.0"), 0),
        "42");
    assert_pins("text for int4",
                pins_add_value(&pinned, &world.ordinals, &number, CATALOG_KEY_TEXT, VIEW("42"), 0),
                NULL);
    assert_pins("int4 for text",
                pins_add_value(&pinned, &world.ordinals, &text, CATALOG_KEY_INT4, VIEW("42"), 0),
                NULL);
    assert_pins("no type",
                pins_add_value(&pinned, &world.ordinals, &text, CATALOG_KEY_NONE, VIEW("42"), 0),
                NULL);
    assert_pins("0042 for text",
                pins_add_value(&pinned, &world.ordinals, &text, CATALOG_KEY_TEXT, VIEW("0042"), 0),
                "0042");
}

static void
numbers_of_a_sealed_kind_do_not_stand_for_themselves(void **state PASU_UNUSED)
{
    struct plan_part part = part_of(CATALOG_KEY_INT4);

    part.kind = KIND_SEALED;
    assert_int_equal(
        pins_add_value(&pinned, &world.ordinals, &part, CATALOG_KEY_INT4, VIEW("42"), 0), 0);
    assert_true(pinned.ordinals[0] >= KEY_ORDINAL_FIRST);
    assert_int_equal(pinned.ordinals[0], gate_ordinal(&world, KIND_SEALED, VIEW("42")));
    pinned_release(&pinned);
}

static void
too_many_keys_are_no_keys(void **state PASU_UNUSED)
{
    struct plan_part part = part_of(CATALOG_KEY_INT8);
    static char text[2 * PLAN_PINS_MAX + 8];
    size_t at = 0;

    text[at++] = '{';
    for (int i = 0; i <= PLAN_PINS_MAX; i++) {
        text[at++] = '1';
        text[at++] = ',';
    }
    text[at - 1] = '}';
    assert_int_equal(
        pins_add_array(&pinned, &world.ordinals, &part, CATALOG_KEY_INT8, view_of(text, at), 0),
        PASU_E_RANGE);
    pinned_release(&pinned);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_arrays_are_read_as_the_server_reads_them),
        cmocka_unit_test(binary_arrays_carry_their_own_type),
        cmocka_unit_test(every_cut_and_changed_array_is_read_within_its_bytes),
        cmocka_unit_test(a_value_is_a_key_only_of_a_type_that_agrees),
        cmocka_unit_test(numbers_of_a_sealed_kind_do_not_stand_for_themselves),
        cmocka_unit_test(too_many_keys_are_no_keys),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
