/* SPDX-License-Identifier: Apache-2.0 */
/* The tally against its definition (tally_model.h), over long random histories. */
#include "base/memory.h"
#include "exposure/tally_container.h"
#include "random.h"
#include "tally_model.h"
#include "unit.h"

enum { DAY = 1440, FIRST_DAY = 20000, ITEMS_MAX = 64 };

static const struct tally_limits no_limits = {
    .block = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
    .alert = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
};

struct bench {
    struct tally_book *book;
    struct tally *tally;
};

static struct bench
make_bench(void)
{
    struct bench b;

    assert_int_equal(tally_book_new(&b.book), 0);
    assert_int_equal(tally_book_get(b.book, "analyst", &b.tally), 0);
    return b;
}

/* ---- histories ---- */

static struct model model;

/* 6,000 subjects in one container, which becomes dense; the others in many, of several kinds, at
 * the ends of their ranges. */
static void
make_subjects(struct random *r)
{
    for (size_t i = 0; i < MODEL_SUBJECTS; i++) {
        uint32_t n = (uint32_t)i;

        model.subjects[i].kind = 0;
        if (i < 6000)
            model.subjects[i].ordinal = 0x00050000 + n * 10;
        else if (i < 8000)
            model.subjects[i].ordinal = n % 2 == 0 ? UINT32_MAX - n : n;
        else
            model.subjects[i].ordinal = n << 19 | random_below(r, 1 << 19);
        if (i % 7 == 0)
            model.subjects[i].kind = (uint8_t)(i % 3 == 0 ? EXPOSURE_KINDS_MAX - 1 : 1);
    }
    model_clear(&model);
}

/* Time goes on: mostly a little, sometimes to an edge of a window, sometimes back. */
static uint32_t
next_time(struct random *r, uint32_t now)
{
    uint32_t midnight = (now / DAY + 1) * DAY;

    switch (random_below(r, 24)) {
    case 0:
        return now + random_below(r, 3 * 60);
    case 1:
        return (now / 60 + 1) * 60 - random_below(r, 2);
    case 2:
    case 3:
        return midnight - random_below(r, 2);
    case 4:
        return midnight + random_below(r, 5 * DAY);
    case 5:
        return now + (29 + random_below(r, 2)) * DAY;
    case 6:
        return random_below(r, 4) == 0 ? now + (179 + random_below(r, 2)) * DAY : now;
    case 7:
        return now - random_below(r, 2 * DAY);
    case 8:
        return random_below(r, 40) == 0 ? now + 1000 * DAY : now;
    default:
        return now + random_below(r, 2);
    }
}

/* Near to what there is already, so that they are met; often none. */
static void
make_limits(struct random *r, struct tally_limits *limits)
{
    uint64_t known[TALLY_WINDOWS], unknown[TALLY_WINDOWS];

    *limits = no_limits;
    model_count(&model, known, unknown);
    for (unsigned w = 0; w < TALLY_WINDOWS; w++) {
        if (random_below(r, 4) == 0)
            limits->block[w] = known[w] + unknown[w] + random_below(r, 40);
        if (random_below(r, 4) == 0)
            limits->alert[w] = known[w] + unknown[w] + random_below(r, 40);
        if (random_below(r, 20) == 0)
            limits->block[w] = random_below(r, 30);
        if (random_below(r, 20) == 0)
            limits->alert[w] = random_below(r, 30);
        if (random_below(r, 3) == 0 && limits->alert[w] != UINT64_MAX)
            limits->alert_last[w] = limits->alert[w] + random_below(r, 100);
    }
}

static size_t
make_places(struct random *r, size_t places[ITEMS_MAX])
{
    size_t count = random_below(r, ITEMS_MAX), first = random_below(r, MODEL_SUBJECTS);
    uint32_t spread = random_below(r, 3);

    for (size_t i = 0; i < count; i++) {
        if (spread == 0)
            places[i] = (first + i) % MODEL_SUBJECTS;
        else if (spread == 1)
            places[i] = (first + random_below(r, 20)) % MODEL_SUBJECTS;
        else
            places[i] = random_below(r, MODEL_SUBJECTS);
    }
    return count;
}

