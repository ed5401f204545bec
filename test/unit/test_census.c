/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of servers' answers, whichever of them there are: nobody is said to have gone past
 * pasu who has not. */
#include "census_stage.h"

/* The first count may have it, or not yet. Where there is no other moment for some seconds, it is
 * begun with all the same. */
static void
nothing_is_counted_from_a_moment_that_has_a_session_on_its_way(void **state PASU_UNUSED)
{
    struct stage stage;
    struct through_session *session = begin_with_one_on_its_way(&stage);

    stage.room.started = now + 18 * NANOSECONDS_PER_SECOND;
    take(&stage);
    assert_false(stage.one->databases[0].reconcile.is_begun);
    assert_true(stage.room.is_early);
    through_process(session, ++stage.pid);
    through_ready(session);
    stage.room.is_early = false;
    stage.room.started = now + 18 * NANOSECONDS_PER_SECOND;
    answer(stage.one, "shop", 101);
    take(&stage);
    assert_false(stage.room.is_early);
    through_end(session, false);
    come_through(&stage, "one", "shop", 2);
    answer(stage.one, "shop", 103);
    take(&stage);
    is_past(stage.one, 0, 0);
    end(&stage);

    session = begin_with_one_on_its_way(&stage);
    stage.room.started = now;
    take(&stage);
    assert_true(stage.one->databases[0].reconcile.is_begun && !stage.room.is_early);
    through_end(session, true);
    end(&stage);
}

static void
a_gateway_that_leads_to_another_server_leaves_no_sessions_behind(void **state PASU_UNUSED)
{
    struct stage stage;

    begin_with_both(&stage);
    stage.two->answer.system = 8;
    answer(stage.two, "shop", 40);
    take(&stage);
    is_past(stage.one, 0, 0);
    is_past(stage.two, 0, 0);
    come_through(&stage, "two", "shop", 2);
    answer(stage.one, "shop", 109);
    answer(stage.two, "shop", 42);
    take(&stage);
    is_past(stage.one, 1, 1);
    is_past(stage.two, 0, 0);
    end(&stage);
}

static void
a_server_that_was_started_anew_is_the_same_for_who_has_not_asked_it_yet(void **state PASU_UNUSED)
{
    struct stage stage;

    begin_with_both(&stage);
    stage.one->answer.started = 2;
    stage.two->is_answered = false;
    come_through(&stage, "two", "shop", 1);
    answer(stage.one, "shop", 109);
    take(&stage);
    is_past(stage.one, 0, 0);
    stage.two->is_answered = true;
    stage.two->answer.started = 2;
    answer(stage.one, "shop", 110);
    take(&stage);
    is_past(stage.one, 1, 1);
    assert_int_equal(stage.room.moves, 0);
    end(&stage);
}

/* The first one asks nobody for some time: the other does not begin anew for that. */
static void
who_is_not_answered_leads_on(void **state PASU_UNUSED)
{
    struct stage stage;

    begin_with_both(&stage);
    stage.one->is_answered = false;
    stage.two->answer.started = 2;
    take(&stage);
    assert_ptr_equal(stage.two->leader, stage.one);
    assert_int_equal(stage.room.moves, 0);
    end(&stage);
}

static void
what_may_have_gone_to_this_server_is_not_past_it(void **state PASU_UNUSED)
{
    struct stage stage;

    begin(&stage);
    stage.two->answer.system = 8;
    answer(stage.one, "shop", 100);
    answer(stage.two, "shop", 100);
    take(&stage);
    stage.two->is_answered = false;
    come_through(&stage, "two", "shop", 4);
    come_through(&stage, "one", "shop", 1);
    answer(stage.one, "shop", 105);
    take(&stage);
    is_past(stage.one, 0, 4);
    end(&stage);
}

static void
where_a_gateway_is_gone_another_one_asks(void **state PASU_UNUSED)
{
    struct config_gateway config = {.name = "two"};
    struct settings *settings = memory_new(1, sizeof(*settings) + sizeof(settings->gateways[0]));
    struct stage stage;

    assert_non_null(settings);
    settings->gateway_count = 1;
    settings->gateways[0].config = &config;
    begin_with_both(&stage);
    stage.one->answer.may_see = true;
    stage.one->is_answered = false;
    census_server_keep(&stage.room, settings);
    memory_free(settings);
    assert_true(stage.one->is_gone && !stage.two->is_gone);
    assert_false(stage.one->answer.may_see);
    answer(stage.two, "shop", 108);
    take(&stage);
    is_past(stage.two, 0, 0);
    answer(stage.two, "shop", 110);
    take(&stage);
    is_past(stage.two, 2, 2);
    come_through(&stage, "one", "shop", 1); /* it began before that */
    answer(stage.two, "shop", 111);
    take(&stage);
    is_past(stage.two, 2, 2);
    end(&stage);
}

