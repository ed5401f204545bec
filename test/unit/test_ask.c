/* SPDX-License-Identifier: Apache-2.0 */
/* What a client's messages ask for; and that no body, whole, cut or changed, is read beyond. */
#include "base/memory.h"
#include "postgres/ask.h"
#include "random.h"
#include "unit.h"

/* A copy in a block of its very size, so that a sanitizer sees every byte too many. */
static struct view
exact(struct view body, size_t length)
{
    uint8_t *copy = memory_new(length ? length : 1, 1);

    assert_non_null(copy);
    if (length > 0)
        memcpy(copy, body.bytes, length);
    return view_of(copy, length);
}

static void
release(struct view body)
{
    memory_free((void *)(uintptr_t)body.bytes);
}

static int
read_as(char type, struct view body)
{
    struct ask_parse parse;
    struct ask_bind bind;
    struct ask_target target;
    struct ask_execute execute;
    struct view text;
    int result;

    switch (type) {
    case 'Q':
        return ask_read_query(&text, body);
    case 'P':
        result = ask_read_parse(&parse, body);
        for (uint16_t i = 0; result == 0 && i < 70; i++)
            (void)ask_parse_type(parse.types, i);
        return result;
    case 'B':
        result = ask_read_bind(&bind, body);
        for (uint16_t i = 0; result == 0 && i <= bind.value_count && i < 70; i++) {
            struct view value;
            int16_t format;
            int found = ask_bind_value(&bind, i, &value, &format);

            assert_true(found >= 0 || i == bind.value_count);
            if (found == 1)
                assert_true(value.bytes >= body.bytes &&
                            value.length <= (size_t)(body.bytes + body.length - value.bytes));
            (void)ask_result_format(bind.results, i);
        }
        return result;
    case 'D':
        return ask_read_target(&target, body);
    case 'F':
        return ask_read_call(&bind, body);
    default:
        return ask_read_execute(&execute, body);
    }
}

static const struct {
    char type;
    struct view body;
} bodies[] = {
    {'Q', VIEW("SELECT 1\0")},
    {'P', VIEW("s1\0SELECT $1, $2\0\0\2\0\0\0\x14\0\0\0\x17")},
    {'P', VIEW("\0\0\0\0")},
    {'B', VIEW("p\0s1\0\0\3\0\0\0\1\0\0\0\3\0\0\0\2"
               "42\xFF\xFF\xFF\xFF\0\0\0\0\0\2\0\1\0\0")},
    {'B', VIEW("\0\0\0\1\0\1\0\2\0\0\0\1"
               "a\0\0\0\1"
               "b\0\0")},
    {'B', VIEW("\0\0\0\0\0\0\0\0")},
    {'D', VIEW("Sname\0")},
    {'D', VIEW("P\0")},
    {'E', VIEW("p\0\0\0\0\x64")},
    {'F', VIEW("\0\0\x40\1\0\1\0\1\0\2\0\0\0\1"
               "a\xFF\xFF\xFF\xFF\0\1")},
    {'F', VIEW("\0\0\x40\1\0\0\0\0\0\0")},
};

static void
every_cut_body_is_refused(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct view body = bodies[i].body;

        for (size_t length = 0; length < body.length; length++) {
            struct view cut = exact(body, length);

            if (read_as(bodies[i].type, cut) != PASU_E_MALFORMED)
                fail_msg("body %zu is read when cut to %zu bytes", i, length);
            release(cut);
        }
    }
}

static void
a_byte_too_many_is_refused(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        uint8_t *longer = memory_new(bodies[i].body.length + 1, 1);

        assert_non_null(longer);
        memcpy(longer, bodies[i].body.bytes, bodies[i].body.length);
        assert_int_equal(read_as(bodies[i].type, view_of(longer, bodies[i].body.length + 1)),
                         PASU_E_MALFORMED);
        memory_free(longer);
    }
}

