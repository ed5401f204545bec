/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of controls in the keeper: what is asked for comes whole, and nothing but the test's own
 * session past pasu is taken for a test. */
#include "ledger/trials.h"

#include "control_stage.h"

#define SECOND NANOSECONDS_PER_SECOND

enum { PID = 4711, BEGAN = 815, UNTIL = TRIAL_SECONDS };

static struct trials trials;

static int
start(void **state)
{
    int result = start_stage(state);

    trials_init(&trials, &stage.place->os, &stage.place->records);
    return result;
}

static void
asked(void *arg PASU_UNUSED, struct control_client *client)
{
    assert_true(trials_ask(&trials, client, &stage.keeper));
}

/* What the gate is told of it. */
static struct message_try
try_control(const struct control_try *trial)
{
    const struct control_request request = {
        .magic = CONTROL_MAGIC, .version = CONTROL_VERSION, .verb = CONTROL_TRY, .trial = *trial};
    struct channel_message message;
    struct message_try told;

    assert_int_equal(stage_answer(stage_ask(&request, 0, asked)), PASU_E_AGAIN);
    assert_int_equal(channel_receive(&stage.gate, &message), 0);
    assert_int_equal(message.type, MESSAGE_TRY);
    memcpy(&told, message.body, sizeof(told));
    return told;
}

static void
texts_come_whole_up_to_their_last_byte(void **state PASU_UNUSED)
{
    struct control_try trial = {.control = TRIAL_OF_SOURCE};
    const struct trial *kept = &trials.items[0];
    struct message_try told;

    memset(trial.gateway, 'g', sizeof(trial.gateway));
    memset(trial.principal, 'p', sizeof(trial.principal));
    memset(trial.address, 'a', sizeof(trial.address));
    memset(trial.what, 'w', sizeof(trial.what));
    told = try_control(&trial);
    assert_int_equal(strnlen(told.gateway, sizeof(told.gateway)), sizeof(told.gateway) - 1);
    assert_int_equal(strnlen(told.principal, sizeof(told.principal)), sizeof(told.principal) - 1);
    assert_int_equal(strnlen(told.address, sizeof(told.address)), sizeof(told.address) - 1);
    assert_int_equal(strnlen(kept->asked.what, sizeof(kept->asked.what)),
                     sizeof(kept->asked.what) - 1);
}

static bool
is_test_of(uint32_t pid, int64_t began, const char *principal, bool is_named, bool is_over)
{
    struct message_bypass bypass = {
        .pid = pid, .began = began, .is_over = is_over, .is_test = is_named};

    snprintf(bypass.principal, sizeof(bypass.principal), "%s", principal);
    return trials_bypass(&trials, &bypass);
}

static bool
is_test(uint32_t pid, const char *principal, bool is_over)
{
    return is_test_of(pid, BEGAN, principal, true, is_over);
}

static void
only_the_session_of_a_test_is_one_and_only_while_it_is_made(void **state PASU_UNUSED)
{
    struct control_try trial = {.control = TRIAL_OF_BYPASS,
                                .pid = PID,
                                .began = BEGAN,
                                .gateway = "shop",
                                .principal = "pasu"};

    assert_false(is_test(PID, "pasu", false));
    (void)try_control(&trial);
    assert_false(is_test(PID + 1, "pasu", false));
    assert_false(is_test(PID, "kim", false));
    /* The number again, of a process that began at another time, and one that the gate does not
     * know as announced. */
    assert_false(is_test_of(PID, BEGAN + 1, "pasu", true, false));
    assert_false(is_test_of(PID, BEGAN, "pasu", false, false));
    assert_false(trials.items[0].result.is_over);
    assert_true(is_test(PID, "pasu", false));
    assert_true(trials.items[0].result.is_held);
    now += UNTIL * SECOND;
    assert_true(is_test(PID, "pasu", false));
    now += SECOND;
    assert_false(is_test(PID, "pasu", false)); /* a number that the server has given again */
    assert_true(is_test(PID, "pasu", true));   /* that the test's own has ended */
}

/* What the next gate hears, with the gate's end of the channel: how many messages. */
static size_t
tell_next_gate(struct message_try told[4])
{
    struct channel_message message;
    size_t count = 0;

    trials_gate(&trials, &stage.keeper);
    while (channel_receive(&stage.gate, &message) == 0) {
        assert_int_equal(message.type, MESSAGE_TRY);
        assert_true(count < 4);
        memcpy(&told[count++], message.body, sizeof(told[0]));
    }
    return count;
}

