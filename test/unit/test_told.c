/* SPDX-License-Identifier: Apache-2.0 */
/* Which findings are told, and which the ledger has. */
#include "breach/told.h"

#include "unit.h"

#define SECOND NANOSECONDS_PER_SECOND

static struct message_finding
finding(const char *detector, const char *who, int64_t first, int64_t last, uint64_t about)
{
    struct message_finding f = {.first = first, .last = last, .about = about};

    snprintf(f.detector, sizeof(f.detector), "%s", detector);
    snprintf(f.who, sizeof(f.who), "%s", who);
    return f;
}

static bool
is_new(const struct told *told, struct message_finding f, int64_t now)
{
    return told_is_new(told, &f, now);
}

static void
sent(struct told *told, struct message_finding f, int64_t now)
{
    assert_int_equal(told_sent(told, &f, now), 0);
}

static void
recorded(struct told *told, struct message_finding f)
{
    assert_int_equal(told_recorded(told, &f), 0);
}

static void
what_is_recorded_is_not_told_again(void **state PASU_UNUSED)
{
    struct message_finding f = finding("growth", "role app, address 192.0.2.1", 100, 200, 10);
    struct told told;

    assert_int_equal(told_init(&told, &os_real), 0);
    assert_true(is_new(&told, f, SECOND));
    recorded(&told, f);
    assert_false(is_new(&told, f, SECOND));
    /* One of them is enough, whoever stands beside it; another detector is another finding. */
    assert_false(is_new(&told, finding("growth", "role web, address 192.0.2.1", 150, 300, 12), 0));
    assert_true(is_new(&told, finding("drift", "role app", 100, 200, 10), 0));
    assert_true(is_new(&told, finding("growth", "role ap", 100, 200, 10), 0));
    assert_false(is_new(&told, finding("growth", "", 100, 200, 10), 0));
    told_release(&told);
}

static void
what_has_doubled_or_begun_anew_is_told(void **state PASU_UNUSED)
{
    struct told told;

    assert_int_equal(told_init(&told, &os_real), 0);
    recorded(&told, finding("growth", "role app", 100, 200, 10));
    assert_false(is_new(&told, finding("growth", "role app", 100, 900, 19), 0));
    assert_true(is_new(&told, finding("growth", "role app", 100, 900, 20), 0));
    assert_true(is_new(&told, finding("growth", "role app", 201, 900, 3), 0));
    recorded(&told, finding("growth", "role app", 201, 900, 3));
    assert_false(is_new(&told, finding("growth", "role app", 201, 950, 4), 0));
    assert_true(is_new(&told, finding("growth", "role app", 201, 950, 6), 0));
    told_release(&told);
}

static void
what_does_not_arrive_is_told_again(void **state PASU_UNUSED)
{
    struct message_finding f = finding("growth", "role app", 100, 200, 10);
    struct told told;

    assert_int_equal(told_init(&told, &os_real), 0);
    sent(&told, f, SECOND);
    assert_false(is_new(&told, f, 2 * SECOND));
    assert_false(told_waits(&told, 2 * SECOND));
    assert_true(told_waits(&told, SECOND + TOLD_WAIT));
    assert_true(is_new(&told, f, SECOND + TOLD_WAIT));
    told_give_up(&told, SECOND + TOLD_WAIT);
    assert_false(told_waits(&told, SECOND + TOLD_WAIT));
    sent(&told, f, SECOND);
    recorded(&told, f);
    assert_false(told_waits(&told, SECOND + TOLD_WAIT));
    assert_false(is_new(&told, f, SECOND + TOLD_WAIT));
    told_release(&told);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_recorded_is_not_told_again),
        cmocka_unit_test(what_has_doubled_or_begun_anew_is_told),
        cmocka_unit_test(what_does_not_arrive_is_told_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