static void
changed_bodies_are_never_read_beyond(void **state PASU_UNUSED)
{
    struct random r = {21};

    for (int round = 0; round < 30000; round++) {
        size_t i = random_below(&r, COUNT_OF(bodies));
        struct view body = exact(bodies[i].body, bodies[i].body.length);
        uint8_t *bytes = (uint8_t *)(uintptr_t)body.bytes;

        for (uint32_t n = 1 + random_below(&r, 3); n > 0; n--)
            bytes[random_below(&r, (uint32_t)body.length)] =
                (uint8_t)(random_below(&r, 2) ? random_u64(&r) : 0xFF * random_below(&r, 2));
        (void)read_as(bodies[i].type, body);
        release(body);
    }
}

static void
parse_says_name_text_and_types(void **state PASU_UNUSED)
{
    struct ask_parse parse;

    assert_int_equal(ask_read_parse(&parse, bodies[1].body), 0);
    assert_true(view_equal(parse.name, VIEW("s1")));
    assert_true(view_equal(parse.text, VIEW("SELECT $1, $2")));
    assert_int_equal(ask_parse_type(parse.types, 0), 20);
    assert_int_equal(ask_parse_type(parse.types, 1), 23);
    assert_int_equal(ask_parse_type(parse.types, 2), 0);
    assert_int_equal(ask_parse_type(parse.types, UINT16_MAX), 0);
    /* What goes out unchanged around another text: the number of types stands before them. */
    assert_int_equal(ask_read_parse(&parse, bodies[2].body), 0);
    assert_int_equal(parse.types.length, 0);
    assert_ptr_equal(parse.types.bytes - 2, bodies[2].body.bytes + 2);
}

static void
bind_says_its_values_and_formats(void **state PASU_UNUSED)
{
    static const struct view body = VIEW("p\0s1\0\0\3\0\0\0\1\0\0\0\3\0\0\0\2"
                                         "42\xFF\xFF\xFF\xFF\0\0\0\0\0\2\0\1\0\0");
    struct ask_bind bind;
    struct view value;
    int16_t format;

    assert_int_equal(ask_read_bind(&bind, body), 0);
    assert_true(view_equal(bind.portal, VIEW("p")));
    assert_true(view_equal(bind.statement, VIEW("s1")));
    assert_int_equal(bind.value_count, 3);
    assert_int_equal(ask_bind_value(&bind, 0, &value, &format), 1);
    assert_true(view_equal(value, VIEW("42")) && format == 0);
    assert_int_equal(ask_bind_value(&bind, 1, &value, &format), 0); /* null */
    assert_int_equal(ask_bind_value(&bind, 2, &value, &format), 1); /* empty, not null */
    assert_int_equal(value.length, 0);
    assert_int_equal(ask_bind_value(&bind, 3, &value, &format), PASU_E_MALFORMED);
    assert_int_equal(ask_result_format(bind.results, 0), 1);
    assert_int_equal(ask_result_format(bind.results, 1), 0);
    assert_int_equal(ask_result_format(bind.results, 2), 0);
    assert_int_equal(bind.results_at, body.length - 6);
}

static void
every_value_of_a_long_bind_is_found(void **state PASU_UNUSED)
{
    static const size_t count = UINT16_MAX;
    uint8_t *body = memory_new(count * 8 + 16, 1);
    struct ask_bind bind;
    struct writer w;

    assert_non_null(body);
    w = writer_of(body, count * 8 + 16);
    writer_bytes(&w, "\0\0\0\0", 4);
    writer_u16(&w, (uint16_t)count);
    for (uint32_t i = 0; i < count; i++) {
        writer_u32(&w, i % 3 == 2 ? UINT32_MAX : i % 3 ? 4 : 0);
        if (i % 3 == 1)
            writer_u32(&w, i);
    }
    writer_u16(&w, 0);
    assert_int_equal(ask_read_bind(&bind, view_of(body, writer_length(&w))), 0);
    for (uint32_t i = 0; i < count; i++) {
        struct view value;
        int16_t format;
        int found = ask_bind_value(&bind, (uint16_t)i, &value, &format);

        assert_int_equal(found, i % 3 != 2);
        assert_int_equal(value.length, i % 3 == 1 ? 4 : 0);
        if (i % 3 == 1)
            assert_int_equal(bytes_get_u32(value.bytes), i);
    }
    memory_free(body);
}

