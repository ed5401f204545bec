/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of random columns, read and held against a naive reading of the same rows. */
#include "gather_shape.h"
#include "random.h"

enum { PERSONS = 6 };

static void
random_shape(struct shape *shape, struct random *r)
{
    static const uint8_t sources[] = {SOURCE_OUTPUT, SOURCE_HIDDEN, SOURCE_PINNED, SOURCE_BOUND};
    static const uint8_t types[] = {CATALOG_KEY_INT4, CATALOG_KEY_INT8, CATALOG_KEY_TEXT};
    struct showing *s = &shape->showing;

    memset(shape, 0, sizeof(*shape));
    s->column_count = (uint16_t)(1 + random_below(r, COLUMNS_MAX));
    s->part_count = (uint8_t)(1 + random_below(r, PARTS_MAX));
    for (size_t p = 0; p < s->part_count; p++) {
        struct showing_part *part = &s->parts[p];

        part->kind = (uint8_t)random_below(r, 2);
        part->source = sources[random_below(r, random_below(r, 2) ? 1 : 4)];
        part->key_type = types[random_below(r, 3)];
        part->format = (uint8_t)random_below(r, 2);
        part->column = (uint16_t)random_below(r, s->column_count);
        for (uint16_t c = 0; c < s->column_count; c++)
            if (random_below(r, 3) == 0)
                shape->column_fields[c * s->part_count + p] = UINT64_C(1) << random_below(r, 5);
    }
    shape_settle(shape);
}

/* ---- rows ---- */

/* A key's value for a person; sometimes one that is no key. */
static void
put_key(struct value *value, const struct showing_part *part, uint32_t person, struct random *r)
{
    struct writer w = writer_of(value->bytes, sizeof(value->bytes));
    char text[16];

    snprintf(text, sizeof(text), "%u", 100000 + person);
    if (random_below(r, 12) == 0) {
        writer_bytes(&w, "?!x", part->format || part->key_type != CATALOG_KEY_TEXT ? 3 : 0);
    } else if (part->format == 0 || part->key_type == CATALOG_KEY_TEXT) {
        writer_bytes(&w, text, strlen(text));
    } else {
        if (part->key_type == CATALOG_KEY_INT8)
            writer_u32(&w, 0);
        writer_u32(&w, 100000 + person);
    }
    value->length = writer_length(&w);
}

static void
random_row(struct row *row, const struct showing *s, struct random *r)
{
    struct writer w = writer_of(row->bytes, sizeof(row->bytes));

    writer_u16(&w, s->column_count);
    for (uint16_t c = 0; c < s->column_count; c++) {
        struct value *value = &row->values[c];

        *value = (struct value){.is_null = random_below(r, 4) == 0, .length = random_below(r, 5)};
        for (size_t p = 0; p < s->part_count; p++)
            if (s->parts[p].column == c && s->parts[p].source <= SOURCE_HIDDEN)
                put_key(value, &s->parts[p], random_below(r, PERSONS), r);
        writer_u32(&w, value->is_null ? UINT32_MAX : (uint32_t)value->length);
        if (!value->is_null)
            writer_bytes(&w, value->bytes, value->length);
    }
    assert_false(w.failed);
    row->length = writer_length(&w);
}

/* ---- the naive reading ---- */

struct model {
    uint64_t clear[PARTS_MAX], null[PARTS_MAX], unattributed[PARTS_MAX];
    size_t counts[PARTS_MAX];
    uint32_t ordinals[PARTS_MAX][GATHER_ITEMS];
    uint64_t rows;
};

static bool
has_key(const struct showing_part *part, const struct value *value, struct key *key)
{
    struct view v = view_of(value->bytes, value->length);

    if (value->is_null)
        return false;
    return (part->format ? key_from_binary(key, part->key_type, v)
                         : key_from_text(key, part->key_type, v)) == 0;
}

static void
model_row(struct model *m, const struct shape *shape, const struct row *row)
{
    const struct showing *s = &shape->showing;

    m->rows++;
    for (size_t p = 0; p < s->part_count; p++) {
        const struct showing_part *part = &s->parts[p];
        bool is_shown = false;
        uint64_t null = 0;
        struct key key;

        for (uint16_t c = 0; c < s->column_count; c++) {
            uint64_t fields = shape->column_fields[c * s->part_count + p];

            if (row->values[c].is_null)
                null |= fields;
            else
                m->clear[p] |= fields;
            is_shown |= fields && !row->values[c].is_null;
        }
        /* Of nobody, a null says nothing. */
        if (part->source > SOURCE_HIDDEN || is_shown || !row->values[part->column].is_null)
            m->null[p] |= null;
        if (part->source > SOURCE_HIDDEN)
            continue;
        if (has_key(part, &row->values[part->column], &key)) {
            uint32_t ordinal = gate_ordinal(&world, part->kind, key_text(&key));
            size_t n = m->counts[p];

            if (n == 0 || m->ordinals[p][n - 1] != ordinal)
                m->ordinals[p][m->counts[p]++] = ordinal;
        } else if (is_shown) {
            m->unattributed[p]++;
        }
    }
}