static void
a_gate_that_comes_after_another_is_told_of_commands_that_were_announced(void **state PASU_UNUSED)
{
    const struct control_try visit = {
        .control = TRY_OF_VISIT, .count = 2, .gateway = "shop", .what = "desk"};
    struct control_try arrival = {.control = TRY_OF_ARRIVAL, .pid = PID, .port = 5};
    const struct message_backend of_gate = {
        .pid = PID, .port = 5, .gateway = "shop", .database = "desk"};
    struct message_backend backend = of_gate;
    struct message_try told[4];

    backend.sort = BACKEND_OF_COMMAND;
    assert_int_equal(tell_next_gate(told), 0);
    arrival.number = try_control(&visit).token;
    assert_int_equal(tell_next_gate(told), 1);
    assert_int_equal(told[0].control, TRY_OF_VISIT);
    assert_int_equal(told[0].token, arrival.number);
    assert_int_equal(told[0].count, 2);
    assert_string_equal(told[0].database, "desk");
    (void)try_control(&arrival);
    assert_int_equal(tell_next_gate(told), 2); /* the one before may have died before its record */
    assert_int_equal(told[1].pid, PID);
    assert_int_equal(told[1].visit, arrival.number);
    visitors_recorded(&trials.visitors, &of_gate);
    assert_int_equal(tell_next_gate(told), 2);
    visitors_recorded(&trials.visitors, &backend);
    assert_int_equal(tell_next_gate(told), 1);
    assert_int_equal(told[0].count, 1);
    now += VISITOR_SECONDS * SECOND + 1;
    assert_int_equal(tell_next_gate(told), 0);

    /* While there is no gate the command is answered all the same. */
    channel_close(&stage.gate);
    assert_int_equal(stage_answer(stage_ask(&(struct control_request){.magic = CONTROL_MAGIC,
                                                                      .version = CONTROL_VERSION,
                                                                      .verb = CONTROL_TRY,
                                                                      .trial = visit},
                                            0, asked)),
                     0);
    assert_int_equal(trials.visitors.items[0].visit.count, 2);
    arrival = (struct control_try){.control = TRY_OF_ARRIVAL,
                                   .number = trials.visitors.items[0].visit.token};
    assert_int_equal(stage_answer(stage_ask(&(struct control_request){.magic = CONTROL_MAGIC,
                                                                      .version = CONTROL_VERSION,
                                                                      .verb = CONTROL_TRY,
                                                                      .trial = arrival},
                                            0, asked)),
                     0);
    assert_int_equal(trials.visitors.items[0].visit.token, 0); /* none of them comes */
}

static const struct control_trial *
try_set(uint64_t number)
{
    const struct control_request request = {
        .magic = CONTROL_MAGIC,
        .version = CONTROL_VERSION,
        .verb = CONTROL_TRY,
        .trial = {.control = TRIAL_OF_DECOY, .number = number, .what = "set"}};
    struct channel_message message;

    now += (UNTIL + 1) * SECOND; /* the place of the one before is free */
    assert_int_equal(stage_answer(stage_ask(&request, 0, asked)), 0);
    assert_int_equal(channel_receive(&stage.gate, &message), PASU_E_AGAIN);
    assert_true(trials.items[0].result.is_over);
    return &trials.items[0].result;
}

static void
a_decoy_is_tried_by_the_keeper_itself_and_fails_where_nobody_would_be_told(void **state PASU_UNUSED)
{
    static struct folds folds;
    struct record_keeping *records = &stage.place->records;
    struct payload_decoy items[2] = {{.ordinal = 7}, {.ordinal = 9}};
    struct payload_decoys set = {.number = 4, .planted = 1, .kind = "customer"};

    records->folds = &folds;
    assert_false(try_set(4)->is_held); /* there is none */
    assert_false(trials.items[0].result.is_other);
    set.items = view_of(items, sizeof(items));
    assert_int_equal(decoys_add(&records->decoys, &set), 0);
    assert_true(try_set(4)->is_other); /* nobody can be shown one yet */
    assert_int_equal(trials.items[0].result.error, PASU_E_UNAVAILABLE);
    items[1].is_known = 1;
    assert_int_equal(decoys_add(&records->decoys, &set), 0);
    assert_true(try_set(4)->is_held);
    assert_null(folds_due(&folds, INT64_MAX)); /* nobody is told */
    assert_false(try_set(5)->is_held);
    records->folds = NULL; /* no alerts are raised */
    assert_false(try_set(4)->is_held);
    assert_false(trials.items[0].result.is_other);
    records->folds = &folds;
    assert_int_equal(decoys_retire(&records->decoys, 4, 2), 0);
    assert_false(try_set(4)->is_held);
    records->folds = NULL;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_come_whole_up_to_their_last_byte, start, stop_stage),
        cmocka_unit_test_setup_teardown(only_the_session_of_a_test_is_one_and_only_while_it_is_made,
                                        start, stop_stage),
        cmocka_unit_test_setup_teardown(
            a_gate_that_comes_after_another_is_told_of_commands_that_were_announced, start,
            stop_stage),
        cmocka_unit_test_setup_teardown(
            a_decoy_is_tried_by_the_keeper_itself_and_fails_where_nobody_would_be_told, start,
            stop_stage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
