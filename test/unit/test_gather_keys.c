/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are hidden, or arrays, and rows that say of which table they are. */
#include "gather_shape.h"

/* ---- arrays of keys ---- */

static void
array_shape(struct shape *shape, enum catalog_key_type type)
{
    simple_shape(shape);
    shape->showing.parts[0].source = SOURCE_HIDDEN;
    shape->showing.parts[0].is_array = true;
    shape->showing.parts[0].key_type = (uint8_t)type;
    shape->entry.has_arrays = true;
    shape->entry.only_key = -1;
}

static void
an_array_shows_all_of_its_persons(void **state PASU_UNUSED)
{
    struct shape shape;

    array_shape(&shape, CATALOG_KEY_INT8);
    gather_clear(&gather);
    assert_int_equal(gather_simple(&shape, "{7,8,9}", "a,b,c", 10), 0);
    assert_int_equal(gather_simple(&shape, "{}", "none", 20), 0);
    assert_int_equal(gather_simple(&shape, "{4}", NULL, 30), 0);
    assert_int_equal(gather.item_count, 4);
    assert_int_equal(gather.ordinal_counts[0], 4);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(gather.items[i].ordinal, 7 + i);
        assert_int_equal(gather.items[i].is_row_end, i == 2);
        assert_int_equal(gather.starts[i], 10);
    }
    assert_int_equal(gather.unattributed[0], 0);
}

static void
an_array_that_cannot_be_read_shows_somebody(void **state PASU_UNUSED)
{
    static const char *const wrong[] = {"{1,2", "5", "{{1,2}}", "{1,x}", NULL};
    struct shape shape;

    array_shape(&shape, CATALOG_KEY_INT8);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        gather_clear(&gather);
        assert_int_equal(gather_simple(&shape, wrong[i], "kim", 0), 0);
        assert_int_equal(gather.item_count, 0);
        assert_int_equal(gather.ordinal_counts[0], 0);
        assert_int_equal(gather.unattributed[0], 1);
    }
    /* nobody knows of a null one */
    gather_clear(&gather);
    assert_int_equal(gather_simple(&shape, "{1,NULL}", "kim", 0), 0);
    assert_int_equal(gather.item_count, 1);
    assert_int_equal(gather.unattributed[0], 1);
    assert_int_equal(gather_simple(&shape, "{1,NULL}", NULL, 0), 0);
    assert_int_equal(gather.unattributed[0], 1);
    /* elements whose ends depend on an encoding that is not known */
    array_shape(&shape, CATALOG_KEY_TEXT);
    gather_clear(&gather);
    assert_int_equal(gather_simple(&shape, "{\x83\x5c,a}", "kim", 0), 0);
    assert_int_equal(gather.item_count, 0);
    assert_int_equal(gather.unattributed[0], 1);
    assert_int_equal(gather_simple(&shape, "{a,b}", "kim", 0), 0);
    assert_int_equal(gather.item_count, 2);
}

static void
an_array_has_room_or_is_not_read(void **state PASU_UNUSED)
{
    enum { KEYS = GATHER_ITEMS + 10, EACH = 7 };
    char *text = memory_new(KEYS, EACH + 1);
    struct writer w = writer_of(text, (size_t)KEYS * (EACH + 1));
    struct shape shape;

    assert_non_null(text);
    array_shape(&shape, CATALOG_KEY_INT8);
    gather_clear(&gather);
    assert_true(gather_has_room(&gather, &shape.entry, sizeof(gather)));
    assert_int_equal(gather_simple(&shape, "{1}", "kim", 0), 0);
    assert_false(gather_has_room(&gather, &shape.entry, sizeof(gather)));
    assert_true(gather_has_room(&gather, &shape.entry, GATHER_ITEMS));
    for (uint32_t i = 0; i < KEYS; i++) {
        char one[EACH + 1];
        int length = snprintf(one, sizeof(one), "%c%u", i ? ',' : '{', 10000 + i);

        writer_bytes(&w, one, (size_t)length);
    }
    writer_bytes(&w, "}", 2);
    gather_clear(&gather);
    {
        size_t length = strlen(text), size = length + 32;
        uint8_t *bytes = memory_new(size, 1);
        struct writer row = writer_of(bytes, size);

        assert_non_null(bytes);
        writer_u16(&row, 2);
        writer_u32(&row, (uint32_t)length);
        writer_bytes(&row, text, length);
        writer_u32(&row, 3);
        writer_bytes(&row, "kim", 3);
        assert_false(row.failed);
        assert_int_equal(gather_row(&gather, &shape.entry, &world.ordinals,
                                    view_of(bytes, writer_length(&row)), 0),
                         0);
        memory_free(bytes);
    }
    assert_int_equal(gather.item_count, 0);
    assert_int_equal(gather.unattributed[0], 1);
    assert_int_equal(gather.crowded[0], 1); /* but how many there are at most is known */
    assert_int_equal(gather.crowd[0], KEYS);
    memory_free(text);
}

