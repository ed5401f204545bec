/* SPDX-License-Identifier: Apache-2.0 */
/* Of each session that went past pasu one is told: by its name where it is seen, else as one that
 * nobody has seen; never is one taken for another. */
#include "census_stage.h"

/* A gateway whose bypasses are alerts, and what the keeper hears of it. */
struct scene {
    struct stage stage;
    struct config config;
    struct settings settings;
    struct channel keeper;
    uint64_t nameless, named; /* that were told since it was last asked */
};

static void
begin_scene(struct scene *scene)
{
    static const struct channel_rule rules[] = {
        {MESSAGE_CENSUS, sizeof(struct message_census), false},
        {MESSAGE_BYPASS, sizeof(struct message_bypass), false},
        {MESSAGE_ALERT, sizeof(struct message_alert), false},
    };
    int ends[2];

    *scene = (struct scene){.config = {.bypass = {.verdict = VERDICT_ALERT}}};
    scene->settings.config = &scene->config;
    begin(&scene->stage);
    scene->stage.room.settings = &scene->settings;
    assert_int_equal(channel_pair(ends), 0);
    keeper_link_replace(&scene->stage.shared->keeper, ends[0]);
    channel_init(&scene->keeper, ends[1], rules, COUNT_OF(rules));
}

static void
end_scene(struct scene *scene)
{
    memory_free(scene->stage.one->answer.backends);
    scene->stage.one->answer.backends = NULL;
    end(&scene->stage);
    channel_close(&scene->keeper);
}

/* A census, so long after the last one: the server has counted so many sessions. */
static void
census(struct scene *scene, int64_t seconds, uint64_t sessions, enum census_when when)
{
    struct census_server *server = scene->stage.one;
    struct channel_message message;

    answer(server, "shop", sessions);
    later(seconds);
    through_look(&scene->stage.through);
    census_server_lead(&scene->stage.room);
    server->answer.asked = now;
    if (server->answer.backend_count > 0)
        server->answer.backends[0].age = now - server->answer.backends[0].who.began;
    census_tell(&scene->stage.room, server, when);
    while (channel_receive(&scene->keeper, &message) == 0) {
        const struct message_bypass *who = (const void *)message.body;
        const struct message_alert *alert = (const void *)message.body;

        if (message.type == MESSAGE_BYPASS && !who->is_over)
            scene->named++;
        if (message.type == MESSAGE_ALERT)
            scene->nameless += alert->count;
    }
}

/* From the next census on the server shows it; it begins so many seconds from now. */
static void
show(struct scene *scene, int64_t seconds)
{
    struct census_answer *told = &scene->stage.one->answer;

    if (!told->backends)
        told->backends = memory_new(1, sizeof(told->backends[0]));
    assert_non_null(told->backends);
    told->backend_count = 1;
    told->backends[0].who.pid = PID;
    told->backends[0].who.began = now + seconds * NANOSECONDS_PER_SECOND;
    snprintf(told->backends[0].who.database, NAME_SIZE, "shop");
}

static void
are_told(struct scene *scene, uint64_t nameless, uint64_t named)
{
    assert_int_equal(scene->nameless, nameless);
    assert_int_equal(scene->named, named);
    scene->nameless = scene->named = 0;
}

/* Something comes through pasu, so that the database is looked after. */
static void
begin_counting(struct scene *scene, bool may_see)
{
    begin_scene(scene);
    scene->stage.one->answer.may_see = may_see;
    census(scene, 2, 100, CENSUS_IN_TURN);
    come_through(&scene->stage, "one", "shop", 1);
    census(scene, 2, 101, CENSUS_IN_TURN);
    are_told(scene, 0, 0);
}

/* One that nobody sees is told a while after it was counted, and the next one as well. */
static void
one_that_nobody_sees_is_told(void **state PASU_UNUSED)
{
    struct scene scene;

    begin_counting(&scene, true);
    for (uint64_t sessions = 102; sessions < 105; sessions++) {
        census(&scene, 2, sessions, CENSUS_IN_TURN);
        are_told(&scene, 0, 0);
        census(&scene, 1, sessions, CENSUS_IN_TURN);
        census(&scene, 1, sessions, CENSUS_IN_TURN);
        are_told(&scene, 1, 0);
    }
    end_scene(&scene);
}