static void
make_items(struct random *r, const size_t *places, size_t count, struct tally_item *items,
           bool row_ends[])
{
    uint32_t row_length = 1 + (random_below(r, 2) == 0) * random_below(r, 6);

    for (size_t i = 0; i < count; i++) {
        row_ends[i] = row_length == 1 || random_below(r, row_length) == 0;
        items[i].ordinal = model.subjects[places[i]].ordinal;
        items[i].kind = model.subjects[places[i]].kind;
        items[i].is_row_end = row_ends[i];
    }
}

static void
assert_same_counts(struct tally *tally)
{
    uint64_t known[TALLY_WINDOWS], unknown[TALLY_WINDOWS];
    uint64_t expected[TALLY_WINDOWS], expected_unknown[TALLY_WINDOWS];

    tally_count(tally, model.now, known, unknown);
    model_count(&model, expected, expected_unknown);
    assert_memory_equal(known, expected, sizeof(known));
    assert_memory_equal(unknown, expected_unknown, sizeof(unknown));
}

static void
assert_same_outcome(const struct tally_outcome *a, const struct tally_outcome *b)
{
    assert_int_equal(a->taken, b->taken);
    assert_int_equal(a->blocked_by, b->blocked_by);
    assert_int_equal(a->alerts, b->alerts);
    assert_memory_equal(a->alert_from, b->alert_from, sizeof(a->alert_from));
    assert_memory_equal(a->alert_to, b->alert_to, sizeof(a->alert_to));
}

static void
step_take(struct random *r, struct tally *tally, uint32_t now)
{
    struct tally_outcome outcome, expected;
    struct tally_item items[ITEMS_MAX];
    struct tally_limits limits;
    size_t places[ITEMS_MAX], count = make_places(r, places);
    bool row_ends[ITEMS_MAX];

    make_limits(r, &limits);
    make_items(r, places, count, items, row_ends);
    assert_int_equal(tally_take(tally, now, items, count, &limits, &outcome), 0);
    model_take(&model, now, places, row_ends, count, &limits, &expected);
    assert_same_outcome(&outcome, &expected);
}

static void
step_unknown(struct random *r, struct tally *tally, uint32_t now)
{
    struct tally_outcome outcome, expected;
    struct tally_limits limits;
    uint64_t count = random_below(r, 30);

    make_limits(r, &limits);
    assert_int_equal(tally_take_unknown(tally, now, 0, count, &limits, &outcome), 0);
    model_take_unknown(&model, now, count, &limits, &expected);
    assert_same_outcome(&outcome, &expected);
}

/* One kind at a time, as a record's part has it. */
static void
step_restore(struct random *r, struct tally *tally)
{
    size_t places[ITEMS_MAX], count = make_places(r, places), kept = 0;
    uint32_t ordinals[ITEMS_MAX], back = random_below(r, 4) == 0 ? 200 * DAY : 2 * DAY;
    uint32_t at = model.now - random_below(r, back) + random_below(r, 10);
    uint64_t unknown = random_below(r, 3);

    for (size_t i = 0; i < count; i++) {
        if (model.subjects[places[i]].kind != model.subjects[places[0]].kind)
            continue;
        places[kept] = places[i];
        ordinals[kept++] = model.subjects[places[i]].ordinal;
    }
    assert_int_equal(tally_restore(tally, at, kept > 0 ? model.subjects[places[0]].kind : 0,
                                   ordinals, kept, unknown),
                     0);
    model_restore(&model, at, places, kept, unknown);
}

/* Shows all subjects: the large container becomes dense. */
static void
step_all(struct tally *tally, uint32_t now)
{
    static struct tally_item items[MODEL_SUBJECTS];
    struct tally_outcome outcome;

    for (size_t i = 0; i < MODEL_SUBJECTS; i++) {
        items[i].ordinal = model.subjects[i].ordinal;
        items[i].kind = model.subjects[i].kind;
        items[i].is_row_end = 1;
        model.last[i] = now;
    }
    model.now = now;
    assert_int_equal(tally_take(tally, now, items, MODEL_SUBJECTS, NULL, &outcome), 0);
    assert_int_equal(outcome.taken, MODEL_SUBJECTS);
}

