/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of servers' answers, whichever of them there are: nobody is said to have gone past
 * pasu who has not. */
#include "base/memory.h"
#include "clock.h"
#include "gate/census_server.h"
#include "unit.h"

#include <stdatomic.h>

enum { BACKENDS = 1500, TOLD_MAX = 1000, GATEWAYS = 12, PID = 4711, AGE = 15 };

/* Two gateways; what they are asked the test answers. */
struct stage {
    struct os os;
    struct gate_shared *shared;
    struct through through;
    struct census_room room;
    struct census_server *one, *two;
    uint32_t pid;
};

static struct census_server *
add_server(struct stage *stage, const char *gateway)
{
    struct census_server *server = census_server_get(&stage->room, gateway);

    assert_non_null(server);
    server->is_known = server->is_answered = true;
    server->answer.system = 7;
    server->answer.started = 1;
    server->answer.version = 150000;
    server->answer.counts = memory_new(1, sizeof(server->answer.counts[0]));
    assert_non_null(server->answer.counts);
    return server;
}

static void
begin(struct stage *stage)
{
    static struct config config; /* bypasses are only recorded */
    static struct settings settings = {.config = &config};

    now = 1000 * NANOSECONDS_PER_SECOND;
    *stage = (struct stage){.os = os_real, .shared = memory_new(1, sizeof(*stage->shared))};
    assert_non_null(stage->shared);
    stage->os.realtime = stage->os.monotonic = clock_read;
    through_init(&stage->through, &stage->os);
    stage->shared->os = &stage->os;
    stage->shared->log = (struct log){.fd = -1, .level = LOG_ERROR + 1, .os = &stage->os};
    stage->shared->through = &stage->through;
    keeper_link_init(&stage->shared->keeper, &stage->os, -1);
    stage->room =
        (struct census_room){.shared = stage->shared, .settings = &settings, .started = now};
    list_init(&stage->room.servers);
    stage->one = add_server(stage, "one");
    stage->two = add_server(stage, "two");
}

static void
end(struct stage *stage)
{
    list_each_safe (at, &stage->room.servers)
        census_server_free(LIST_ENTRY(at, struct census_server, link));
    through_release(&stage->through);
    keeper_link_release(&stage->shared->keeper);
    memory_free(stage->shared);
}

static void
come_through(struct stage *stage, const char *gateway, const char *database, int count)
{
    for (int n = 0; n < count; n++) {
        struct through_session *session = through_begin(&stage->through, gateway, database, true);

        assert_non_null(session);
        through_process(session, ++stage->pid);
        through_ready(session);
        through_end(session, false);
    }
}

static void
answer(struct census_server *server, const char *database, uint64_t sessions)
{
    server->answer.count = sessions > 0;
    server->answer.counts[0] = (struct census_count){.oid = 5, .sessions = sessions};
    snprintf(server->answer.counts[0].database, NAME_SIZE, "%s", database);
}

/* As in a round; each time long after the one before. */
static void
take(struct stage *stage)
{
    later(20);
    through_look(&stage->through);
    census_server_lead(&stage->room);
    list_each (at, &stage->room.servers) {
        struct census_server *server = LIST_ENTRY(at, struct census_server, link);

        server->answer.asked = now;
        if (server->is_answered && server->leader == server)
            census_tell(&stage->room, server, CENSUS_IN_TURN);
    }
}

static void
is_past(const struct census_server *server, uint64_t at_least, uint64_t at_most)
{
    assert_true(server->database_count > 0);
    assert_true(server->databases[0].reconcile.is_begun);
    assert_int_equal(server->databases[0].reconcile.at_least, at_least);
    assert_int_equal(server->databases[0].reconcile.at_most, at_most);
}

/* Two gateways to one server, that has counted what came through them. */
static void
begin_with_both(struct stage *stage)
{
    begin(stage);
    answer(stage->one, "shop", 100);
    answer(stage->two, "shop", 100);
    take(stage);
    come_through(stage, "one", "shop", 3);
    come_through(stage, "two", "shop", 5);
    answer(stage->one, "shop", 108);
    take(stage);
    is_past(stage->one, 0, 0);
    assert_ptr_equal(stage->two->leader, stage->one);
    assert_int_equal(stage->two->database_count, 0);
}

