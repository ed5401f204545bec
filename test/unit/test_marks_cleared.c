/* SPDX-License-Identifier: Apache-2.0 */
/* Marks that somebody takes away: what is left of them, in whichever order the ledger says so. */
#include "catalog_rows.h"
#include "gate/past_marks.h"
#include "ledger/carry.h"
#include "unit.h"

enum { OID = 20001, DATABASE = 5, COPY = 6 };

/* A mark of that database; or what takes those below its number away. */
static struct ring_mark
numbered(uint64_t number, uint64_t fields)
{
    return (struct ring_mark){.what = RING_MARK_CARRIES,
                              .number = number,
                              .fields = fields,
                              .kinds = 1,
                              .relation = OID,
                              .vocabulary = 7,
                              .system = 9,
                              .database_oid = DATABASE,
                              .gateway = "g",
                              .database = "d"};
}

/* The fields that are marked in a database of that server. */
static uint64_t
fields_of(const struct past_marks *past, uint32_t database)
{
    const struct catalog_whose whose = {9, database, "g", "d"};
    struct catalog_family family = {0};
    struct catalog_marks marks = {0};
    struct ring_mark mark;
    uint64_t fields = 0;

    past_marks_kin(past, &whose, &family);
    assert_int_equal(past_marks_give(past, &whose, &family, &marks), 0);
    for (size_t at = 0; catalog_marks_each(&marks, &at, &mark);)
        fields |= mark.fields;
    catalog_marks_release(&marks);
    return fields;
}

static void
what_was_taken_away_is_no_mark_and_what_came_later_is(void **state PASU_UNUSED)
{
    const struct ring_mark old = numbered(3, 1), taker = numbered(5, 1), later = numbered(7, 4);

    for (int is_late = 0; is_late < 2; is_late++) { /* the old one, behind what takes it away */
        struct past_marks past = {0};

        if (!is_late)
            assert_int_equal(past_marks_see(&past, &old), 0);
        assert_int_equal(fields_of(&past, DATABASE), !is_late);
        assert_int_equal(past_marks_clear(&past, &taker), 0);
        if (is_late)
            assert_int_equal(past_marks_see(&past, &old), 0);
        assert_int_equal(fields_of(&past, DATABASE), 0);
        assert_int_equal(past_marks_see(&past, &later), 0);
        assert_int_equal(fields_of(&past, DATABASE), 4);
        past_marks_release(&past);
    }
}

/* What was copied before has what it had. */
static void
what_was_taken_away_from_a_database_is_a_mark_of_its_copies(void **state PASU_UNUSED)
{
    const struct ring_mark old = numbered(3, 1), taker = numbered(5, 1);
    struct past_marks past = {0};

    assert_int_equal(past_marks_see(&past, &old), 0);
    assert_int_equal(fields_of(&past, COPY), 1);
    assert_int_equal(past_marks_clear(&past, &taker), 0);
    assert_int_equal(fields_of(&past, COPY), 1);
    assert_int_equal(fields_of(&past, DATABASE), 0);
    past_marks_release(&past);
}

/* ---- deleted by age ---- */

static void
take(struct carry *carry, uint64_t index, enum segment_type type, const union payload_body *body)
{
    uint8_t bytes[PAYLOAD_SMALL_MAX];
    ssize_t n = payload_write(type, body, bytes, sizeof(bytes));
    struct segment_record record = {.index = index, .type = type, .time = (int64_t)index};

    assert_true(n > 0);
    record.payload = view_of(bytes, (size_t)n);
    assert_int_equal(carry_take(carry, &record), 0);
}

static int
see(void *arg, const struct payload_carried *carried)
{
    union payload_body body;

    assert_int_equal(payload_read(carried->type, &body, carried->payload), 0);
    if (carried->type == SEGMENT_CLEARED)
        return past_marks_clear(arg, &body.cleared.mark);
    return past_marks_see(arg, &body.mark);
}

static void
what_is_carried_over_says_the_same(void **state PASU_UNUSED)
{
    union payload_body old = {.mark = numbered(3, 1)}, later = {.mark = numbered(7, 4)};
    union payload_body cleared = {.cleared = {.mark = numbered(5, 1), .why = "temp"}};
    struct carry carry = {0};
    struct past_marks past = {0};

    take(&carry, 1, SEGMENT_MARK, &old);
    take(&carry, 2, SEGMENT_CLEARED, &cleared);
    take(&carry, 3, SEGMENT_MARK, &later);
    assert_int_equal(carry_each(&carry, see, &past), 0);
    assert_int_equal(fields_of(&past, DATABASE), 4);
    assert_int_equal(fields_of(&past, COPY), 5);
    past_marks_release(&past);
    carry_release(&carry);
}