static void
counts_and_limits_are_those_of_the_definition(void **state PASU_UNUSED)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct random r = {seed};
        struct bench b = make_bench();
        uint32_t now = FIRST_DAY * DAY + 700;

        make_subjects(&r);
        for (int i = 0; i < 1500; i++) {
            uint32_t which = random_below(&r, 10);

            now = next_time(&r, now);
            if (seed % 2 == 0 && i % 300 == 150)
                step_all(b.tally, now > model.now ? now : model.now);
            if (which == 0)
                step_unknown(&r, b.tally, now);
            else if (which == 1 && model.now > 0)
                step_restore(&r, b.tally);
            else
                step_take(&r, b.tally, now);
            if (i % 8 == 0)
                assert_same_counts(b.tally);
            if (now < model.now)
                now = model.now;
        }
        tally_book_free(b.book);
    }
}

/* ---- single behaviours ---- */

static uint64_t
count_in(struct tally *tally, uint32_t now, enum tally_window window)
{
    uint64_t known[TALLY_WINDOWS], unknown[TALLY_WINDOWS];

    tally_count(tally, now, known, unknown);
    return known[window] + unknown[window];
}

static void
windows_end_with_their_minute_hour_day_and_with_the_30th_and_180th_day(void **state PASU_UNUSED)
{
    const struct tally_item item = {7, 0, 1};
    const uint32_t shown = FIRST_DAY * DAY + 3 * 60 + 59, first = FIRST_DAY * DAY;
    struct bench b = make_bench();
    struct tally_outcome outcome;

    assert_int_equal(tally_take(b.tally, shown, &item, 1, NULL, &outcome), 0);
    for (int w = 0; w < TALLY_WINDOWS; w++)
        assert_int_equal(count_in(b.tally, shown, (enum tally_window)w), 1);
    assert_int_equal(count_in(b.tally, shown + 1, TALLY_MINUTE), 0);
    assert_int_equal(count_in(b.tally, shown + 1, TALLY_HOUR), 0);
    assert_int_equal(count_in(b.tally, first + DAY - 1, TALLY_DAY), 1);
    assert_int_equal(count_in(b.tally, first + DAY, TALLY_DAY), 0);
    assert_int_equal(count_in(b.tally, first + 30 * DAY - 1, TALLY_30_DAYS), 1);
    assert_int_equal(count_in(b.tally, first + 30 * DAY, TALLY_30_DAYS), 0);
    assert_int_equal(count_in(b.tally, first + 180 * DAY - 1, TALLY_180_DAYS), 1);
    assert_int_equal(count_in(b.tally, first + 180 * DAY, TALLY_180_DAYS), 0);
    tally_book_free(b.book);
}

static void
a_kind_out_of_range_is_refused_after_the_rows_before_it(void **state PASU_UNUSED)
{
    const struct tally_item items[] = {
        {1, 0, 1}, {2, 0, 1}, {3, 0, 0}, {4, EXPOSURE_KINDS_MAX, 1}, {5, 0, 1}};
    const uint32_t ordinal = 1;
    struct bench b = make_bench();
    struct tally_outcome outcome;

    assert_int_equal(tally_take(b.tally, 1, items, COUNT_OF(items), NULL, &outcome), PASU_E_RANGE);
    assert_int_equal(outcome.taken, 2);
    assert_int_equal(count_in(b.tally, 1, TALLY_DAY), 2);
    assert_int_equal(tally_take_unknown(b.tally, 1, EXPOSURE_KINDS_MAX, 1, NULL, &outcome),
                     PASU_E_RANGE);
    assert_int_equal(tally_restore(b.tally, 1, EXPOSURE_KINDS_MAX, &ordinal, 1, 0), PASU_E_RANGE);
    assert_int_equal(count_in(b.tally, 1, TALLY_DAY), 2);
    tally_book_free(b.book);
}