static struct through_session *
begin_with_one_on_its_way(struct stage *stage)
{
    begin(stage);
    stage->one->answer.version = 150000;
    answer(stage->one, "shop", 100);
    return through_begin(&stage->through, "one", "shop", true);
}

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

static void
remember_process(struct stage *stage, const char *gateway, int64_t at)
{
    struct message_backend backend = {.at = at, .session = 1, .pid = PID};

    snprintf(backend.gateway, sizeof(backend.gateway), "%s", gateway);
    through_remember_process(&stage->through, &backend);
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

/* Nobody knows by which name it was come to until now. */
static void
what_is_not_shown_at_first_is_not_gone_on_with(void **state PASU_UNUSED)
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
    through_remember(&stage.through, &past);
    answer(stage.one, "shop", 100);
    take(&stage);
    is_past(stage.one, 10, 10);
    end(&stage);
    begin(&stage);
    through_remember(&stage.through, &past);
    answer(stage.one, "away", 0);
    take(&stage);
    answer(stage.one, "shop", 100);
    take(&stage);
    is_past(stage.one, 0, 0);
    end(&stage);
}

static void
backends_without_end_are_told_so_many_times_an_hour(void **state PASU_UNUSED)
{
    struct census_answer *told;
    struct stage stage;

    begin(&stage);
    told = &stage.one->answer;
    told->backends = memory_new(BACKENDS, sizeof(told->backends[0]));
    assert_non_null(told->backends);
    told->may_see = true;
    for (told->backend_count = 0; told->backend_count < BACKENDS; told->backend_count++) {
        struct census_backend *backend = &told->backends[told->backend_count];

        backend->age = 15 * NANOSECONDS_PER_SECOND;
        backend->who.pid = (uint32_t)(1 + told->backend_count);
    }
    take(&stage);
    assert_int_equal(stage.one->backend_count, TOLD_MAX);
    assert_int_equal(stage.shared->keeper.waiting_count, TOLD_MAX);
    take(&stage);
    assert_int_equal(stage.one->backend_count, TOLD_MAX);
    later(3600);
    take(&stage);
    assert_int_equal(stage.one->backend_count, BACKENDS);
    end(&stage);
}

/* One backend of `one`, that old when it is asked. */
static void
show_backend(struct stage *stage, int64_t seconds)
{
    struct census_answer *told = &stage->one->answer;

    if (!told->backends)
        told->backends = memory_new(1, sizeof(told->backends[0]));
    assert_non_null(told->backends);
    told->may_see = true;
    told->backend_count = 1;
    told->backends[0].age = seconds * NANOSECONDS_PER_SECOND;
    told->backends[0].who.pid = PID;
}

/* The verdict of the one backend that was told; VERDICT_OF_MASK: none was. */
static enum verdict
verdict_of_left(const char *gateway, int64_t age, int64_t statement_age, bool is_idle)
{
    struct config config = {.bypass = {.verdict = VERDICT_ALERT}};
    struct config_gateway gateways[] = {{.name = "one"}};
    struct settings *settings = memory_new(1, sizeof(*settings) + sizeof(settings->gateways[0]));
    enum verdict found = VERDICT_OF_MASK;
    struct stage stage;

    assert_non_null(settings);
    settings->config = &config;
    settings->gateway_count = 1;
    settings->gateways[0].config = &gateways[0];
    begin(&stage);
    stage.room.settings = settings;
    remember_process(&stage, gateway, now - NANOSECONDS_PER_SECOND);
    stage.two->answer.system = 8;
    show_backend(&stage, age);
    stage.one->answer.backends[0].statement_age = statement_age * NANOSECONDS_PER_SECOND;
    stage.one->answer.backends[0].is_idle = is_idle;
    take(&stage);
    if (stage.one->backend_count == 1) {
        found = (enum verdict)stage.one->backends[0].verdict;
        assert_false(stage.one->backends[0].is_certain);
    }
    end(&stage);
    memory_free(settings);
    return found;
}