static void
assert_like(const struct model *m, const struct shape *shape)
{
    const struct showing *s = &shape->showing;

    assert_int_equal(gather.rows, m->rows);
    for (size_t p = 0; p < s->part_count; p++) {
        assert_int_equal(gather.clear[p], m->clear[p]);
        assert_int_equal(gather.null[p], m->null[p]);
        assert_int_equal(gather.unattributed[p], m->unattributed[p]);
        assert_int_equal(gather.ordinal_counts[p], m->counts[p]);
        assert_memory_equal(gather.ordinals[p], m->ordinals[p], m->counts[p] * sizeof(uint32_t));
    }
}

static void
rows_are_read_as_a_naive_reader_reads_them(void **state PASU_UNUSED)
{
    static struct model m;
    struct random r = {41};

    for (int round = 0; round < 3000; round++) {
        struct shape shape;
        struct row row;
        uint32_t start = 7;

        random_shape(&shape, &r);
        gather_clear(&gather);
        memset(&m, 0, sizeof(m));
        for (uint32_t n = 1 + random_below(&r, 40); n > 0; n--) {
            size_t items = gather.item_count;

            random_row(&row, &shape.showing, &r);
            assert_int_equal(read_row(&shape, &row, row.length, start), 0);
            model_row(&m, &shape, &row);
            assert_like(&m, &shape);
            for (size_t i = items; i < gather.item_count; i++) {
                assert_int_equal(gather.starts[i], start);
                assert_int_equal(gather.items[i].is_row_end, i + 1 == gather.item_count);
                assert_int_equal(gather.items[i].kind,
                                 world.slots[shape.showing.parts[gather.parts[i]].kind]);
            }
            start += (uint32_t)row.length;
        }
        assert_int_equal(gather.first_row, 7);
    }
}

static void
a_row_that_is_not_what_was_announced_is_refused(void **state PASU_UNUSED)
{
    struct random r = {42};

    for (int round = 0; round < 3000; round++) {
        struct shape shape;
        struct row row;

        random_shape(&shape, &r);
        shape.showing.last_column = (uint16_t)(shape.showing.column_count - 1);
        gather_clear(&gather);
        gather.is_saturated = false;
        random_row(&row, &shape.showing, &r);
        for (size_t length = 0; length < row.length; length += 1 + random_below(&r, 4))
            assert_int_equal(read_row(&shape, &row, length, 0), PASU_E_UPSTREAM_PROTOCOL);
        assert_int_equal(gather.item_count, 0);
        assert_int_equal(gather.rows, 0);
        row.bytes[1]++; /* another number of columns */
        assert_int_equal(read_row(&shape, &row, row.length, 0), PASU_E_UPSTREAM_PROTOCOL);
        row.bytes[1]--;
        row.bytes[2 + random_below(&r, 4)] ^= 0x40; /* a length beyond the row */
        (void)read_row(&shape, &row, row.length, 0);
    }
}

/* ---- many rows in one go ---- */

enum { RUN_ROWS = 60, RUN_SIZE = RUN_ROWS * (ROW_MAX + 5) };

static struct gather together;

/* DataRow messages, sometimes with another message among them or without the end of the last one.
 */
static size_t
random_run(uint8_t *bytes, const struct shape *shape, struct random *r)
{
    struct writer w = writer_of(bytes, RUN_SIZE);
    uint32_t count = 1 + random_below(r, RUN_ROWS - 1);

    for (uint32_t i = 0; i < count; i++) {
        struct row row;

        random_row(&row, &shape->showing, r);
        writer_u8(&w, random_below(r, 40) == 0 ? 'N' : 'D');
        writer_u32(&w, (uint32_t)row.length + 4);
        writer_bytes(&w, row.bytes, row.length);
    }
    assert_false(w.failed);
    return writer_length(&w) - random_below(r, 12) / 9 * (1 + random_below(r, 5));
}