/* ---- rows that say of which table they are ---- */

/* The table in column 0, its key in 1, a name in 2. */
static int
gather_of_table(const struct shape *shape, const char *table, const char *key, const char *name)
{
    const char *texts[] = {table, key, name};
    struct row row;
    struct writer w = writer_of(row.bytes, sizeof(row.bytes));

    writer_u16(&w, 3);
    for (int i = 0; i < 3; i++) {
        writer_u32(&w, texts[i] ? (uint32_t)strlen(texts[i]) : UINT32_MAX);
        writer_bytes(&w, texts[i] ? texts[i] : "", texts[i] ? strlen(texts[i]) : 0);
    }
    row.length = writer_length(&w);
    return read_row(shape, &row, row.length, 0);
}

static void
a_row_of_another_table_is_nobody_known(void **state PASU_UNUSED)
{
    struct shape shape;

    memset(&shape, 0, sizeof(shape));
    shape.showing.column_count = 3;
    shape.showing.part_count = 1;
    shape.showing.parts[0] = (struct showing_part){.source = SOURCE_HIDDEN,
                                                   .key_type = CATALOG_KEY_INT8,
                                                   .column = 1,
                                                   .has_origin = true,
                                                   .origin = 0,
                                                   .relation = 16400};
    shape.column_fields[2] = 3;
    shape_settle(&shape);
    shape.roles[0] |= SHOWING_ROLE_KEY;
    shape.entry.only_key = -1;
    gather_clear(&gather);
    assert_int_equal(gather_of_table(&shape, "16400", "7", "kim"), 0);
    assert_int_equal(gather_of_table(&shape, "16401", "8", "lee"), 0);
    assert_int_equal(gather_of_table(&shape, "0", "8", "lee"), 0);
    assert_int_equal(gather_of_table(&shape, "x", "8", "lee"), 0);
    assert_int_equal(gather.item_count, 1);
    assert_int_equal(gather.items[0].ordinal, 7);
    assert_int_equal(gather.unattributed[0], 3);
    /* a key by a name that may mean another column by now */
    gather_clear(&gather);
    gather.is_doubtful = true;
    assert_int_equal(gather_of_table(&shape, "16400", "7", "kim"), 0);
    assert_int_equal(gather.item_count, 0);
    assert_int_equal(gather.unattributed[0], 1);
    gather.is_doubtful = false;
    /* of none: what it shows is not the part's, whatever it is */
    gather_clear(&gather);
    assert_int_equal(gather_of_table(&shape, NULL, NULL, "title"), 0);
    assert_int_equal(gather.item_count, 0);
    assert_int_equal(gather.unattributed[0], 0);
    assert_int_equal(gather.clear[0], 0);
}

/* ---- hidden keys of many rows ---- */

/* Keys and names; as the client is to get them. Starts are those of the outgoing rows. */
static size_t
hidden_run(uint8_t *bytes, size_t size, uint8_t *due, size_t *due_length, uint32_t *starts)
{
    static const char *const keys[] = {"7", "7", "4026531839", "1234567890", "12", "0"};
    static const char *const names[] = {"kim", "lee",  "",
                                        NULL,  "choi", "a longer name than others"};
    struct writer in = writer_of(bytes, size), out = writer_of(due, size);

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        size_t key = strlen(keys[i]), name = names[i] ? strlen(names[i]) : 0;

        starts[i] = (uint32_t)writer_length(&out);
        writer_u8(&in, 'D');
        writer_u32(&in, (uint32_t)(4 + 2 + 4 + key + 4 + name));
        writer_u16(&in, 2);
        writer_u32(&in, (uint32_t)key);
        writer_bytes(&in, keys[i], key);
        writer_u8(&out, 'D');
        writer_u32(&out, (uint32_t)(4 + 2 + 4 + name));
        writer_u16(&out, 1);
        for (int k = 0; k < 2; k++) {
            struct writer *w = k ? &out : &in;

            writer_u32(w, names[i] ? (uint32_t)name : UINT32_MAX);
            writer_bytes(w, names[i] ? names[i] : "", name);
        }
    }
    *due_length = writer_length(&out);
    return writer_length(&in);
}

