/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of rows that were read when a budget allows only the first of them. */
#include "gather_shape.h"

static void
a_cut_takes_back_whole_rows_from_the_one_that_is_not_allowed(void **state PASU_UNUSED)
{
    struct shape shape;
    char key[16];

    simple_shape(&shape);
    gather_clear(&gather);
    for (uint32_t i = 0; i < 10; i++) { /* each person in two rows */
        snprintf(key, sizeof(key), "%u", 5 + i / 2);
        assert_int_equal(gather_simple(&shape, key, "kim", 100 * i), 0);
    }
    assert_int_equal(gather.item_count, 5);
    assert_int_equal(gather.starts[3], 600);
    gather_cut(&gather, &shape.entry, outgoing, 5); /* nothing */
    assert_int_equal(gather.rows, 10);
    gather_cut(&gather, &shape.entry, outgoing, 3);
    assert_int_equal(gather.item_count, 3);
    assert_int_equal(gather.ordinal_counts[0], 3);
    assert_int_equal(gather.rows, 6);
    gather_cut(&gather, &shape.entry, outgoing, 0);
    assert_int_equal(gather.rows, 0);
    assert_int_equal(gather.ordinal_counts[0], 0);
}

/* Ten rows: those before the sixth show no name, the third and the ninth have no key to be read. */
static void
gather_ten(struct shape *shape)
{
    uint32_t at = 3; /* something before them */

    simple_shape(shape);
    shape->column_fields[0] = 2;
    shape_settle(shape);
    gather_clear(&gather);
    for (uint32_t i = 0; i < 10; i++) {
        char key[16];
        struct row row;

        snprintf(key, sizeof(key), i == 2 || i == 8 ? "x" : "%u", i);
        simple_row(&row, key, i < 5 ? NULL : "kim");
        if (i == 4)
            put_outgoing(&at, 'N', (const uint8_t *)"a notice", 9);
        assert_int_equal(
            read_row(shape, &row, row.length, put_outgoing(&at, 'D', row.bytes, row.length)), 0);
    }
    assert_int_equal(gather.clear[0], 3);
    assert_int_equal(gather.null[0], 1);
    assert_int_equal(gather.unattributed[0], 2);
    assert_int_equal(gather.item_count, 8);
}

static void
what_is_left_after_a_cut_is_what_the_rows_before_showed(void **state PASU_UNUSED)
{
    struct shape shape;

    gather_ten(&shape);
    gather_cut(&gather, &shape.entry, outgoing, 7); /* before the tenth */
    assert_int_equal(gather.rows, 9);
    assert_int_equal(gather.clear[0], 3);
    assert_int_equal(gather.unattributed[0], 2);
    gather_ten(&shape);
    gather_cut(&gather, &shape.entry, outgoing, 4); /* before the sixth */
    assert_int_equal(gather.rows, 5);
    assert_int_equal(gather.clear[0], 2);
    assert_int_equal(gather.null[0], 1);
    assert_int_equal(gather.unattributed[0], 1);
    gather_ten(&shape);
    gather_cut(&gather, &shape.entry, outgoing, 2); /* before the fourth: the third has no person */
    assert_int_equal(gather.rows, 3);
    assert_int_equal(gather.unattributed[0], 1);
}

static void
rows_are_split_in_those_before_a_person_and_the_others(void **state PASU_UNUSED)
{
    struct gather_rest rest;
    struct shape shape;

    gather_ten(&shape);
    gather_split(&gather, &shape.entry, outgoing, 4, &rest); /* before the sixth */
    assert_int_equal(gather.rows, 5);
    assert_int_equal(gather.item_count, 4);
    assert_int_equal(gather.ordinal_counts[0], 4);
    assert_int_equal(gather.clear[0], 2);
    assert_int_equal(gather.unattributed[0], 1);
    gather.ordinal_counts[0] = 1; /* whoever records them may do so */
    gather_take_rest(&gather, &rest);
    assert_int_equal(gather.rows, 5);
    assert_int_equal(gather.item_count, 4);
    assert_int_equal(gather.items[0].ordinal, 5);
    assert_int_equal(gather.row_numbers[0], 0);
    assert_int_equal(gather.row_numbers[3], 4);
    assert_int_equal(gather.first_row, gather.starts[0]);
    assert_int_equal(gather.ordinal_counts[0], 4);
    assert_int_equal(gather.ordinals[0][0], 5);
    assert_int_equal(gather.ordinals[0][3], 9);
    assert_int_equal(gather.unattributed[0], 1);
    assert_int_equal(gather.clear[0], 3);
}

static void
outgoing_rows_that_cannot_be_read_again_count_as_they_did(void **state PASU_UNUSED)
{
    struct shape shape;

    gather_ten(&shape);
    bytes_put_u32(outgoing + gather.first_row + 1, 5000);
    gather_cut(&gather, &shape.entry, outgoing, 4);
    assert_int_equal(gather.rows, 5);
    assert_int_equal(gather.clear[0], 3);
    assert_int_equal(gather.null[0], 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_takes_back_whole_rows_from_the_one_that_is_not_allowed),
        cmocka_unit_test(what_is_left_after_a_cut_is_what_the_rows_before_showed),
        cmocka_unit_test(rows_are_split_in_those_before_a_person_and_the_others),
        cmocka_unit_test(outgoing_rows_that_cannot_be_read_again_count_as_they_did),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
