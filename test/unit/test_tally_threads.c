/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that race for one tally: together they take exactly what its limit allows. */
#include "exposure/tally.h"
#include "unit.h"

#include <pthread.h>

enum { DAY = 1440, FIRST_DAY = 20000 };

static const struct tally_limits no_limits = {
    .block = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
    .alert = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
};

enum { THREADS = 8, RACE_LIMIT = 10007 };

struct racer {
    struct tally_book *book;
    uint32_t number;
    size_t taken;
    bool has_failed;
};

static uint64_t
count_in(struct tally *tally, uint32_t now, enum tally_window window)
{
    uint64_t known[TALLY_WINDOWS], unknown[TALLY_WINDOWS];

    tally_count(tally, now, known, unknown);
    return known[window] + unknown[window];
}

/* Everyone shows persons of their own, five in a batch, until the limit of all stops them. */
static void *
race(void *arg)
{
    struct tally_limits limits = no_limits;
    struct racer *racer = arg;
    struct tally_outcome outcome = {.blocked_by = -1};
    struct tally *tally;

    limits.block[TALLY_HOUR] = RACE_LIMIT;
    racer->has_failed = tally_book_get(racer->book, "analyst", &tally) != 0;
    for (uint32_t i = 0; !racer->has_failed && outcome.blocked_by < 0; i += 5) {
        struct tally_item items[5];

        for (uint32_t n = 0; n < 5; n++)
            items[n] = (struct tally_item){(i + n) * THREADS + racer->number, 0, 1};
        racer->has_failed = tally_take(tally, DAY, items, 5, &limits, &outcome) != 0;
        racer->taken += outcome.taken;
    }
    return NULL;
}

static void
threads_together_take_exactly_what_the_limit_allows(void **state PASU_UNUSED)
{
    struct racer racers[THREADS];
    pthread_t threads[THREADS];
    struct tally_book *book;
    struct tally *tally;
    size_t taken = 0;

    assert_int_equal(tally_book_new(&book), 0);
    for (uint32_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.book = book, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(racers[i].has_failed);
        taken += racers[i].taken;
    }
    assert_int_equal(taken, RACE_LIMIT);
    assert_int_equal(tally_book_get(book, "analyst", &tally), 0);
    assert_int_equal(count_in(tally, DAY, TALLY_HOUR), RACE_LIMIT);
    tally_book_free(book);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_together_take_exactly_what_the_limit_allows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
