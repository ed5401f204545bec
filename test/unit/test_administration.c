/* SPDX-License-Identifier: Apache-2.0 */
/* When it counts that an administrator acts: what the server's own roles show later is by that
 * known to have come through pasu, or not. */
#include "gate/administration.h"

#include "clock.h"
#include "exposure/exposure.h"
#include "gate_in_force.h"
#include "ledger/ring.h"

static const struct plan_statement granting = {.is_understood = true,
                                               .flags = PLAN_GRANTS,
                                               .verbs = UINT64_C(1) << VERB_GRANT,
                                               .sql = "GRANT"},
                                   reading = {.is_understood = true,
                                              .verbs = UINT64_C(1) << VERB_SELECT,
                                              .sql = "SELECT $1"};

static struct os os;

static int
start(void **state)
{
    int result = make_stand(state);
    struct stand *t = *state;

    if (result != 0)
        return result;
    os = os_real;
    os.realtime = os.monotonic = clock_read;
    now = 1000 * NANOSECONDS_PER_SECOND;
    t->worker.os = &os;
    snprintf(t->session.user, sizeof(t->session.user), "dba");
    put_in_force(t, 1, MAPPING);
    assert_int_equal(
        vocabulary_of_config(&t->settings->vocabulary, t->shared.current.settings->config), 0);
    return 0;
}

static int
stop(void **state)
{
    leave_force(*state);
    return remove_stand(state);
}

/* What was recorded since the last time, in bytes. */
static uint64_t
recorded(struct stand *t)
{
    static uint64_t before;
    uint64_t bytes = ring_head(ring_get(&t->file, 0)), more = bytes - before;

    before = bytes;
    return more;
}

static void
it_counts_when_it_is_sent_and_again_when_it_is_over(void **state)
{
    struct stand *t = *state;
    const _Atomic int64_t *acted = &t->shared.acted;

    (void)recorded(t);
    administration_over(&t->session);
    assert_int_equal(administration_execute(&t->session, &reading), 0);
    assert_int_equal(administration_execute(&t->session, NULL), 0);
    administration_over(&t->session);
    assert_int_equal(*acted, 0);
    assert_int_equal(recorded(t), 0);
    later(1); /* what has come to light by now came around */
    assert_int_equal(administration_execute(&t->session, &granting), 0);
    assert_int_equal(*acted, now);
    assert_true(recorded(t) > 0);
    later(5);
    assert_int_equal(administration_execute(&t->session, &reading), 0);
    assert_int_equal(*acted, now - 5 * NANOSECONDS_PER_SECOND);
    administration_over(&t->session); /* now others see what it has changed */
    assert_int_equal(*acted, now);
    later(1);
    administration_over(&t->session);
    assert_int_equal(*acted, now - NANOSECONDS_PER_SECOND);
    assert_int_equal(recorded(t), 0);
}

/* Nothing of what is refused is done. */
static void
what_is_refused_does_not_count(void **state)
{
    struct stand *t = *state;
    struct plan_statement statements[] = {reading, granting};
    struct plan plan = {.statements = statements, .statement_count = 2};
    struct exchange_request request = {.step = STEP_QUERY, .is_refused = true};

    (void)recorded(t);
    assert_int_equal(administration_ask(&t->session, &request, &plan), 0);
    assert_int_equal(t->shared.acted, 0);
    request.is_refused = false;
    assert_int_equal(administration_ask(&t->session, &request, &plan), 0);
    assert_int_equal(t->shared.acted, now);
    assert_true(recorded(t) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_counts_when_it_is_sent_and_again_when_it_is_over, start,
                                        stop),
        cmocka_unit_test_setup_teardown(what_is_refused_does_not_count, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