/* The gate is as old as twenty seconds, the session began a second before it. */
static void
what_a_gate_that_died_has_left_is_recorded_and_who_goes_on_in_it_is_an_alert(
    void **state PASU_UNUSED)
{
    assert_int_equal(verdict_of_left("one", 21, 21, false), VERDICT_OF_ALLOW);
    assert_int_equal(verdict_of_left("one", 21, 16, false), VERDICT_OF_ALLOW);
    assert_int_equal(verdict_of_left("one", 21, 0, false), VERDICT_OF_ALLOW);
    assert_int_equal(verdict_of_left("one", 21, 14, false), VERDICT_OF_ALERT);
    assert_int_equal(verdict_of_left("one", 21, 21, true), VERDICT_OF_ALERT);
    assert_int_equal(verdict_of_left("one", 19, 19, false), VERDICT_OF_ALERT); /* another process */
    assert_int_equal(verdict_of_left("one", 700, 19, false), VERDICT_OF_ALERT);
    assert_int_equal(verdict_of_left("two", 21, 21, false), VERDICT_OF_ALERT); /* another server */
}

/* Where a session of pasu's is with another server, its process says nothing of this one's. */
static void
a_backend_with_the_number_of_another_servers_is_told(void **state PASU_UNUSED)
{
    struct through_session *session;
    struct stage stage;

    begin(&stage);
    stage.two->answer.system = 8;
    session = through_begin(&stage.through, "two", "", false);
    assert_non_null(session);
    through_process(session, PID);
    show_backend(&stage, AGE);
    stage.two->is_answered = false; /* it may be this one */
    take(&stage);
    assert_int_equal(stage.one->backend_count, 0);
    stage.two->is_answered = true;
    take(&stage);
    assert_int_equal(stage.one->backend_count, 1);
    through_end(session, false);
    end(&stage);
}

/* What began before others' sessions could be seen can be one of pasu's that has ended. */
static void
only_what_began_in_sight_is_certain(void **state PASU_UNUSED)
{
    struct stage stage;

    begin(&stage);
    show_backend(&stage, AGE);
    stage.one->answer.may_see = false;
    stage.one->answer.backend_count = 0;
    take(&stage);
    assert_int_equal(stage.one->seeing, 0);
    show_backend(&stage, AGE); /* the right was granted */
    take(&stage);
    assert_int_equal(stage.one->seeing, now);
    assert_int_equal(stage.one->backend_count, 1);
    assert_false(stage.one->backends[0].is_certain);
    stage.one->answer.backends[0].who.began = 1; /* another one */
    take(&stage);
    assert_int_equal(stage.one->backend_count, 1);
    assert_true(stage.one->backends[0].is_certain);
    later(CENSUS_KEPT_FOR / NANOSECONDS_PER_SECOND); /* not asked for so long */
    stage.one->answer.backends[0].who.began = 2;
    take(&stage);
    assert_false(stage.one->backends[0].is_certain);
    stage.one->answer.backends[0].who.began = 3;
    stage.through.forgotten = now + AGE * NANOSECONDS_PER_SECOND;
    take(&stage);
    assert_false(stage.one->backends[0].is_certain);
    stage.one->answer.backends[0].who.began = 4;
    take(&stage);
    assert_true(stage.one->backends[0].is_certain);
    end(&stage);
}

/* Other servers have let it wait: its backends are not younger for that. */
static void
a_session_that_has_ended_is_ours_however_late_it_is_told(void **state PASU_UNUSED)
{
    struct through_session *session;
    struct stage stage;

    begin(&stage);
    show_backend(&stage, AGE);
    session = through_begin(&stage.through, "one", "", false);
    assert_non_null(session);
    through_process(session, PID);
    through_end(session, false);
    stage.one->leader = stage.one;
    stage.one->answer.asked = now + (AGE + 1) * NANOSECONDS_PER_SECOND;
    later(AGE + 9);
    census_tell(&stage.room, stage.one, CENSUS_IN_TURN);
    assert_int_equal(stage.one->backend_count, 0);
    end(&stage);
}

