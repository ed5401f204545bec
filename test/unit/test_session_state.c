/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/session_state.h"
#include "unit.h"

static bool
is_client_event(enum session_event e)
{
    return e <= EVENT_CLIENT_EOF;
}

static bool
is_server_event(enum session_event e)
{
    return e >= EVENT_SERVER_TLS_YES && e <= EVENT_SERVER_EOF;
}

static void
every_pair_has_a_next_state_and_an_action_in_range(void **state PASU_UNUSED)
{
    for (int s = 0; s < SESSION_STATE_COUNT; s++)
        for (int e = 0; e < SESSION_EVENT_COUNT; e++) {
            struct session_step step = session_step((enum session_state)s, (enum session_event)e);

            assert_in_range(step.next, 0, SESSION_STATE_COUNT - 1);
            assert_in_range(step.action, 0, SESSION_ACTION_COUNT - 1);
        }
}

static void
every_pair_is_as_it_is_written_down(void **state PASU_UNUSED)
{
    static const char actions[] = "!=>xCFHgtskKnqTpcvo1234MAhY";
    static const char states[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcde";
    static const struct {
        enum session_event event;
        const char *name, *actions, *next;
    } pairs[] = {
#define PAIR(event, actions, next) {EVENT_##event, #event, actions, next},
#include "session_pairs.def"
#undef PAIR
    };
    bool is_seen[SESSION_EVENT_COUNT] = {0};

    assert_int_equal(strlen(actions), SESSION_ACTION_COUNT);
    assert_int_equal(strlen(states), SESSION_STATE_COUNT);
    assert_int_equal(COUNT_OF(pairs), SESSION_EVENT_COUNT);
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        assert_int_equal(strlen(pairs[i].actions), SESSION_STATE_COUNT);
        assert_int_equal(strlen(pairs[i].next), SESSION_STATE_COUNT);
        assert_false(is_seen[pairs[i].event]);
        is_seen[pairs[i].event] = true;
        for (int s = 0; s < SESSION_STATE_COUNT; s++) {
            struct session_step step = session_step((enum session_state)s, pairs[i].event);
            char next = step.action == ACTION_VIOLATION ? '!' : states[step.next];

            if (actions[step.action] != pairs[i].actions[s] || next != pairs[i].next[s])
                fail_msg("%s in %s: %c to %c, not %c to %c", pairs[i].name,
                         session_state_name((enum session_state)s), actions[step.action], next,
                         pairs[i].actions[s], pairs[i].next[s]);
        }
    }
}

static void
junk_is_a_violation_in_every_state(void **state PASU_UNUSED)
{
    for (int s = 0; s < SESSION_STATE_COUNT; s++) {
        assert_int_equal(session_step((enum session_state)s, EVENT_CLIENT_JUNK).action,
                         ACTION_VIOLATION);
        assert_int_equal(session_step((enum session_state)s, EVENT_SERVER_JUNK).action,
                         ACTION_VIOLATION);
    }
}

static void
nothing_leads_to_a_standing_session_but_the_keepers_word(void **state PASU_UNUSED)
{
    for (int s = 0; s < SESSION_STATE_COUNT; s++)
        for (int e = 0; e < SESSION_EVENT_COUNT; e++) {
            struct session_step step = session_step((enum session_state)s, (enum session_event)e);
            bool stood = s == SESSION_STARTING || session_state_is_relay((enum session_state)s);

            if (step.action == ACTION_VIOLATION || stood)
                continue;
            if (step.next == SESSION_STARTING)
                assert_int_equal(e, EVENT_GATE_RECORDED);
            assert_false(session_state_is_relay(step.next));
        }
}

