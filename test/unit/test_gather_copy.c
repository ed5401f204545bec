/* SPDX-License-Identifier: Apache-2.0 */
/* Persons and fields of a COPY's rows: one by one, many at once, and of a batch that is cut. */
#include "gather_shape.h"

static struct copy_format format;

/* One part, its key in that column, a name in the other one. */
static void
copy_shape(struct shape *shape, char kind, uint16_t key_column)
{
    simple_shape(shape);
    memset(shape->roles, 0, sizeof(shape->roles));
    memset(shape->column_fields, 0, sizeof(shape->column_fields));
    memset(&shape->entry, 0, sizeof(shape->entry));
    shape->showing.last_column = 0;
    shape->showing.parts[0].column = key_column;
    shape->column_fields[1 - key_column] = 1;
    shape_settle(shape);
    format = (struct copy_format){.kind = kind,
                                  .delimiter = kind == 'c' ? ',' : '\t',
                                  .quote = '"',
                                  .escape = '"',
                                  .null = kind == 'c' ? VIEW("") : VIEW("\\N"),
                                  .is_null_apart = true};
    shape->entry.copy = &format;
    gather_clear(&gather);
}

static int
gather_text(const struct shape *shape, const char *text, uint32_t start)
{
    struct row row = {.length = strlen(text)};

    memcpy(row.bytes, text, row.length);
    return read_row(shape, &row, row.length, start);
}

static void
rows_show_their_persons(void **state PASU_UNUSED)
{
    struct shape shape;

    copy_shape(&shape, 't', 0);
    assert_int_equal(gather_text(&shape, "7\t\\N\n", 10), 0);
    assert_int_equal(gather.clear[0], 0);
    assert_int_equal(gather.null[0], 1);
    assert_int_equal(gather_text(&shape, "8\tKim\\tMin\n", 20), 0);
    assert_int_equal(gather.clear[0], 1);
    assert_int_equal(gather_text(&shape, "\\N\tnobody\n", 30), 0);
    assert_int_equal(gather_text(&shape, "\\N\t\\N\n", 40), 0);
    assert_int_equal(gather.item_count, 2);
    assert_int_equal(gather.items[0].ordinal, 7);
    assert_int_equal(gather.items[1].ordinal, 8);
    assert_int_equal(gather.starts[1], 20);
    assert_int_equal(gather.unattributed[0], 1);
    assert_int_equal(gather.rows, 4);
}

static void
keys_are_read_without_their_escapes(void **state PASU_UNUSED)
{
    struct shape shape;
    uint32_t ordinals[3];

    for (int i = 0; i < 3; i++) {
        copy_shape(&shape, i == 0 ? 't' : 'c', 1);
        format.escape = i == 2 ? '\\' : '"';
        shape.showing.parts[0].key_type = CATALOG_KEY_TEXT;
        shape.entry.only_key = -1;
        assert_int_equal(gather_text(&shape,
                                     i == 0   ? "a\\tb\ta\\\\\"\n"
                                     : i == 1 ? "\"a,b\",\"a\\\"\"\"\n"
                                              : "\"a,b\",\"a\\\\\\\"\"\n",
                                     0),
                         0);
        assert_int_equal(gather.item_count, 1);
        ordinals[i] = gather.items[0].ordinal;
    }
    assert_int_equal(ordinals[0], ordinals[1]);
    assert_int_equal(ordinals[0], ordinals[2]);
}

static void
what_is_not_one_row_is_refused(void **state PASU_UNUSED)
{
    static const char *const wrong[] = {"7\tKim", "7\n", "7\tKim\t8\n", "7\tKim\n8\tLee\n", "\n"};
    struct shape shape;

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        copy_shape(&shape, 't', 0);
        assert_int_equal(gather_text(&shape, wrong[i], 0), PASU_E_UPSTREAM_PROTOCOL);
        assert_int_equal(gather.rows, 0);
        assert_int_equal(gather.item_count, 0);
    }
    /* also where only keys are read */
    copy_shape(&shape, 't', 0);
    assert_int_equal(gather_text(&shape, "7\tKim\n", 0), 0);
    assert_true(gather.is_saturated);
    assert_int_equal(gather_text(&shape, "7\tKim\n8\tLee\n", 0), PASU_E_UPSTREAM_PROTOCOL);
}

static void
of_rows_in_an_unknown_encoding_only_keys_are_read(void **state PASU_UNUSED)
{
    struct shape shape;

    copy_shape(&shape, 't', 0);
    shape.entry.is_keys_alone = true;
    assert_int_equal(gather_text(&shape, "7\t\\N\t9\n", 0), 0);
    assert_int_equal(gather.item_count, 1);
    assert_int_equal(gather.clear[0], 1); /* it can be a part of a character */
    assert_int_equal(gather_text(&shape, "x\tKim\n", 0), 0);
    assert_int_equal(gather.unattributed[0], 1);
}