/* What answer.c does with them: as many as can be in one go, and what is left one by one. */
static void
read_run(struct gather *g, const struct shape *shape, struct view bytes, bool is_together)
{
    size_t at = 0;

    while (bytes.length - at > 5) {
        const uint8_t *message = bytes.bytes + at;
        size_t total = bytes_get_u32(message + 1) + 1;
        size_t used = is_together ? gather_rows(g, &shape->entry, &world.ordinals,
                                                view_of(message, bytes.length - at), (uint32_t)at)
                                  : 0;

        assert_true(used <= bytes.length - at);
        at += used;
        if (used > 0)
            continue;
        if (total > bytes.length - at)
            break;
        if (message[0] == 'D')
            assert_int_equal(gather_row(g, &shape->entry, &world.ordinals,
                                        view_of(message + 5, total - 5), (uint32_t)at),
                             0);
        at += total;
    }
}

static void
rows_read_together_are_those_read_one_by_one(void **state PASU_UNUSED)
{
    static uint8_t bytes[RUN_SIZE];
    struct random r = {43};
    uint64_t in_one_go = 0;

    for (int round = 0; round < 4000; round++) {
        struct shape shape;
        uint8_t *copy;
        size_t length;

        do
            random_shape(&shape, &r);
        while (shape.entry.only_key < 0 && random_below(&r, 20) > 0);
        length = random_run(bytes, &shape, &r);
        copy = memory_new(length, 1); /* a sanitizer sees each byte too many */
        assert_non_null(copy);
        memcpy(copy, bytes, length);
        gather_clear(&gather);
        gather_clear(&together);
        read_run(&gather, &shape, view_of(copy, length), false);
        read_run(&together, &shape, view_of(copy, length), true);
        memory_free(copy);
        in_one_go += together.rows;
        assert_int_equal(together.rows, gather.rows);
        assert_int_equal(together.item_count, gather.item_count);
        assert_memory_equal(together.items, gather.items,
                            gather.item_count * sizeof(gather.items[0]));
        assert_memory_equal(together.starts, gather.starts,
                            gather.item_count * sizeof(gather.starts[0]));
        assert_memory_equal(together.row_numbers, gather.row_numbers,
                            gather.item_count * sizeof(gather.row_numbers[0]));
        assert_memory_equal(together.parts, gather.parts, gather.item_count);
        for (size_t p = 0; p < shape.showing.part_count; p++) {
            assert_int_equal(together.ordinal_counts[p], gather.ordinal_counts[p]);
            assert_memory_equal(together.ordinals[p], gather.ordinals[p],
                                gather.ordinal_counts[p] * sizeof(uint32_t));
            assert_int_equal(together.clear[p], gather.clear[p]);
            assert_int_equal(together.unattributed[p], gather.unattributed[p]);
        }
    }
    assert_true(in_one_go > 0);
}

static void
a_run_ends_where_there_is_no_room_for_another_row(void **state PASU_UNUSED)
{
    enum { ROWS = GATHER_ITEMS + 10, EACH = 5 + 2 + 4 + 7 + 4 + 3 };
    uint8_t *bytes = memory_new(ROWS, EACH);
    struct writer w = writer_of(bytes, (size_t)ROWS * EACH);
    struct shape shape;
    size_t used;

    assert_non_null(bytes);
    simple_shape(&shape);
    for (uint32_t i = 0; i < ROWS; i++) {
        struct row row;
        char key[8];

        snprintf(key, sizeof(key), "%u", 1000000 + i);
        simple_row(&row, key, "kim");
        writer_u8(&w, 'D');
        writer_u32(&w, (uint32_t)row.length + 4);
        writer_bytes(&w, row.bytes, row.length);
    }
    assert_int_equal(writer_length(&w), ROWS * EACH);
    gather_clear(&gather);
    /* Until every field has been seen clear, each row is looked at in full. */
    assert_int_equal(
        gather_rows(&gather, &shape.entry, &world.ordinals, view_of(bytes, (size_t)ROWS * EACH), 0),
        0);
    assert_int_equal(
        gather_row(&gather, &shape.entry, &world.ordinals, view_of(bytes + 5, EACH - 5), 0), 0);
    used = gather_rows(&gather, &shape.entry, &world.ordinals,
                       view_of(bytes + EACH, (size_t)(ROWS - 1) * EACH), EACH);
    assert_int_equal(used, (gather.rows - 1) * EACH);
    assert_false(gather_has_room(&gather, &shape.entry, 0));
    assert_int_equal(gather.item_count, gather.rows);
    assert_int_equal(gather.starts[gather.rows - 1], (gather.rows - 1) * EACH);
    gather.item_count--;
    assert_true(gather_has_room(&gather, &shape.entry, 0));
    memory_free(bytes);
}