static void
the_client_alone_cannot_be_authenticated(void **state PASU_UNUSED)
{
    /* From every early state, no event of the client's leads to RECORDING or beyond. */
    for (int s = 0; s < SESSION_STATE_COUNT; s++)
        for (int e = 0; e < SESSION_EVENT_COUNT; e++) {
            struct session_step step = session_step((enum session_state)s, (enum session_event)e);

            if (!session_state_is_early((enum session_state)s) ||
                !is_client_event((enum session_event)e) || step.action == ACTION_VIOLATION)
                continue;
            assert_int_not_equal(step.next, SESSION_RECORDING);
            assert_int_not_equal(step.next, SESSION_STARTING);
        }
}

static void
authentication_is_accepted_from_the_server_only_where_it_was_due(void **state PASU_UNUSED)
{
    for (int s = 0; s < SESSION_STATE_COUNT; s++) {
        struct session_step step = session_step((enum session_state)s, EVENT_SERVER_AUTH_OK);
        bool is_due =
            s == SESSION_AUTH || s == SESSION_AUTH_ANSWERED || s == SESSION_SCRAM_SERVER_OK;

        assert_int_equal(step.action, is_due ? ACTION_RECORD : ACTION_VIOLATION);
    }
}

static void
a_fault_ends_every_state(void **state PASU_UNUSED)
{
    for (int s = 0; s < SESSION_STATE_COUNT; s++) {
        struct session_step step = session_step((enum session_state)s, EVENT_GATE_FAIL);

        assert_int_not_equal(step.action, ACTION_VIOLATION);
        assert_true(step.next == SESSION_CLOSING || step.next == SESSION_CLOSED);
    }
}

static void
only_messages_that_are_carried_stay_within_the_relay(void **state PASU_UNUSED)
{
    for (int s = SESSION_IDLE; s <= SESSION_COPY_BOTH; s++)
        for (int e = 0; e < SESSION_EVENT_COUNT; e++) {
            struct session_step step = session_step((enum session_state)s, (enum session_event)e);
            bool is_message =
                is_client_event((enum session_event)e) || is_server_event((enum session_event)e);

            if (step.action == ACTION_FORWARD)
                assert_true(is_message && session_state_is_relay(step.next));
            else if (step.action != ACTION_VIOLATION)
                assert_false(session_state_is_relay(step.next));
        }
}

static void
rows_are_a_violation_while_nothing_was_asked(void **state PASU_UNUSED)
{
    assert_int_equal(session_step(SESSION_IDLE, EVENT_SERVER_DATA_ROW).action, ACTION_VIOLATION);
    assert_int_equal(session_step(SESSION_IDLE, EVENT_SERVER_COPY_DATA).action, ACTION_VIOLATION);
    assert_int_equal(session_step(SESSION_BUSY, EVENT_SERVER_DATA_ROW).action, ACTION_FORWARD);
}

static void
every_byte_is_a_message_or_junk(void **state PASU_UNUSED)
{
    size_t client = 0, server = 0;

    for (int b = 0; b < 256; b++) {
        client += session_client_event[b] != EVENT_CLIENT_JUNK;
        server += session_server_event[b] != EVENT_SERVER_JUNK;
    }
    assert_int_equal(client, 14);
    assert_int_equal(server, 24);
    assert_int_equal(session_client_event['Q'], EVENT_CLIENT_QUERY);
    assert_int_equal(session_server_event['D'], EVENT_SERVER_DATA_ROW);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_has_a_next_state_and_an_action_in_range),
        cmocka_unit_test(every_pair_is_as_it_is_written_down),
        cmocka_unit_test(junk_is_a_violation_in_every_state),
        cmocka_unit_test(nothing_leads_to_a_standing_session_but_the_keepers_word),
        cmocka_unit_test(the_client_alone_cannot_be_authenticated),
        cmocka_unit_test(authentication_is_accepted_from_the_server_only_where_it_was_due),
        cmocka_unit_test(a_fault_ends_every_state),
        cmocka_unit_test(only_messages_that_are_carried_stay_within_the_relay),
        cmocka_unit_test(rows_are_a_violation_while_nothing_was_asked),
        cmocka_unit_test(every_byte_is_a_message_or_junk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