/* It was counted, and told as one that nobody has seen, before anybody could say whose it is: the
 * next one that nobody sees is told all the same. */
static void
one_that_is_seen_after_it_was_told_counts_once(void **state PASU_UNUSED)
{
    struct scene scene;

    begin_counting(&scene, false);
    show(&scene, 1);
    scene.stage.one->answer.may_see = false;
    census(&scene, 2, 102, CENSUS_IN_TURN);
    are_told(&scene, 1, 0);
    scene.stage.one->answer.may_see = true;
    census(&scene, 20, 102, CENSUS_IN_TURN);
    are_told(&scene, 0, 1);
    census(&scene, 2, 103, CENSUS_IN_TURN);
    census(&scene, 2, 103, CENSUS_IN_TURN);
    are_told(&scene, 1, 0);
    end_scene(&scene);
}

/* The server's count lags behind while another session is on its way: who has begun since the alert
 * is none that it has told of. */
static void
one_that_came_after_the_alert_is_another(void **state PASU_UNUSED)
{
    struct through_session *session;
    struct scene scene;

    begin_counting(&scene, true);
    census(&scene, 2, 102, CENSUS_IN_TURN);
    census(&scene, 2, 102, CENSUS_IN_TURN);
    are_told(&scene, 1, 0);
    show(&scene, 1);
    later(5);
    session = through_begin(&scene.stage.through, "one", "shop", true);
    assert_non_null(session);
    census(&scene, 1, 103, CENSUS_IN_TURN);
    is_past(scene.stage.one, 1, 2);
    are_told(&scene, 0, 1);
    through_end(session, true);
    census(&scene, 2, 103, CENSUS_IN_TURN);
    census(&scene, 2, 103, CENSUS_IN_TURN);
    is_past(scene.stage.one, 2, 2);
    are_told(&scene, 0, 0);
    end_scene(&scene);
}

/* It is named, and is in no count: that has begun later. */
static void
one_that_was_there_before_stands_for_no_other(void **state PASU_UNUSED)
{
    struct scene scene;

    begin_scene(&scene);
    show(&scene, -60);
    scene.stage.one->answer.may_see = true;
    census(&scene, 2, 100, CENSUS_IN_TURN);
    come_through(&scene.stage, "one", "shop", 1);
    census(&scene, 2, 101, CENSUS_IN_TURN);
    are_told(&scene, 0, 1);
    census(&scene, 2, 102, CENSUS_IN_TURN);
    census(&scene, 2, 102, CENSUS_IN_TURN);
    are_told(&scene, 1, 0);
    end_scene(&scene);
}

/* What the gate before has counted it has told of; what still stands of it is named anew. */
static void
one_that_outlives_the_gate_stands_for_no_other(void **state PASU_UNUSED)
{
    struct message_census past = {.sessions = 101,
                                  .base = 100,
                                  .is_final = 1,
                                  .at_least = 1,
                                  .at_most = 1,
                                  .gateway = "one",
                                  .database = "shop",
                                  .database_oid = 5,
                                  .system = 7};
    struct scene scene;

    begin_scene(&scene);
    past.since = now - 60 * NANOSECONDS_PER_SECOND;
    past.at = now - NANOSECONDS_PER_SECOND;
    through_remember(&scene.stage.through, &past);
    show(&scene, -30);
    scene.stage.one->answer.may_see = true;
    census(&scene, 2, 101, CENSUS_IN_TURN);
    are_told(&scene, 0, 1);
    census(&scene, 2, 102, CENSUS_IN_TURN);
    census(&scene, 2, 102, CENSUS_IN_TURN);
    are_told(&scene, 1, 0);
    end_scene(&scene);
}

/* No other census comes: what it counts is told at once. */
static void
the_last_census_tells_of_all(void **state PASU_UNUSED)
{
    struct scene scene;

    begin_counting(&scene, true);
    census(&scene, 2, 102, CENSUS_LAST);
    are_told(&scene, 1, 0);
    end_scene(&scene);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_nobody_sees_is_told),
        cmocka_unit_test(one_that_is_seen_after_it_was_told_counts_once),
        cmocka_unit_test(one_that_came_after_the_alert_is_another),
        cmocka_unit_test(one_that_was_there_before_stands_for_no_other),
        cmocka_unit_test(one_that_outlives_the_gate_stands_for_no_other),
        cmocka_unit_test(the_last_census_tells_of_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
