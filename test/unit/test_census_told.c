/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of sessions that servers show, however many there are. */
#include "census_stage.h"
#include "gate/bypass.h"

#include <fcntl.h>
#include <unistd.h>

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

/* It is one that is known to have come through pasu, whatever has been in sight since. */
static void
what_a_gate_that_died_has_left_is_never_certain(void **state PASU_UNUSED)
{
    struct stage stage;

    begin(&stage);
    remember_process(&stage, "one", now - NANOSECONDS_PER_SECOND);
    show_backend(&stage, 21);
    stage.one->seeing = stage.one->seen = 1;
    take(&stage);
    assert_int_equal(stage.one->backend_count, 1);
    assert_false(stage.one->backends[0].is_certain);
    end(&stage);
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

/* How old in ms the one backend must be that it is told, and then is certain or not; it began that
 * long after what is on its way to its server through pasu. */
static bool
is_told(struct stage *stage, int64_t milliseconds, int64_t after, bool *is_certain)
{
    struct through_session *session;
    bool is;

    begin(stage);
    session = through_begin(&stage->through, "one", "shop", true);
    assert_non_null(session);
    show_backend(stage, 0);
    stage->one->answer.backends[0].age = milliseconds * NANOSECONDS_PER_MILLISECOND;
    stage->one->seeing = stage->one->seen = 1;
    now += after * NANOSECONDS_PER_MILLISECOND + stage->one->answer.backends[0].age;
    stage->one->answer.asked = now;
    stage->one->leader = stage->one;
    census_tell(&stage->room, stage->one, CENSUS_IN_TURN);
    is = stage->one->backend_count == 1;
    *is_certain = is && stage->one->backends[0].is_certain;
    through_end(session, true);
    end(stage);
    return is;
}

/* What is on its way can be this backend, unless that was there before: clocks are a tenth of a
 * second apart at most. What can be a session of pasu's is looked at for longer. */
static void
what_can_be_a_session_on_its_way_is_not_certain(void **state PASU_UNUSED)
{
    bool is_certain;
    struct stage stage;

    assert_false(is_told(&stage, 999, -200, &is_certain));
    assert_true(is_told(&stage, 1000, -200, &is_certain));
    assert_true(is_certain);
    assert_false(is_told(&stage, 9999, -100, &is_certain));
    assert_true(is_told(&stage, 10000, -100, &is_certain));
    assert_false(is_certain);
    assert_true(is_told(&stage, 10000, 5000, &is_certain));
    assert_false(is_certain);
}

/* How often the log says that a backend was to be ended: here none can be, nobody is connected. */
static int
ends_tried(enum config_verdict verdict, bool is_certain, enum bypass_sort sort)
{
    struct config config = {.bypass = {.verdict = verdict}};
    struct config_gateway gateways[] = {{.name = "one"}};
    struct settings *settings = memory_new(1, sizeof(*settings) + sizeof(settings->gateways[0]));
    struct message_bypass who = {.pid = PID, .is_certain = is_certain};
    char text[4096];
    struct stage stage;
    ssize_t length;
    int pipes[2], count = 0;

    assert_non_null(settings);
    settings->config = &config;
    settings->gateway_count = 1;
    settings->gateways[0].config = &gateways[0];
    begin(&stage);
    stage.room.settings = settings;
    assert_int_equal(pipe2(pipes, O_NONBLOCK | O_CLOEXEC), 0);
    stage.shared->log.fd = pipes[1];
    stage.shared->log.level = LOG_DEBUG;
    stage.shared->log.process = "gate";
    stage.one->inspector.peer.fd = -1;
    bypass_act(&stage.room, stage.one, sort, true, &who);
    assert_int_equal(who.verdict, sort == BYPASS_LEFT ? VERDICT_OF_ALLOW : VERDICT_OF_ALERT);
    length = read(pipes[0], text, sizeof(text) - 1);
    text[length > 0 ? length : 0] = '\0';
    for (const char *at = text; (at = strstr(at, "bypass_kept")) != NULL; at++)
        count++;
    close(pipes[0]);
    close(pipes[1]);
    end(&stage);
    memory_free(settings);
    return count;
}

static void
only_what_is_certain_is_ended(void **state PASU_UNUSED)
{
    assert_int_equal(ends_tried(VERDICT_BLOCK, true, BYPASS_PAST), 1);
    assert_int_equal(ends_tried(VERDICT_BLOCK, false, BYPASS_PAST), 0);
    assert_int_equal(ends_tried(VERDICT_ALERT, true, BYPASS_PAST), 0);
    /* a gate that died left it */
    assert_int_equal(ends_tried(VERDICT_BLOCK, false, BYPASS_LEFT), 1);
    assert_int_equal(ends_tried(VERDICT_BLOCK, false, BYPASS_LEFT_USED), 1);
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
        cmocka_unit_test(
            what_a_gate_that_died_has_left_is_recorded_and_who_goes_on_in_it_is_an_alert),
        cmocka_unit_test(what_a_gate_that_died_has_left_is_never_certain),
        cmocka_unit_test(what_is_not_shown_at_first_is_not_gone_on_with),
        cmocka_unit_test(backends_without_end_are_told_so_many_times_an_hour),
        cmocka_unit_test(a_backend_with_the_number_of_another_servers_is_told),
        cmocka_unit_test(only_what_began_in_sight_is_certain),
        cmocka_unit_test(what_can_be_a_session_on_its_way_is_not_certain),
        cmocka_unit_test(only_what_is_certain_is_ended),
        cmocka_unit_test(a_session_that_has_ended_is_ours_however_late_it_is_told),
        cmocka_unit_test(names_of_databases_without_end_are_forgotten),
        cmocka_unit_test(the_last_round_goes_on_for_half_a_second),
        cmocka_unit_test(what_a_silent_server_may_still_show_is_kept_for_an_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