static void
a_database_that_had_another_name_meanwhile_begins_anew(void **state PASU_UNUSED)
{
    struct stage stage;

    begin_with_both(&stage);
    answer(stage.one, "away", 0);
    take(&stage);
    come_through(&stage, "one", "away", 6);
    answer(stage.one, "shop", 114);
    take(&stage);
    is_past(stage.one, 0, 0);
    answer(stage.one, "shop", 115);
    take(&stage);
    is_past(stage.one, 1, 1);
    end(&stage);
}

/* Its sessions may still be counted when the next gate begins. */
static void
after_a_gate_that_died_it_begins_some_seconds_later(void **state PASU_UNUSED)
{
    const struct message_census past = {
        .sessions = 90, .gateway = "one", .database = "shop", .system = 7};
    struct stage stage;

    begin(&stage);
    through_remember(&stage.through, &past);
    answer(stage.one, "shop", 100);
    stage.room.started = now + 16 * NANOSECONDS_PER_SECOND;
    take(&stage);
    assert_false(stage.one->databases[0].reconcile.is_begun);
    answer(stage.one, "shop", 102);
    take(&stage);
    is_past(stage.one, 0, 0);
    assert_int_equal(stage.one->databases[0].reconcile.base, 102);
    assert_int_equal(stage.shared->keeper.waiting_count, 2); /* what is not known, and this one */
    end(&stage);
}

/* Also where that had told nothing of the database yet. What the server counts within the time that
 * a login can take is open; what it counts later went past pasu. */
static void
logins_of_a_gate_that_died_are_not_past_pasu(void **state PASU_UNUSED)
{
    struct stage stage;

    begin(&stage);
    remember_process(&stage, "one", now);
    answer(stage.one, "shop", 100);
    stage.room.started = now + 16 * NANOSECONDS_PER_SECOND;
    take(&stage);
    assert_false(stage.one->databases[0].reconcile.is_begun);
    come_through(&stage, "one", "shop", 1);
    answer(stage.one, "shop", 102);
    take(&stage);
    is_past(stage.one, 0, 0);
    come_through(&stage, "one", "shop", 1);
    answer(stage.one, "shop", 109);
    take(&stage);
    is_past(stage.one, 0, 6);
    take(&stage);
    answer(stage.one, "shop", 112);
    take(&stage);
    is_past(stage.one, 3, 9);
    end(&stage);
}

static void
after_a_gate_that_ended_in_order_each_one_counts_at_once(void **state PASU_UNUSED)
{
    const struct message_census past = {.sessions = 90,
                                        .base = 90,
                                        .is_final = 1,
                                        .gateway = "one",
                                        .database = "shop",
                                        .database_oid = 5,
                                        .system = 7};
    struct stage stage;

    begin(&stage);
    remember_process(&stage, "one", now);
    through_remember(&stage.through, &past);
    stage.room.started = now + 20 * NANOSECONDS_PER_SECOND;
    answer(stage.one, "shop", 91);
    take(&stage);
    is_past(stage.one, 1, 1);
    end(&stage);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_counted_from_a_moment_that_has_a_session_on_its_way),
        cmocka_unit_test(a_gateway_that_leads_to_another_server_leaves_no_sessions_behind),
        cmocka_unit_test(a_server_that_was_started_anew_is_the_same_for_who_has_not_asked_it_yet),
        cmocka_unit_test(who_is_not_answered_leads_on),
        cmocka_unit_test(what_may_have_gone_to_this_server_is_not_past_it),
        cmocka_unit_test(where_a_gateway_is_gone_another_one_asks),
        cmocka_unit_test(a_database_that_had_another_name_meanwhile_begins_anew),
        cmocka_unit_test(after_a_gate_that_died_it_begins_some_seconds_later),
        cmocka_unit_test(logins_of_a_gate_that_died_are_not_past_pasu),
        cmocka_unit_test(after_a_gate_that_ended_in_order_each_one_counts_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
