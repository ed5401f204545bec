/* SPDX-License-Identifier: Apache-2.0 */
/* Of those who are counted, how many may be shown clear. */
#include "exposure/tally.h"

#include "random.h"
#include "unit.h"

enum { NOW = 20000 * 1440 + 720, PERSONS = 60, ROUNDS = 2000, ITEMS = 24 };

static struct tally_book *book;
static struct tally *tally;
static uint64_t most[TALLY_WINDOWS];
static struct tally_limits limits;
static struct tally_outcome outcome;
static struct tally_clear clear;

static void
start(uint64_t clear_most, uint64_t block_most)
{
    tally_book_free(book);
    assert_int_equal(tally_book_new(&book), 0);
    assert_int_equal(tally_book_get(book, "kim", &tally), 0);
    for (unsigned w = 0; w < TALLY_WINDOWS; w++)
        limits.block[w] = limits.alert[w] = most[w] = UINT64_MAX;
    limits.block[TALLY_DAY] = block_most;
    most[TALLY_DAY] = clear_most < block_most ? clear_most : block_most;
}

/* Shows persons first to last, each in a row. */
static void
take(uint32_t first, uint32_t last)
{
    struct tally_item items[PERSONS];
    size_t count = 0;

    for (uint32_t i = first; i <= last; i++)
        items[count++] = (struct tally_item){i, 0, 1};
    assert_int_equal(tally_take_clear(tally, NOW, items, count, most, &limits, &outcome, &clear),
                     0);
}

static void
assert_taken(size_t is_clear, int stopped_by, size_t taken, int blocked_by)
{
    assert_int_equal(clear.count, is_clear);
    assert_int_equal(clear.stopped_by, stopped_by);
    assert_int_equal(outcome.taken, taken);
    assert_int_equal(outcome.blocked_by, blocked_by);
}

static void
those_who_are_too_many_are_counted_and_not_clear(void **state PASU_UNUSED)
{
    start(10, UINT64_MAX);
    take(1, 8);
    assert_taken(8, -1, 8, -1);
    take(1, 8); /* they cost nothing more */
    assert_taken(8, -1, 8, -1);
    take(5, 15);
    assert_taken(6, TALLY_DAY, 11, -1);
    take(1, 3); /* nobody can tell them from the last ones */
    assert_taken(0, TALLY_DAY, 3, -1);
    take(14, 14);
    assert_taken(0, TALLY_DAY, 1, -1);
}

static void
beyond_those_who_may_be_shown_at_all_nobody_is(void **state PASU_UNUSED)
{
    start(10, 12);
    take(1, 20);
    assert_taken(10, TALLY_DAY, 12, TALLY_DAY);
    take(1, 12);
    assert_taken(0, TALLY_DAY, 12, -1);
    start(20, 12); /* what blocks comes first */
    take(1, 20);
    assert_taken(12, TALLY_DAY, 12, TALLY_DAY);
    take(1, 12);
    assert_taken(12, -1, 12, -1);
}

static void
unknown_persons_are_clear_where_there_is_room_for_all(void **state PASU_UNUSED)
{
    start(10, 100);
    assert_int_equal(tally_take_unknown_clear(tally, NOW, 0, 10, most, &limits, &outcome, &clear),
                     0);
    assert_taken(1, -1, 10, -1);
    assert_int_equal(tally_take_unknown_clear(tally, NOW, 0, 1, most, &limits, &outcome, &clear),
                     0);
    assert_taken(0, TALLY_DAY, 1, -1);
    assert_int_equal(tally_take_unknown_clear(tally, NOW, 0, 90, most, &limits, &outcome, &clear),
                     0);
    assert_taken(0, TALLY_DAY, 0, TALLY_DAY);
    take(1, 1);
    assert_taken(0, TALLY_DAY, 1, -1);
}

/* Against the definition: whoever was ever clear is among the first so many. */
static void
never_is_one_too_many_clear(void **state PASU_UNUSED)
{
    struct random r = {UINT64_C(11)};

    for (unsigned round = 0; round < ROUNDS; round++) {
        bool was_clear[PERSONS] = {false};
        uint64_t may = random_below(&r, 20), different = 0;

        start(may, may + random_below(&r, 20));
        for (unsigned n = 0; n < 8; n++) {
            struct tally_item items[ITEMS];
            size_t count = 1 + random_below(&r, ITEMS);

            for (size_t i = 0; i < count; i++)
                items[i] = (struct tally_item){random_below(&r, PERSONS), 0,
                                               random_below(&r, 3) > 0 || i + 1 == count};
            assert_int_equal(
                tally_take_clear(tally, NOW, items, count, most, &limits, &outcome, &clear), 0);
            assert_true(clear.count <= outcome.taken);
            for (size_t i = 0; i < clear.count; i++)
                was_clear[items[i].ordinal] = true;
        }
        for (size_t i = 0; i < PERSONS; i++)
            different += was_clear[i];
        assert_true(different <= may);
    }
}