static void
one_format_is_for_all_and_none_is_text(void **state PASU_UNUSED)
{
    struct ask_bind bind;
    struct view value;
    int16_t format;

    assert_int_equal(ask_read_bind(&bind, bodies[4].body), 0);
    assert_int_equal(ask_bind_value(&bind, 1, &value, &format), 1);
    assert_true(view_equal(value, VIEW("b")) && format == 1);
    assert_int_equal(ask_result_format(bind.results, 0), 0);
    assert_int_equal(ask_result_format(VIEW("\0\1"), 1600), 1);
}

/* Two formats for three values: the server refuses it, and so do we. */
static void
a_bind_whose_formats_do_not_fit_its_values_is_refused(void **state PASU_UNUSED)
{
    struct ask_bind bind;

    assert_int_equal(
        ask_read_bind(&bind, VIEW("\0\0\0\2\0\0\0\1\0\3\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                                  "\xFF\xFF\xFF\xFF\0\0")),
        PASU_E_MALFORMED);
    /* Lengths between null and 2 GiB are none. */
    assert_int_equal(ask_read_bind(&bind, VIEW("\0\0\0\0\0\1\xFF\xFF\xFF\xFE\0\0")),
                     PASU_E_MALFORMED);
    assert_int_equal(ask_read_bind(&bind, VIEW("\0\0\0\0\0\1\x7F\xFF\xFF\xFF\0\0")),
                     PASU_E_MALFORMED);
}

static void
targets_are_statements_or_portals(void **state PASU_UNUSED)
{
    struct ask_target target;

    assert_int_equal(ask_read_target(&target, VIEW("Sa\0")), 0);
    assert_false(target.is_portal);
    assert_true(view_equal(target.name, VIEW("a")));
    assert_int_equal(ask_read_target(&target, VIEW("P\0")), 0);
    assert_true(target.is_portal);
    assert_int_equal(ask_read_target(&target, VIEW("X\0")), PASU_E_MALFORMED);
    assert_int_equal(ask_read_target(&target, VIEW("\0")), PASU_E_MALFORMED);
}

static void
execute_says_portal_and_limit(void **state PASU_UNUSED)
{
    struct ask_execute execute;

    assert_int_equal(ask_read_execute(&execute, VIEW("p\0\0\0\0\x64")), 0);
    assert_true(view_equal(execute.portal, VIEW("p")));
    assert_int_equal(execute.limit, 100);
}

static void
a_call_says_its_values(void **state PASU_UNUSED)
{
    struct ask_bind call;
    struct view value;
    int16_t format;

    assert_int_equal(ask_read_call(&call, VIEW("\0\0\x40\1\0\1\0\1\0\2\0\0\0\1"
                                               "a\xFF\xFF\xFF\xFF\0\1")),
                     0);
    assert_int_equal(call.value_count, 2);
    assert_int_equal(ask_bind_value(&call, 0, &value, &format), 1);
    assert_true(view_equal(value, VIEW("a")) && format == 1);
    assert_int_equal(ask_bind_value(&call, 1, &value, &format), 0);
    assert_int_equal(ask_bind_value(&call, 2, &value, &format), PASU_E_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_body_is_refused),
        cmocka_unit_test(a_byte_too_many_is_refused),
        cmocka_unit_test(changed_bodies_are_never_read_beyond),
        cmocka_unit_test(parse_says_name_text_and_types),
        cmocka_unit_test(bind_says_its_values_and_formats),
        cmocka_unit_test(a_call_says_its_values),
        cmocka_unit_test(every_value_of_a_long_bind_is_found),
        cmocka_unit_test(one_format_is_for_all_and_none_is_text),
        cmocka_unit_test(a_bind_whose_formats_do_not_fit_its_values_is_refused),
        cmocka_unit_test(targets_are_statements_or_portals),
        cmocka_unit_test(execute_says_portal_and_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