static void
names_of_databases_without_end_are_forgotten(void **state PASU_UNUSED)
{
    struct stage stage;
    char name[NAME_SIZE];

    begin(&stage);
    for (int n = 0; n < 100; n++) {
        snprintf(name, sizeof(name), "made-for-a-test-%d", n);
        answer(stage.one, name, 5);
        take(&stage);
        assert_int_equal(stage.one->database_count, 1);
    }
    come_through(&stage, "one", "shop", 1); /* this one was told of */
    answer(stage.one, "shop", 5);
    take(&stage);
    answer(stage.one, "other", 5);
    take(&stage);
    assert_int_equal(stage.one->database_count, 2);
    end(&stage);
}

/* ---- rounds ---- */

/* Gateways "one", "two" and more; none of them has an inspector. */
static struct settings *
make_settings(void)
{
    static struct config_gateway configs[GATEWAYS] = {{.name = "one"}, {.name = "two"}};
    static char names[GATEWAYS][8];
    struct settings *settings =
        memory_new(1, sizeof(*settings) + GATEWAYS * sizeof(settings->gateways[0]));

    assert_non_null(settings);
    settings->gateway_count = GATEWAYS;
    for (size_t n = 0; n < GATEWAYS; n++) {
        if (n > 1) {
            snprintf(names[n], sizeof(names[n]), "more-%zu", n);
            configs[n].name = names[n];
        }
        settings->gateways[n].config = &configs[n];
    }
    return settings;
}

static void
the_last_round_goes_on_for_half_a_second(void **state PASU_UNUSED)
{
    struct settings *settings = make_settings();
    struct stage stage;

    begin(&stage);
    stage.os.monotonic = clock_go_by; /* once before, once for the sessions, once for each server */
    census_round(&stage.room, settings, CENSUS_LAST);
    assert_int_equal(stage.shared->keeper.waiting_count, 4);
    atomic_store(&stage.room.is_stopping, true); /* one in turn ends at once */
    census_round(&stage.room, settings, CENSUS_IN_TURN);
    assert_int_equal(stage.shared->keeper.waiting_count, 4);
    atomic_store(&stage.room.is_stopping, false);
    census_round(&stage.room, settings, CENSUS_IN_TURN);
    assert_int_equal(stage.shared->keeper.waiting_count, GATEWAYS);
    memory_free(settings);
    end(&stage);
}

static bool
is_kept(struct stage *stage)
{
    for (size_t i = 0; i < COUNT_OF(stage->through.processes); i++)
        if (!list_is_empty(&stage->through.processes[i]))
            return true;
    return false;
}

/* Its address is not known. */
static void
what_a_silent_server_may_still_show_is_kept_for_an_hour(void **state PASU_UNUSED)
{
    struct config_gateway config = {.name = "one"};
    struct settings *settings = make_settings();
    struct stage stage;

    config.inspector.user = "pasu";
    config.inspector.database = "postgres";
    settings->gateway_count = 1;
    settings->gateways[0].config = &config;
    begin(&stage);
    come_through(&stage, "one", "shop", 1);
    stage.one->answer.may_see = true;
    later(3600);
    census_round(&stage.room, settings, CENSUS_IN_TURN);
    assert_false(stage.one->is_answered);
    assert_true(is_kept(&stage));
    later(1);
    census_round(&stage.room, settings, CENSUS_IN_TURN);
    assert_false(is_kept(&stage));
    come_through(&stage, "one", "shop", 1);
    stage.one->answer.may_see = false; /* nobody would see it */
    later(1);
    census_round(&stage.room, settings, CENSUS_IN_TURN);
    assert_false(is_kept(&stage));
    memory_free(settings);
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
        cmocka_unit_test(
            what_a_gate_that_died_has_left_is_recorded_and_who_goes_on_in_it_is_an_alert),
        cmocka_unit_test(what_is_not_shown_at_first_is_not_gone_on_with),
        cmocka_unit_test(backends_without_end_are_told_so_many_times_an_hour),
        cmocka_unit_test(a_backend_with_the_number_of_another_servers_is_told),
        cmocka_unit_test(only_what_began_in_sight_is_certain),
        cmocka_unit_test(a_session_that_has_ended_is_ours_however_late_it_is_told),
        cmocka_unit_test(names_of_databases_without_end_are_forgotten),
        cmocka_unit_test(the_last_round_goes_on_for_half_a_second),
        cmocka_unit_test(what_a_silent_server_may_still_show_is_kept_for_an_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
