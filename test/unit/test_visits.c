/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of pasu's own commands: which sessions of a server are theirs, and which are not. */
#include "census_stage.h"
#include "gate/visit.h"

enum { TOKEN = 0x1234, SECONDS = VISIT_SECONDS };

static struct stage stage;
static struct visits visits;

static void
announce(uint64_t token, uint32_t count)
{
    const struct message_try asked = {.control = TRY_OF_VISIT,
                                      .token = token,
                                      .count = count,
                                      .gateway = "one",
                                      .database = "shop"};

    visits_announce(&visits, &asked, now);
}

static bool
arrive(uint64_t token, uint32_t pid)
{
    const struct message_try asked = {
        .control = TRY_OF_ARRIVAL, .visit = token, .pid = pid, .port = 77};
    struct message_backend told;
    bool is_one = visits_arrive(&visits, &asked, &told);

    if (is_one) {
        assert_int_equal(told.pid, pid);
        assert_int_equal(told.sort, BACKEND_OF_COMMAND);
        assert_int_equal(told.port, 77);
        assert_string_equal(told.gateway, "one");
        assert_string_equal(told.database, "shop");
    }
    return is_one;
}

/* A database that clients come to, of which the server has counted 100 sessions. */
static int
start(void **state PASU_UNUSED)
{
    begin(&stage);
    stage.two->answer.system = 8;
    visits_init(&visits, &stage.through);
    answer(stage.one, "shop", 100);
    take(&stage);
    come_through(&stage, "one", "shop", 1);
    answer(stage.one, "shop", 101);
    take(&stage);
    is_past(stage.one, 0, 0);
    return 0;
}

static int
finish(void **state PASU_UNUSED)
{
    visits_release(&visits);
    end(&stage);
    return 0;
}

static void
who_was_announced_and_has_come_is_no_session_past_pasu(void **state PASU_UNUSED)
{
    announce(TOKEN, 2);
    assert_true(arrive(TOKEN, 901));
    assert_true(arrive(TOKEN, 902));
    assert_false(arrive(TOKEN, 903)); /* no third one */
    answer(stage.one, "shop", 103);
    take(&stage);
    is_past(stage.one, 0, 0);
    answer(stage.one, "shop", 104); /* nobody has told of this one */
    take(&stage);
    is_past(stage.one, 1, 1);
}

static void
who_was_not_announced_is_one(void **state PASU_UNUSED)
{
    assert_false(arrive(TOKEN, 901));
    assert_false(arrive(0, 901));
    announce(TOKEN, 1);
    assert_false(arrive(TOKEN + 1, 901));
    answer(stage.one, "shop", 103);
    take(&stage);
    is_past(stage.one, 1, 2);
    later(SECONDS + 1);
    visits_look(&visits, now);
    assert_false(arrive(TOKEN, 901)); /* too late: whether it came is open for good */
    take(&stage);
    is_past(stage.one, 1, 2);
}

static void
who_has_not_come_after_all_is_not_counted(void **state PASU_UNUSED)
{
    announce(TOKEN, 3);
    assert_true(arrive(TOKEN, 901));
    assert_false(arrive(TOKEN, 0)); /* the server has refused the others */
    assert_false(arrive(TOKEN, 902));
    answer(stage.one, "shop", 103);
    take(&stage);
    is_past(stage.one, 1, 1);
}

/* Of what it shows, the backends; one of them began that long ago. */
static size_t
told_of(uint32_t pid, int64_t seconds, const char *principal, const char *application)
{
    struct census_answer *told = &stage.one->answer;

    if (!told->backends)
        told->backends = memory_new(1, sizeof(told->backends[0]));
    assert_non_null(told->backends);
    told->may_see = true;
    told->backend_count = 1;
    told->backends[0] = (struct census_backend){.age = seconds * NANOSECONDS_PER_SECOND,
                                                .who = {.pid = pid, .began = now}};
    snprintf(told->backends[0].who.principal, NAME_SIZE, "%s", principal);
    snprintf(told->backends[0].who.application, APPLICATION_SIZE, "%s", application);
    snprintf(told->backends[0].who.database, NAME_SIZE, "shop");
    take(&stage);
    return stage.one->backend_count;
}