static void
numbers_of_unknown_persons_stick_at_the_most(void **state PASU_UNUSED)
{
    struct tally_limits limits = no_limits;
    struct tally_outcome outcome;
    struct bench b = make_bench();

    for (int i = 0; i < 3; i++) {
        assert_int_equal(tally_take_unknown(b.tally, DAY, 0, UINT64_MAX / 2 + 1, &limits, &outcome),
                         0);
        assert_int_equal(outcome.blocked_by, -1);
    }
    assert_true(count_in(b.tally, DAY, TALLY_30_DAYS) == UINT64_MAX);
    limits.block[TALLY_30_DAYS] = UINT64_MAX - 1;
    assert_int_equal(tally_take_unknown(b.tally, 2 * DAY, 0, 1, &limits, &outcome), 0);
    assert_int_equal(outcome.blocked_by, TALLY_30_DAYS);
    assert_true(count_in(b.tally, 2 * DAY, TALLY_180_DAYS) == UINT64_MAX);
    assert_int_equal(count_in(b.tally, 181 * DAY, TALLY_180_DAYS), 0);
    tally_book_free(b.book);
}

/* Spread evenly, in a lump, at the ends: the search must not depend on where it looks first. */
static void
a_sorted_list_is_searched_right_however_it_is_spread(void **state PASU_UNUSED)
{
    static uint16_t ordinals[CONTAINER_SPARSE_MAX];
    struct random r = {77};

    for (int round = 0; round < 60; round++) {
        uint32_t start = random_below(&r, 60000), odds = 1 + random_below(&r, 40), count = 0;

        if (round % 3 == 0)
            start = 0;
        for (uint32_t low = start; low < CONTAINER_SIZE && count < COUNT_OF(ordinals); low++) {
            if (low % 9000 == 0)
                odds = 1 + random_below(&r, 40);
            if (random_below(&r, odds) == 0)
                ordinals[count++] = (uint16_t)low;
        }
        for (uint32_t low = 0, place = 0; low < CONTAINER_SIZE; low++) {
            while (place < count && ordinals[place] < low)
                place++;
            assert_true(container_search(ordinals, count, (uint16_t)low) == place);
        }
    }
}

/* ---- memory ---- */

static void
rows_that_are_refused_again_and_again_take_no_memory(void **state PASU_UNUSED)
{
    struct tally_limits limits = no_limits;
    struct bench b = make_bench();
    struct tally_outcome outcome;
    uint64_t before = 0;

    limits.block[TALLY_DAY] = 1;
    for (uint32_t i = 0; i < 50000; i++) {
        const struct tally_item row[] = {{i, 0, 0}, {i + 1, 0, 1}}, one = {70000 + i, 0, 1};

        assert_int_equal(tally_take(b.tally, DAY, row, 2, &limits, &outcome), 0);
        assert_int_equal(outcome.blocked_by, TALLY_DAY);
        if (i == 0)
            before = tally_book_memory(b.book);
        assert_int_equal(tally_take(b.tally, DAY, &one, 1, &limits, &outcome), 0);
        assert_int_equal(outcome.blocked_by, i == 0 ? -1 : TALLY_DAY);
    }
    assert_true(tally_book_memory(b.book) < before + 200);
    assert_int_equal(count_in(b.tally, DAY, TALLY_DAY), 1);
    tally_book_free(b.book);
}

static void
memory_of_what_left_all_windows_is_given_back(void **state PASU_UNUSED)
{
    struct bench b = make_bench();
    struct tally_outcome outcome;
    uint64_t empty = tally_book_memory(b.book), full;

    for (uint32_t i = 0; i < 300000; i++) {
        const struct tally_item item = {i % 2 == 0 ? i : i * 12345, 3, 1};

        assert_int_equal(tally_take(b.tally, DAY, &item, 1, NULL, &outcome), 0);
    }
    full = tally_book_memory(b.book);
    assert_true(full > empty + 1000000);
    /* One subject of each dense container stays in a window: it alone is kept. */
    for (uint32_t i = 0; i < 5; i++) {
        const struct tally_item item = {i << 16, 3, 1};

        assert_int_equal(tally_take(b.tally, 100 * DAY, &item, 1, NULL, &outcome), 0);
    }
    for (uint32_t i = 0; i < 70000; i++)
        assert_int_equal(tally_take(b.tally, 181 * DAY + i / 1000, NULL, 0, NULL, &outcome), 0);
    /* What leads to containers stays. */
    assert_true(tally_book_memory(b.book) < empty + 257 * 256 * sizeof(void *));
    assert_int_equal(count_in(b.tally, 181 * DAY, TALLY_180_DAYS), 5);
    tally_book_free(b.book);
}