/* ---- the gate's ---- */

static int
put(void *arg, struct ring_mark *mark PASU_UNUSED)
{
    ++*(size_t *)arg;
    return 0;
}

/* How many marks are written. */
static size_t
record(struct catalog_marks *marks)
{
    size_t count = 0;

    assert_int_equal(catalog_marks_record(marks, put, &count), 0);
    return count;
}

static const struct catalog_mark mark_of_table = {OID, NULL, NULL, 1, 1, 0, false, 0};
static const struct catalog_mark mark_of_name = {0, "w", "t", 1, 1, 0, false, 0};

static struct catalog *
snapshot(void)
{
    static const struct catalog_row rows[] = {CATALOG_ROWS_SERVER,
                                              {ROWS_RELATIONS, "20001|w|t|r|p|f|f"},
                                              {ROWS_RELATIONS, "20002|w|u|r|p|f|f"}};

    return catalog_rows_snapshot(rows, COUNT_OF(rows));
}

static void
only_what_is_there_and_recorded_is_taken_away(void **state PASU_UNUSED)
{
    struct catalog *c = snapshot();
    struct catalog_marks marks = {0};

    assert_int_equal(catalog_marks_clear_look(&marks, c, OID), PASU_E_NOTFOUND);
    assert_int_equal(catalog_marks_add(&marks, &mark_of_table, 7), 0);
    assert_int_equal(catalog_marks_clear_look(&marks, c, OID), PASU_E_AGAIN);
    assert_int_equal(record(&marks), 1);
    assert_int_equal(catalog_marks_clear_look(&marks, c, OID), 0);
    assert_int_equal(catalog_marks_clear_look(&marks, c, OID + 1), PASU_E_NOTFOUND);
    assert_int_equal(catalog_marks_add(&marks, &mark_of_name, 7), 0); /* it can be that table's */
    assert_int_equal(catalog_marks_clear_look(&marks, c, OID), PASU_E_AGAIN);
    assert_int_equal(record(&marks), 1);
    assert_int_equal(catalog_marks_settle(&marks, c), 0);
    assert_int_equal(catalog_marks_clear_look(&marks, c, OID), PASU_E_AGAIN); /* to be forgotten */
    assert_int_equal(record(&marks), 1);
    assert_int_equal(catalog_marks_clear_look(&marks, c, OID), 0);
    catalog_marks_release(&marks);
    catalog_release(c);
}

/* The same fields, which the ledger has of the old one, are written again. */
static void
what_is_marked_meanwhile_stays(void **state PASU_UNUSED)
{
    struct catalog *c = snapshot();
    struct catalog_marks marks = {0};

    assert_int_equal(catalog_marks_add(&marks, &mark_of_table, 7), 0);
    assert_int_equal(record(&marks), 1);
    catalog_marks_clear_begin(&marks, OID);
    assert_true(catalog_marks_is_clearing(&marks, OID));
    assert_int_equal(record(&marks), 0);
    assert_int_equal(catalog_marks_add(&marks, &mark_of_table, 7), 0);
    assert_int_equal(record(&marks), 1);
    assert_int_equal(catalog_marks_settle(&marks, c), 0);
    catalog_marks_clear_end(&marks, OID, true);
    assert_false(catalog_marks_is_clearing(&marks, OID));
    assert_int_equal(marks.count, 1);
    catalog_marks_clear_begin(&marks, OID);
    catalog_marks_clear_end(&marks, OID, true);
    assert_int_equal(marks.count, 0);
    assert_int_equal(record(&marks), 0);
    catalog_marks_release(&marks);
    catalog_release(c);
}

/* One is left, which the ledger is to have behind what it can have been told. */
static void
what_is_not_taken_away_after_all_is_written_again(void **state PASU_UNUSED)
{
    struct catalog_marks marks = {0};

    assert_int_equal(catalog_marks_add(&marks, &mark_of_table, 7), 0);
    assert_int_equal(record(&marks), 1);
    catalog_marks_clear_begin(&marks, OID);
    assert_int_equal(catalog_marks_add(&marks, &mark_of_table, 7), 0);
    catalog_marks_clear_end(&marks, OID, false);
    assert_int_equal(marks.count, 1);
    assert_int_equal(record(&marks), 1);
    catalog_marks_release(&marks);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_taken_away_is_no_mark_and_what_came_later_is),
        cmocka_unit_test(what_was_taken_away_from_a_database_is_a_mark_of_its_copies),
        cmocka_unit_test(what_is_carried_over_says_the_same),
        cmocka_unit_test(only_what_is_there_and_recorded_is_taken_away),
        cmocka_unit_test(what_is_marked_meanwhile_stays),
        cmocka_unit_test(what_is_not_taken_away_after_all_is_written_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