static void
rows_without_a_key_count_if_they_show_something_also_when_saturated(void **state PASU_UNUSED)
{
    struct shape shape;

    simple_shape(&shape);
    gather_clear(&gather);
    assert_int_equal(gather_simple(&shape, NULL, NULL, 0), 0);
    assert_int_equal(gather.unattributed[0], 0); /* the other side of an outer join */
    assert_int_equal(gather_simple(&shape, NULL, "kim", 0), 0);
    assert_int_equal(gather.unattributed[0], 1);
    assert_true(gather.is_saturated);
    assert_int_equal(gather_simple(&shape, NULL, NULL, 0), 0);
    assert_int_equal(gather_simple(&shape, NULL, "lee", 0), 0);
    assert_int_equal(gather_simple(&shape, "x", "lee", 0), 0);
    assert_int_equal(gather_simple(&shape, "x", NULL, 0), 0);
    assert_int_equal(gather.unattributed[0], 3);
    assert_int_equal(gather.item_count, 0);
    assert_int_equal(gather.rows, 6);
}

static void
hidden_columns_do_not_go_out(void **state PASU_UNUSED)
{
    struct shape shape;
    uint32_t at = 0;

    simple_shape(&shape);
    shape.showing.hidden_count = 1;
    shape.showing.parts[0].source = SOURCE_HIDDEN;
    gather_clear(&gather);
    for (uint32_t i = 0; i < 2; i++) {
        struct row row;
        uint8_t body[64] = {0, 1};
        size_t hidden = 2 + 4 + 1;

        simple_row(&row, i ? "8" : "7", i ? "kim" : NULL);
        memcpy(body + 2, row.bytes + hidden, row.length - hidden);
        assert_int_equal(read_row(&shape, &row, row.length,
                                  put_outgoing(&at, 'D', body, row.length - hidden + 2)),
                         0);
    }
    assert_int_equal(gather.clear[0], 1);
    gather_cut(&gather, &shape.entry, outgoing, 1);
    assert_int_equal(gather.rows, 1);
    assert_int_equal(gather.clear[0], 0);
    assert_int_equal(gather.null[0], 1);
}

static void
pinned_persons_are_shown_by_the_row_that_begins(void **state PASU_UNUSED)
{
    static const uint32_t pins[] = {8, 9, 10};
    struct shape shape;

    simple_shape(&shape);
    shape.showing.parts[0].source = SOURCE_PINNED;
    memset(shape.roles, 0, sizeof(shape.roles));
    shape.entry.last_key = 0;
    shape_settle(&shape);
    gather_clear(&gather);
    gather_pinned(&gather, &shape.showing, 0, &world.ordinals, pins, COUNT_OF(pins), 50);
    assert_int_equal(gather_simple(&shape, "1", "kim", 50), 0);
    assert_int_equal(gather.item_count, 3);
    assert_int_equal(gather.starts[2], 50);
    assert_int_equal(gather.items[1].is_row_end, 0);
    assert_int_equal(gather.items[2].is_row_end, 1);
    assert_int_equal(gather.unattributed[0], 0);
    gather_cut(&gather, &shape.entry, outgoing, 0);
    assert_int_equal(gather.rows, 0);
}

static void
a_row_too_long_to_be_read_shows_somebody_of_each_part(void **state PASU_UNUSED)
{
    struct shape shape;

    simple_shape(&shape);
    gather_clear(&gather);
    gather_unread_row(&gather, &shape.entry, 9);
    assert_int_equal(gather.rows, 1);
    assert_int_equal(gather.first_row, 9);
    assert_int_equal(gather.unattributed[0], 1);
    assert_int_equal(gather.clear[0], 1);
}

static void
a_gather_says_when_it_has_no_room_before_it_has_none(void **state PASU_UNUSED)
{
    struct shape shape;
    char key[16];
    uint32_t n = 0;

    simple_shape(&shape);
    gather_clear(&gather);
    for (; gather_has_room(&gather, &shape.entry, 0); n++) {
        snprintf(key, sizeof(key), "%u", n);
        assert_int_equal(gather_simple(&shape, key, "kim", n), 0);
    }
    assert_true(gather.item_count == n && n <= GATHER_ITEMS - PLAN_PARTS_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_as_a_naive_reader_reads_them),
        cmocka_unit_test(rows_read_together_are_those_read_one_by_one),
        cmocka_unit_test(a_run_ends_where_there_is_no_room_for_another_row),
        cmocka_unit_test(a_row_that_is_not_what_was_announced_is_refused),
        cmocka_unit_test(rows_without_a_key_count_if_they_show_something_also_when_saturated),
        cmocka_unit_test(hidden_columns_do_not_go_out),
        cmocka_unit_test(pinned_persons_are_shown_by_the_row_that_begins),
        cmocka_unit_test(a_row_too_long_to_be_read_shows_somebody_of_each_part),
        cmocka_unit_test(a_gather_says_when_it_has_no_room_before_it_has_none),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