/* A day's large result, of one container: it is hot that day and sparse the next, with all counts
 * exact on the way there, back, and when only some of it is shown again. */
static void
a_container_is_hot_for_the_day_of_a_large_result(void **state PASU_UNUSED)
{
    const uint32_t shown[] = {63, 64, 127, 128, 129, 255, 256, 257, 2000, 4096};

    for (size_t n = 0; n < COUNT_OF(shown); n++) {
        struct bench b = make_bench();
        struct tally_outcome outcome;
        uint64_t hot, cold;

        for (uint32_t i = 0; i < shown[n]; i++) {
            const struct tally_item item = {(i * 26117 + 5) & 0xffff, 2, 1};

            assert_int_equal(tally_take(b.tally, DAY, &item, 1, NULL, &outcome), 0);
            assert_int_equal(outcome.fresh, 1);
            assert_int_equal(tally_take(b.tally, DAY, &item, 1, NULL, &outcome), 0);
            assert_int_equal(outcome.fresh, 0);
        }
        hot = tally_book_memory(b.book);
        assert_int_equal(count_in(b.tally, DAY, TALLY_DAY), shown[n]);
        assert_int_equal(count_in(b.tally, 2 * DAY, TALLY_DAY), 0);
        assert_int_equal(count_in(b.tally, 2 * DAY, TALLY_180_DAYS), shown[n]);
        cold = tally_book_memory(b.book);
        if (shown[n] <= CONTAINER_HOT_MIN)
            assert_true(cold == hot);
        else
            assert_true(cold < hot);
        for (uint32_t i = 0; i < shown[n]; i += 2) {
            const struct tally_item item = {(i * 26117 + 5) & 0xffff, 2, 1};

            assert_int_equal(tally_take(b.tally, 2 * DAY, &item, 1, NULL, &outcome), 0);
            assert_int_equal(outcome.fresh, 1);
        }
        assert_int_equal(count_in(b.tally, 2 * DAY, TALLY_180_DAYS), shown[n]);
        assert_int_equal(count_in(b.tally, 181 * DAY, TALLY_180_DAYS), (shown[n] + 1) / 2);
        assert_int_equal(count_in(b.tally, 182 * DAY, TALLY_180_DAYS), 0);
        tally_book_free(b.book);
    }
}

/* The last day's containers stay as they are where there is no memory to make them sparse. */
static void
a_hot_or_dense_container_ages_without_memory(void **state PASU_UNUSED)
{
    static struct tally_item items[4600];
    struct bench b = make_bench();
    struct tally_outcome outcome;

    for (uint32_t i = 0; i < COUNT_OF(items); i++)
        items[i] = (struct tally_item){(i < 600 ? 0x10000 : 0) + (i * 26117 & 0xffff), 0, 1};
    assert_int_equal(tally_take(b.tally, DAY, items, COUNT_OF(items), NULL, &outcome), 0);
    assert_int_equal(tally_take(b.tally, 100 * DAY, items, 300, NULL, &outcome), 0);
    memory_fail_at(1);
    assert_int_equal(count_in(b.tally, 181 * DAY, TALLY_180_DAYS), 300);
    memory_fail_at(0);
    assert_int_equal(tally_take(b.tally, 181 * DAY, items, 600, NULL, &outcome), 0);
    assert_int_equal(outcome.fresh, 600);
    assert_int_equal(count_in(b.tally, 181 * DAY, TALLY_180_DAYS), 600);
    memory_fail_at(1);
    assert_int_equal(count_in(b.tally, 182 * DAY, TALLY_DAY), 0);
    memory_fail_at(0);
    assert_int_equal(tally_take(b.tally, 182 * DAY, items, 300, NULL, &outcome), 0);
    assert_int_equal(outcome.fresh, 300);
    memory_fail_at(1);
    assert_int_equal(count_in(b.tally, 361 * DAY, TALLY_180_DAYS), 300);
    memory_fail_at(0);
    assert_int_equal(tally_take(b.tally, 361 * DAY, items, 600, NULL, &outcome), 0);
    assert_int_equal(outcome.fresh, 600);
    assert_int_equal(count_in(b.tally, 361 * DAY, TALLY_180_DAYS), 600);
    tally_book_free(b.book);
}