/* Nothing that a client can say to the server makes a session pasu's: its process does, as long as
 * it is there. */
static void
it_is_the_process_that_is_pasus_and_not_a_name(void **state PASU_UNUSED)
{
    announce(TOKEN, 1);
    assert_true(arrive(TOKEN, 901));
    assert_int_equal(told_of(902, 15, "pasu", "pasu check"), 1);
    assert_int_equal(told_of(901, 45, "pasu", "pasu check"),
                     0); /* it began before it was told of */
    later(100);
    assert_int_equal(told_of(901, 165, "pasu", "pasu check"), 0); /* and is still there */
    later(100);
    assert_int_equal(told_of(901, 60, "pasu", "pasu check"), 1); /* another one of that number */
}

static void
a_database_that_only_commands_come_to_is_nobodys_business(void **state PASU_UNUSED)
{
    const struct message_try asked = {
        .control = TRY_OF_VISIT, .token = TOKEN, .count = 1, .gateway = "one", .database = "away"};

    answer(stage.one, "away", 5);
    take(&stage);
    visits_announce(&visits, &asked, now);
    assert_true(visits_arrive(&visits, &(const struct message_try){.visit = TOKEN, .pid = 901},
                              &(struct message_backend){0}));
    answer(stage.one, "away", 6);
    take(&stage);
    for (size_t i = 0; i < stage.one->database_count; i++)
        if (strcmp(stage.one->databases[i].database, "away") == 0)
            assert_false(stage.one->databases[i].is_guarded);
}

/* Whether it is of the server at hand, which is led by that gateway. */
static bool
leads(const void *arg, const char *gateway)
{
    return strcmp(arg, gateway) == 0;
}

static bool
is_found(const struct message_bypass *who, const char *gateway, struct message_backend *told)
{
    return visits_find(&visits, who, leads, gateway, told);
}

/* A test of `pasu doctor` is seen as somebody else's would be, once, and is pasu's in the count. */
static void
a_test_is_found_and_no_gap(void **state PASU_UNUSED)
{
    const struct message_try asked = {
        .control = TRIAL_OF_BYPASS, .visit = TOKEN, .pid = 901, .principal = "pasu"};
    struct message_backend told;
    struct message_bypass who = {.pid = 901, .principal = "kim", .database = "shop"};

    announce(TOKEN, 1);
    visits_test(&visits, &asked);
    assert_false(arrive(TOKEN, 901)); /* it cannot be hidden any more */
    answer(stage.one, "shop", 102);
    take(&stage);
    is_past(stage.one, 0, 0);
    assert_false(is_found(&who, "one", &told));
    snprintf(who.principal, sizeof(who.principal), "pasu");
    who.pid = 902;
    assert_false(is_found(&who, "one", &told));
    who.pid = 901;
    assert_false(is_found(&who, "other", &told)); /* another server has that number, too */
    assert_true(is_found(&who, "one", &told));
    assert_int_equal(told.sort, BACKEND_OF_TEST);
    assert_false(is_found(&who, "one", &told));
    take(&stage);
    is_past(stage.one, 0, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_was_announced_and_has_come_is_no_session_past_pasu,
                                        start, finish),
        cmocka_unit_test_setup_teardown(who_was_not_announced_is_one, start, finish),
        cmocka_unit_test_setup_teardown(who_has_not_come_after_all_is_not_counted, start, finish),
        cmocka_unit_test_setup_teardown(it_is_the_process_that_is_pasus_and_not_a_name, start,
                                        finish),
        cmocka_unit_test_setup_teardown(a_database_that_only_commands_come_to_is_nobodys_business,
                                        start, finish),
        cmocka_unit_test_setup_teardown(a_test_is_found_and_no_gap, start, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
