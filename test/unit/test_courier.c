/* SPDX-License-Identifier: Apache-2.0 */
/* What was judged is an alert once, whichever keeper it was that saw it. */
#include "ledger/courier.h"

#include "ledger/alerts.h"
#include "ledger/reader.h"
#include "ledger_place.h"

enum { SESSIONS = 8, JUDGED = 800 };

static struct courier courier;

static const char *
principal_of(uint64_t session)
{
    return session % 2 == 0 ? "app" : "analyst";
}

static struct message_session
session_of(uint64_t number)
{
    struct message_session session = {.session = number, .opened = 1};

    snprintf(session.principal, sizeof(session.principal), "%s", principal_of(number));
    return session;
}

/* A keeper as keeper.c has it. */
static void
start(struct place *p)
{
    record_init(&p->records, &p->log, p->directory);
    courier = (struct courier){0};
    courier_init(&courier, &p->records);
    assert_int_equal(record_open(&p->records), 0);
    courier_look(&courier, now);
}

/* Nothing of what it had still to say is written. */
static void
kill_it(struct place *p)
{
    courier_release(&courier);
    sought_release(&p->records.sought);
    kill_keeper(p);
}

static void
stop(struct place *p)
{
    courier_end(&courier);
    courier_release(&courier);
    record_close(&p->records);
}

/* Statements of the sessions in turn are blocked. */
static void
judge(struct place *p, uint64_t first, int count)
{
    static uint8_t bytes[EXPOSURE_ENCODED_MAX];
    struct segment_taken taken = {.count = (uint32_t)count, .to = 64};

    assert_int_equal(record_batch_begin(&p->records), 0);
    for (int i = 0; i < count; i++) {
        struct exposure e = {.session = first + (uint64_t)(i % SESSIONS),
                             .time = 1,
                             .statements = 1,
                             .rows = 1,
                             .flags = FLAG_BIT(BUDGET),
                             .verdict = VERDICT_OF_BLOCK};
        ssize_t length;

        snprintf(e.rule, sizeof(e.rule), "day");
        length = exposure_encode(&e, bytes, sizeof(bytes));
        assert_true(length > 0);
        assert_int_equal(
            record_batch_put(&p->records, SEGMENT_EXPOSURE, view_of(bytes, (size_t)length)), 0);
    }
    assert_int_equal(record_batch_end(&p->records, &taken), 0);
}

/* How many alerts of a principal the ledger counts. */
static uint64_t
told(struct place *p, const char *principal)
{
    int segments = open_segments(p);
    struct alerts alerts;
    uint64_t sum = 0;

    assert_int_equal(alerts_find(&alerts, &os_real, segments, &(struct segment_keys){0}), 0);
    for (size_t i = 0; i < alerts.count; i++)
        if (alerts.items[i].raised && strcmp(alerts.items[i].raised->principal, principal) == 0)
            sum += alerts.items[i].raised->count;
    alerts_release(&alerts);
    close(segments);
    return sum;
}

static void
assert_told(struct place *p, uint64_t each)
{
    assert_int_equal(told(p, ""), 0);
    assert_int_equal(told(p, "app"), each);
    assert_int_equal(told(p, "analyst"), each);
}

static void
open_sessions(struct place *p, uint64_t first)
{
    for (uint64_t i = 0; i < SESSIONS; i++) {
        struct message_session session = session_of(first + i);

        assert_int_equal(record_opened(&p->records, &session), 0);
    }
}

static void
what_was_told_is_not_told_again_by_the_next_keeper(void **state)
{
    struct place *p = *state;

    start(p);
    open_sessions(p, 1);
    kill_it(p);
    start(p); /* it reads from here: behind the sessions' beginnings */
    for (uint64_t i = 0; i < SESSIONS; i++) {
        struct message_session session = session_of(1 + i);

        record_announced(&p->records, &session);
    }
    judge(p, 1, JUDGED);
    courier_look(&courier, now);
    assert_told(p, JUDGED / 2);
    kill_it(p);
    start(p);
    stop(p);
    assert_told(p, JUDGED / 2);
}

static void
what_waited_in_the_rings_has_its_principals_names(void **state)
{
    struct place *p = *state;

    start(p);
    open_sessions(p, 1);
    kill_it(p);
    start(p); /* before the gate announces them */
    judge(p, 1, JUDGED);
    courier_look(&courier, now);
    assert_told(p, JUDGED / 2);
    judge(p, 1, JUDGED); /* within the minute */
    kill_it(p);
    start(p);
    stop(p);
    assert_told(p, JUDGED);
}

/* With segments of 4096 bytes at most: sessions of several, of before, between and behind. */
static void
sessions_are_found_in_older_segments_and_in_newer_ones(void **state)
{
    struct place *p = *state;
    uint64_t each = 0;

    start(p);
    p->records.chain.writer.size = 4096;
    for (uint64_t round = 0; round < 4; round++) {
        open_sessions(p, 1 + round * SESSIONS);
        judge(p, 1000, 0);
    }
    kill_it(p);
    start(p);
    p->records.chain.writer.size = 4096;
    for (uint64_t round = 4; round-- > 0; each += SESSIONS / 2)
        judge(p, 1 + round * SESSIONS, SESSIONS);
    for (uint64_t round = 4; round < 8; round++, each += SESSIONS / 2) {
        open_sessions(p, 1 + round * SESSIONS);
        live_release(&p->records.live); /* as where it has no room for them */
        judge(p, 1 + round * SESSIONS, SESSIONS);
    }
    assert_true(p->records.sought.segments > 1);
    assert_true(p->records.sought.again > 1);
    stop(p);
    assert_told(p, each);
}

static void
a_session_that_is_nowhere_is_looked_for_once(void **state)
{
    struct place *p = *state;

    start(p);
    judge(p, 1, JUDGED);
    assert_true(p->records.sought.segments <= 1);
    assert_true(p->records.sought.again == 0);
    stop(p);
    assert_int_equal(told(p, ""), JUDGED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_told_is_not_told_again_by_the_next_keeper),
        TEST(what_waited_in_the_rings_has_its_principals_names),
        TEST(sessions_are_found_in_older_segments_and_in_newer_ones),
        TEST(a_session_that_is_nowhere_is_looked_for_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