/* Rows taken back do not heat a container. */
static void
refused_rows_do_not_make_a_container_hot(void **state PASU_UNUSED)
{
    struct tally_limits limits = no_limits;
    struct bench b = make_bench();
    struct tally_outcome outcome;
    uint64_t before = 0;

    for (uint32_t i = 0; i < 200; i++) {
        const struct tally_item item = {i, 0, 1};

        assert_int_equal(tally_take(b.tally, DAY * (1 + i / 50), &item, 1, NULL, &outcome), 0);
    }
    limits.block[TALLY_DAY] = 50;
    for (uint32_t i = 0; i < 1000; i++) {
        const struct tally_item row[] = {{i % 150, 0, 0}, {1000 + i, 0, 1}};

        assert_int_equal(tally_take(b.tally, 4 * DAY, row, 2, &limits, &outcome), 0);
        assert_int_equal(outcome.blocked_by, TALLY_DAY);
        if (i == 0)
            before = tally_book_memory(b.book);
    }
    assert_true(tally_book_memory(b.book) == before);
    tally_book_free(b.book);
}

/* Takes rows until memory is there; every row counts whole or not at all. */
static void
a_failed_allocation_loses_nothing_and_leaves_half_of_nothing(void **state PASU_UNUSED)
{
    static struct tally_item items[6000];
    bool has_failed = true;

    for (uint32_t i = 0; i < COUNT_OF(items); i++) {
        uint32_t ordinal = i < 5000 ? i * 3 : i * 100000;

        items[i] = (struct tally_item){ordinal, (uint16_t)(i % 2), i % 3 == 2};
    }
    for (uint64_t nth = 1; has_failed; nth++) {
        struct bench b = make_bench();
        struct tally_outcome outcome;
        size_t taken = 0;
        int result;

        has_failed = false;
        memory_fail_at(nth);
        do {
            result =
                tally_take(b.tally, DAY, items + taken, COUNT_OF(items) - taken, NULL, &outcome);
            taken += outcome.taken;
            assert_int_equal(taken % 3, 0);
            assert_int_equal(count_in(b.tally, DAY, TALLY_180_DAYS), taken);
            assert_true(result == 0 || result == PASU_E_NOMEM);
            has_failed = has_failed || result != 0;
        } while (result != 0);
        memory_fail_at(0);
        assert_int_equal(taken, COUNT_OF(items));
        tally_book_free(b.book);
    }
}

static void
a_book_without_memory_says_so(void **state PASU_UNUSED)
{
    struct tally_book *book;
    struct tally *tally;

    memory_fail_at(1);
    assert_int_equal(tally_book_new(&book), PASU_E_NOMEM);
    assert_int_equal(tally_book_new(&book), 0);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        memory_fail_at(nth);
        assert_int_equal(tally_book_get(book, "analyst", &tally), PASU_E_NOMEM);
        memory_fail_at(0);
    }
    assert_int_equal(tally_book_get(book, "analyst", &tally), 0);
    tally_book_free(book);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_limits_are_those_of_the_definition),
        cmocka_unit_test(windows_end_with_their_minute_hour_day_and_with_the_30th_and_180th_day),
        cmocka_unit_test(a_kind_out_of_range_is_refused_after_the_rows_before_it),
        cmocka_unit_test(numbers_of_unknown_persons_stick_at_the_most),
        cmocka_unit_test(a_sorted_list_is_searched_right_however_it_is_spread),
        cmocka_unit_test(rows_that_are_refused_again_and_again_take_no_memory),
        cmocka_unit_test(memory_of_what_left_all_windows_is_given_back),
        cmocka_unit_test(a_container_is_hot_for_the_day_of_a_large_result),
        cmocka_unit_test(a_hot_or_dense_container_ages_without_memory),
        cmocka_unit_test(refused_rows_do_not_make_a_container_hot),
        cmocka_unit_test(a_failed_allocation_loses_nothing_and_leaves_half_of_nothing),
        cmocka_unit_test(a_book_without_memory_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