static void
rows_go_out_without_the_key_that_is_read(void **state PASU_UNUSED)
{
    static const uint32_t persons[] = {7, 4026531839, 1234567890, 12, 0}, rows[] = {0, 2, 3, 4, 5};
    uint8_t bytes[512], due[512], out[512];
    size_t due_length, length, written;
    uint32_t starts[6];
    struct shape shape;

    simple_shape(&shape);
    shape.showing.hidden_count = 1;
    shape.showing.parts[0].source = SOURCE_HIDDEN;
    length = hidden_run(bytes, sizeof(bytes), due, &due_length, starts);
    gather_clear(&gather);
    assert_int_equal(gather_hidden_rows(&gather, &shape.entry, &world.ordinals,
                                        view_of(bytes, length), out, 0, &written),
                     0); /* not every field has been seen clear */
    gather.is_saturated = true;
    /* also where what goes out lies where it came from */
    for (size_t before = 0; before <= 200; before += 200) {
        uint8_t moved[1024];

        memcpy(moved + before, bytes, length);
        gather_clear(&gather);
        gather.is_saturated = true;
        assert_int_equal(gather_hidden_rows(&gather, &shape.entry, &world.ordinals,
                                            view_of(moved + before, length), moved, 100, &written),
                         length);
        assert_int_equal(written, due_length);
        assert_memory_equal(moved, due, due_length);
        assert_int_equal(gather.rows, 6);
        assert_int_equal(gather.item_count, COUNT_OF(persons));
        for (size_t i = 0; i < COUNT_OF(persons); i++) {
            assert_int_equal(gather.items[i].ordinal, persons[i]);
            assert_int_equal(gather.starts[i], 100 + starts[rows[i]]);
            assert_int_equal(gather.row_numbers[i], rows[i]);
        }
    }
}

static void
a_run_ends_before_what_is_no_simple_key(void **state PASU_UNUSED)
{
    uint8_t bytes[512], due[512], out[512];
    size_t due_length, length, written, whole = 0;
    uint32_t starts[6];
    struct shape shape;

    simple_shape(&shape);
    shape.showing.hidden_count = 1;
    shape.showing.parts[0].source = SOURCE_HIDDEN;
    length = hidden_run(bytes, sizeof(bytes), due, &due_length, starts);
    for (size_t n = 0; n <= length; n++) {
        uint8_t *copy = memory_new(n + 1, 1);
        size_t used;

        memcpy(copy, bytes, n);
        gather_clear(&gather);
        gather.is_saturated = true;
        used = gather_hidden_rows(&gather, &shape.entry, &world.ordinals, view_of(copy, n), out, 0,
                                  &written);
        assert_true(used <= n && used >= whole);
        assert_true(gather.rows == 6 ? written == due_length : written == starts[gather.rows]);
        whole = used;
        memory_free(copy);
    }
    assert_int_equal(whole, length);
    bytes[5 + 2 + 3] = 3; /* the key is longer than it was: the rest is no row of two columns */
    gather_clear(&gather);
    gather.is_saturated = true;
    assert_int_equal(gather_hidden_rows(&gather, &shape.entry, &world.ordinals,
                                        view_of(bytes, length), out, 0, &written),
                     0);
    shape.entry.only_key = -1;
    assert_int_equal(gather_hidden_rows(&gather, &shape.entry, &world.ordinals,
                                        view_of(bytes, length), out, 0, &written),
                     0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_go_out_without_the_key_that_is_read),
        cmocka_unit_test(a_run_ends_before_what_is_no_simple_key),
        cmocka_unit_test(an_array_shows_all_of_its_persons),
        cmocka_unit_test(an_array_that_cannot_be_read_shows_somebody),
        cmocka_unit_test(an_array_has_room_or_is_not_read),
        cmocka_unit_test(a_row_of_another_table_is_nobody_known),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