/* ---- many ---- */

/* Messages of these rows, one behind the other. */
static struct view
messages_of(const char *const *rows, size_t count)
{
    uint32_t at = 0;

    for (size_t i = 0; i < count; i++)
        put_outgoing(&at, 'd', (const uint8_t *)rows[i], strlen(rows[i]));
    return view_of(outgoing, at);
}

static size_t
gather_many(const struct shape *shape, struct view messages)
{
    uint8_t *copy = (uint8_t *)memory_dup(messages.bytes, messages.length);
    size_t used;

    assert_non_null(copy);
    used =
        gather_copies(&gather, &shape->entry, &world.ordinals, view_of(copy, messages.length), 100);
    memory_free(copy);
    return used;
}

static void
rows_can_be_read_many_at_once(void **state PASU_UNUSED)
{
    static const char *const rows[] = {"7\tKim\n", "8\tLee \\\\\n", "8\tMin\n", "4026531839\tx\n"};
    struct view messages = messages_of(rows, COUNT_OF(rows));
    struct shape shape;

    copy_shape(&shape, 't', 0);
    assert_int_equal(gather_many(&shape, messages), 0); /* fields are left to see */
    assert_int_equal(gather_text(&shape, "1\tKim\n", 0), 0);
    assert_int_equal(gather_many(&shape, messages), messages.length);
    assert_int_equal(gather.rows, 5);
    assert_int_equal(gather.item_count, 4);
    assert_int_equal(gather.items[2].ordinal, 8);
    assert_int_equal(gather.starts[2], 100 + 11);
    assert_int_equal(gather.items[3].ordinal, UINT32_C(4026531839));
    /* half a message is left */
    assert_int_equal(gather_many(&shape, view_of(messages.bytes, 15)), 11);
    assert_int_equal(gather_many(&shape, view_of(messages.bytes, 11)), 11);
}

/* Rows that look simple and are not: left to be read one by one. */
static void
what_is_not_simple_is_left(void **state PASU_UNUSED)
{
    static const struct {
        char kind;
        uint16_t key_column;
        char delimiter;
        const char *row;
    } cases[] = {
        {'t', 0, '\t', "\\N\tKim\n"},
        {'t', 0, '\t', "07\tKim\n"},
        {'t', 0, '\t', "-7\tKim\n"},
        {'t', 0, '\t', "7\tKim\n8\tLee\n"},
        {'t', 0, '\t', "7\tKim"},
        {'t', 0, '\t', "4026531840\tKim\n"},
        {'t', 0, '\t', "99999999999\tx\n"},
        {'t', 1, '\t', "a\\\t8\t7\n"},
        {'t', 1, '\t', "Kim\n"},
        {'c', 1, ',', "\"a,8\",7\n"},
        {'c', 0, ',', "7,\"a\nb\"\n"},
        {'c', 0, '5', "1257\n"},
        {'t', 0, '\t', "\t7\n"},
        {'t', 0, '\t', "\n"},
    };
    struct shape shape;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        copy_shape(&shape, cases[i].kind, cases[i].key_column);
        format.delimiter = (uint8_t)cases[i].delimiter;
        gather.is_saturated = true;
        if (gather_many(&shape, messages_of(&cases[i].row, 1)) != 0)
            fail_msg("%s", cases[i].row);
        assert_int_equal(gather.item_count, 0);
    }
    copy_shape(&shape, 'c', 0);
    format.null = VIEW("7");
    gather.is_saturated = true;
    assert_int_equal(gather_many(&shape, messages_of((const char *const[]){"7,Kim\n"}, 1)), 0);
}

static void
a_cut_takes_back_what_does_not_leave(void **state PASU_UNUSED)
{
    static const char *const rows[] = {"7\t\\N\n", "8\tKim\n"};
    struct shape shape;
    uint32_t start;

    (void)messages_of(rows, 2);
    start = (uint32_t)strlen(rows[0]) + 5;
    copy_shape(&shape, 't', 0);
    assert_int_equal(gather_text(&shape, rows[0], 0), 0);
    assert_int_equal(gather_text(&shape, rows[1], start), 0);
    assert_int_equal(gather.clear[0], 1);
    gather_cut(&gather, &shape.entry, outgoing, 1);
    assert_int_equal(gather.rows, 1);
    assert_int_equal(gather.item_count, 1);
    assert_int_equal(gather.clear[0], 0);
    assert_int_equal(gather.null[0], 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_show_their_persons),
        cmocka_unit_test(keys_are_read_without_their_escapes),
        cmocka_unit_test(what_is_not_one_row_is_refused),
        cmocka_unit_test(of_rows_in_an_unknown_encoding_only_keys_are_read),
        cmocka_unit_test(rows_can_be_read_many_at_once),
        cmocka_unit_test(what_is_not_simple_is_left),
        cmocka_unit_test(a_cut_takes_back_what_does_not_leave),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
