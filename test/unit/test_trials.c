/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of controls in the keeper: what is asked for comes whole, and nothing but the test's own
 * session past pasu is taken for a test. */
#include "ledger/trials.h"

#include "ledger_place.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND NANOSECONDS_PER_SECOND

enum { PID = 4711, UNTIL = TRIAL_SECONDS };

/* A keeper's control socket, and the gate's end of its channel. */
struct stage {
    struct place *place;
    struct approvers approvers;
    struct control control;
    struct trials trials;
    struct channel keeper, gate;
};

static struct stage stage;

static int
start(void **state)
{
    struct stage *s = &stage;
    int ends[2], result = make_place(state);

    *s = (struct stage){.place = *state};
    if (result != 0 || channel_pair(ends) != 0)
        return -1;
    begin(s->place);
    channel_init(&s->keeper, ends[0], message_rules_keeper_from_gate,
                 message_rules_keeper_from_gate_count);
    channel_init(&s->gate, ends[1], message_rules_gate_from_keeper,
                 message_rules_gate_from_keeper_count);
    control_init(&s->control, -1, &s->approvers, &s->place->log);
    trials_init(&s->trials, &s->place->os, &s->place->records);
    return 0;
}

static int
stop(void **state)
{
    struct stage *s = &stage;

    control_release(&s->control);
    channel_close(&s->keeper);
    channel_close(&s->gate);
    kill_keeper(s->place);
    return remove_place(state);
}

static void
asked(void *arg PASU_UNUSED, struct control_client *client)
{
    assert_true(trials_ask(&stage.trials, client, &stage.keeper));
}

/* As a command asks, over its connection; what the gate is told of it. */
static struct message_try
try_control(const struct control_try *trial)
{
    struct pollfd polls[2] = {{.fd = -1}, {.revents = POLLIN}};
    struct control_request request = {
        .magic = CONTROL_MAGIC, .version = CONTROL_VERSION, .verb = CONTROL_TRY, .trial = *trial};
    struct channel_message message;
    struct message_try told;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    stage.control.clients[0] = (struct control_client){.fd = ends[0], .question = 1};
    assert_int_equal(send(ends[1], &request, sizeof(request), 0), sizeof(request));
    control_serve(&stage.control, polls, COUNT_OF(polls), asked, NULL);
    close(ends[1]);
    close(ends[0]);
    stage.control.clients[0].fd = -1;
    assert_int_equal(channel_receive(&stage.gate, &message), 0);
    assert_int_equal(message.type, MESSAGE_TRY);
    memcpy(&told, message.body, sizeof(told));
    return told;
}

static void
texts_come_whole_up_to_their_last_byte(void **state PASU_UNUSED)
{
    struct control_try trial = {.control = TRIAL_OF_SOURCE};
    const struct trial *kept = &stage.trials.items[0];
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
is_test(uint32_t pid, const char *principal, bool is_over)
{
    struct message_bypass bypass = {.pid = pid, .is_over = is_over};

    snprintf(bypass.principal, sizeof(bypass.principal), "%s", principal);
    return trials_bypass(&stage.trials, &bypass);
}

static void
only_the_session_of_a_test_is_one_and_only_while_it_is_made(void **state PASU_UNUSED)
{
    struct control_try trial = {
        .control = TRIAL_OF_BYPASS, .pid = PID, .gateway = "shop", .principal = "pasu"};

    assert_false(is_test(PID, "pasu", false));
    (void)try_control(&trial);
    assert_false(is_test(PID + 1, "pasu", false));
    assert_false(is_test(PID, "kim", false));
    assert_false(stage.trials.items[0].result.is_over);
    assert_true(is_test(PID, "pasu", false));
    assert_true(stage.trials.items[0].result.is_held);
    now += UNTIL * SECOND;
    assert_true(is_test(PID, "pasu", false));
    now += SECOND;
    assert_false(is_test(PID, "pasu", false)); /* a number that the server has given again */
    assert_true(is_test(PID, "pasu", true));   /* that the test's own has ended */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_come_whole_up_to_their_last_byte, start, stop),
        cmocka_unit_test_setup_teardown(only_the_session_of_a_test_is_one_and_only_while_it_is_made,
                                        start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
