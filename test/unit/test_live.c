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
            assert_int_equal(live_add(&live, name * 1024), 0);
            is_there[name] = 1;
            is_doubted[name] = 0;
        } else {
            live_remove(&live, name * 1024);
            is_there[name] = is_doubted[name] = 0;
        }
    }
    live_release(&live);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_a_naive_set_whatever_is_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