static int
end(void **state PASU_UNUSED)
{
    tally_book_free(book);
    return 0;
}

/* One row of one person goes a way of its own: it comes to the same as two of that person. */
static void
one_person_alone_is_counted_as_one_of_many(void **state PASU_UNUSED)
{
    struct tally *other;
    struct random random = {.state = 11};
    size_t blocked = 0, alerts = 0, masked = 0, shown = 0;
    uint32_t now = NOW;
    bool is_masked;

    start(UINT64_MAX, UINT64_MAX);
    assert_int_equal(tally_book_get(book, "lee", &other), 0);
    for (int round = 0; round < 40 * ROUNDS; round++) {
        const struct tally_item item = {random_below(&random, 3 * PERSONS),
                                        (uint16_t)random_below(&random, 2), 1};
        const struct tally_item both[] = {item, item};
        struct tally_outcome alone, among;
        struct tally_clear alone_clear = {.stopped_by = -1};
        uint64_t known[2][TALLY_WINDOWS], unknown[2][TALLY_WINDOWS];

        if (random_below(&random, 40) == 0)
            now += random_below(&random, 8) ? 1 + random_below(&random, 90)
                                            : 1440 * random_below(&random, 60);
        if (random_below(&random, 50) == 0)
            for (unsigned w = 0; w < TALLY_WINDOWS; w++) {
                bool has_limit = random_below(&random, 2), has_alert = random_below(&random, 2);

                limits.block[w] = has_limit ? random_below(&random, 200) : UINT64_MAX;
                limits.alert[w] = has_alert ? random_below(&random, 150) : UINT64_MAX;
                limits.alert_last[w] = has_alert ? limits.alert[w] + random_below(&random, 9) : 0;
                most[w] = random_below(&random, 2) ? random_below(&random, 150) : UINT64_MAX;
                if (most[w] > limits.block[w])
                    most[w] = limits.block[w];
            }
        if (random_below(&random, 500) == 0) {
            assert_int_equal(tally_add_moved(tally, now, 0, 2, &limits, &alone), 0);
            assert_int_equal(tally_add_moved(other, now, 0, 2, &limits, &among), 0);
        }
        is_masked = random_below(&random, 4) > 0;
        clear = (struct tally_clear){.stopped_by = -1};
        assert_int_equal(tally_take_clear(tally, now, &item, 1, is_masked ? most : NULL, &limits,
                                          &alone, &alone_clear),
                         0);
        assert_int_equal(
            tally_take_clear(other, now, both, 2, is_masked ? most : NULL, &limits, &among, &clear),
            0);
        assert_int_equal(2 * alone.taken, among.taken);
        assert_int_equal(2 * alone_clear.count, clear.count);
        assert_int_equal(alone_clear.stopped_by, clear.stopped_by);
        assert_int_equal(alone.blocked_by, among.blocked_by);
        assert_int_equal(alone.fresh, among.fresh);
        assert_int_equal(alone.alerts, among.alerts);
        assert_memory_equal(alone.alert_from, among.alert_from, sizeof(alone.alert_from));
        assert_memory_equal(alone.alert_to, among.alert_to, sizeof(alone.alert_to));
        tally_count(tally, now, known[0], unknown[0]);
        tally_count(other, now, known[1], unknown[1]);
        assert_memory_equal(known[0], known[1], sizeof(known[0]));
        assert_memory_equal(unknown[0], unknown[1], sizeof(unknown[0]));
        blocked += alone.blocked_by >= 0;
        alerts += alone.alerts != 0;
        masked += is_masked && alone_clear.stopped_by >= 0;
        shown += is_masked && alone_clear.count > 0;
    }
    assert_true(blocked > 100 && alerts > 100 && masked > 100 && shown > 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_who_are_too_many_are_counted_and_not_clear),
        cmocka_unit_test(beyond_those_who_may_be_shown_at_all_nobody_is),
        cmocka_unit_test(unknown_persons_are_clear_where_there_is_room_for_all),
        cmocka_unit_test(one_person_alone_is_counted_as_one_of_many),
        cmocka_unit_test(never_is_one_too_many_clear),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
