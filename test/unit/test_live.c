/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/live.h"
#include "unit.h"

enum { NAMES = 600, STEPS = 200000 };

static uint8_t swept[NAMES + 1];

static void
note(void *arg, uint64_t session)
{
    /* Identities that collide: multiples of a power of two. */
    assert_int_equal(session % 1024, 0);
    assert_in_range(session / 1024, 1, NAMES);
    assert_int_equal(swept[session / 1024], 0);
    swept[session / 1024] = 1;
    ++*(size_t *)arg;
}

static void
it_agrees_with_a_naive_set_whatever_is_done(void **state PASU_UNUSED)
{
    static uint8_t is_there[NAMES + 1], is_doubted[NAMES + 1];
    struct live live = {0};
    uint64_t seed = 88172645463325252u;

    for (int step = 0; step < STEPS; step++) {
        size_t name, expected = 0, count = 0;

        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        name = 1 + (seed >> 20) % NAMES;
        if (seed % 1000 == 0) {
            live_doubt(&live);
            memcpy(is_doubted, is_there, sizeof(is_doubted));
        } else if (seed % 1000 == 1) {
            memset(swept, 0, sizeof(swept));
            live_sweep(&live, note, &count);
            for (size_t i = 1; i <= NAMES; i++) {
                assert_int_equal(swept[i], is_there[i] && is_doubted[i]);
                expected += swept[i];
                is_there[i] = is_there[i] && !is_doubted[i];
                is_doubted[i] = 0;
            }
            assert_int_equal(count, expected);
        } else if (seed & 4) {
            assert_int_equal(live_add(&live, name * 1024, "", ""), 0);
            is_there[name] = 1;
            is_doubted[name] = 0;
        } else {
            live_remove(&live, name * 1024);
            is_there[name] = is_doubted[name] = 0;
        }
    }
    live_release(&live);
}

static void
a_statement_is_what_came_since_its_beginning(void **state PASU_UNUSED)
{
    struct live live = {0};
    uint64_t rows, persons;

    live_showed(&live, 7, true, 1, 1); /* of nobody */
    assert_int_equal(live_add(&live, 7, "", ""), 0);
    live_showed(&live, 7, false, 5, 5);
    assert_false(live_statement(&live, 7, &rows, &persons));
    live_showed(&live, 7, true, 3, 2);
    live_showed(&live, 7, false, 4, UINT64_MAX);
    live_showed(&live, 8, true, 100, 100);
    assert_true(live_statement(&live, 7, &rows, &persons));
    assert_int_equal(rows, 7);
    assert_true(persons == UINT64_MAX);
    live_showed(&live, 7, true, 0, 0);
    assert_true(live_statement(&live, 7, &rows, &persons));
    assert_int_equal(rows + persons, 0);
    live_remove(&live, 7);
    assert_false(live_statement(&live, 7, &rows, &persons));
    live_release(&live);
}

/* Identities that are all over the table. */
static uint64_t
nth(uint64_t n)
{
    return n * UINT64_C(0x9e3779b97f4a7c15);
}

static void
count_one(void *arg, uint64_t session PASU_UNUSED)
{
    ++*(size_t *)arg;
}

/* A gate that names more and more takes no more memory; those that are there are vouched for. */
static void
there_is_a_most_and_who_is_there_stays(void **state PASU_UNUSED)
{
    struct live live = {0};
    size_t count = 0;

    for (uint64_t session = 1; session <= LIVE_MAX; session++)
        assert_int_equal(live_add(&live, nth(session), "", ""), 0);
    assert_int_equal(live_add(&live, nth(LIVE_MAX + 1), "", ""), PASU_E_NOMEM);
    live_doubt(&live);
    assert_int_equal(live_add(&live, nth(7), "", ""), 0);
    live_remove(&live, nth(9));
    assert_int_equal(live_add(&live, nth(LIVE_MAX + 1), "", ""), 0);
    assert_int_equal(live_add(&live, nth(9), "", ""), PASU_E_NOMEM);
    assert_int_equal(live.size, 2 * LIVE_MAX);
    live_sweep(&live, count_one, &count);
    assert_int_equal(count, LIVE_MAX - 2);
    live_release(&live);
}

static void
whose_it_is_is_known_while_it_is_there(void **state PASU_UNUSED)
{
    struct live live = {0};
    char name[16];

    assert_string_equal(live_principal(&live, 1), "");
    for (uint64_t i = 1; i <= LIVE_NAMES_MAX + 1; i++) {
        snprintf(name, sizeof(name), "p%u", (unsigned)i);
        assert_int_equal(live_add(&live, i, name, name), 0);
        assert_int_equal(live_add(&live, i + 100000, "p1", ""), 0);
    }
    assert_string_equal(live_principal(&live, 7), "p7");
    assert_string_equal(live_principal(&live, 100007), "p1");
    assert_string_equal(live_principal(&live, LIVE_NAMES_MAX + 1), ""); /* no room */
    assert_string_equal(live_address(&live, 7), "p7");
    assert_string_equal(live_address(&live, 100007), "");
    live_remove(&live, 7);
    assert_string_equal(live_address(&live, 7), "");
    assert_string_equal(live_principal(&live, 7), "");
    live_release(&live);
}

/* The most slots beside each other that are in use. */
static size_t
longest_run(const struct live *live)
{
    size_t longest = 0, run = 0;

    for (size_t i = 0; i < 2 * live->size; i++) {
        run = live->slots[i % live->size].session != 0 ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

/* Whichever of an identity's bits a gate makes all the same, it cannot crowd them together. */
static void
identities_that_are_alike_do_not_crowd(void **state PASU_UNUSED)
{
    for (int shift = 0; shift <= 56; shift += 8) {
        struct live live = {.seed = 88172645463325252u};

        for (uint64_t n = 1; n <= 100; n++)
            assert_int_equal(live_add(&live, n << shift, "", ""), 0);
        assert_int_equal(live.size, 256);
        assert_true(longest_run(&live) < 50);
        live_release(&live);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_a_naive_set_whatever_is_done),
        cmocka_unit_test(a_statement_is_what_came_since_its_beginning),
        cmocka_unit_test(there_is_a_most_and_who_is_there_stays),
        cmocka_unit_test(whose_it_is_is_known_while_it_is_there),
        cmocka_unit_test(identities_that_are_alike_do_not_crowd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
