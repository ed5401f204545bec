/* SPDX-License-Identifier: Apache-2.0 */
/* Who may decide about what waits, until when, and that nothing goes on that is not recorded. */
#include "ledger/approvals.h"

#include "control_stage.h"

#define SECOND NANOSECONDS_PER_SECOND

enum { SESSION = 5, UID = 1001, WITHIN = 60 };

static struct approvals approvals;

static int
start(void **state)
{
    int result = start_stage(state);

    stage.approvers =
        (struct approvers){.items = {{.uid = UID, .is_named = true, .name = "kim"}}, .count = 1};
    approvals_init(&approvals, &stage.place->records, &stage.approvers);
    approvals_set(&approvals, WITHIN * SECOND);
    return result;
}

static int
stop(void **state)
{
    approvals_release(&approvals);
    return stop_stage(state);
}

/* ---- the gate ---- */

/* The next message that it hears, of that type. */
static void
hear(uint32_t type, void *body, size_t length)
{
    struct channel_message message;

    assert_int_equal(channel_receive(&stage.gate, &message), 0);
    assert_int_equal(message.type, type);
    assert_int_equal(message.length, length);
    memcpy(body, message.body, length);
}

static void
hear_nothing(void)
{
    struct channel_message message;

    assert_int_equal(channel_receive(&stage.gate, &message), PASU_E_AGAIN);
}

/* Asks for an approval: its number. */
static uint64_t
request(const char *principal, const char *actor, const char *person)
{
    struct channel_message message = {.type = MESSAGE_REQUEST, .fd = -1};
    struct message_request asked = {.session = SESSION, .serial = 1, .sql = "SELECT $1"};
    struct message_requested requested;

    snprintf(asked.principal, sizeof(asked.principal), "%s", principal);
    snprintf(asked.actor, sizeof(asked.actor), "%s", actor);
    snprintf(asked.person, sizeof(asked.person), "%s", person);
    snprintf(asked.rule, sizeof(asked.rule), "rule ask");
    memcpy(message.body, &asked, sizeof(asked));
    approvals_request(&approvals, &stage.keeper, &message);
    hear(MESSAGE_REQUESTED, &requested, sizeof(requested));
    assert_int_equal(requested.error, 0);
    return requested.number;
}

/* It has gone on. */
static void
conclude(uint64_t number)
{
    struct channel_message message = {.type = MESSAGE_CONCLUDED, .fd = -1};
    struct message_concluded concluded = {.number = number, .end = APPROVAL_RELEASED};

    memcpy(message.body, &concluded, sizeof(concluded));
    approvals_concluded(&approvals, &message);
}

/* ---- the command ---- */

static void
asked(void *arg PASU_UNUSED, struct control_client *client)
{
    assert_true(approvals_ask(&approvals, &stage.keeper, client));
}

/* The client that waits, once the gate is asked who that is. */
static struct control_client *
ask(uint64_t number, enum control_verb verb)
{
    struct control_request request = {.magic = CONTROL_MAGIC,
                                      .version = CONTROL_VERSION,
                                      .verb = (uint32_t)verb,
                                      .number = number,
                                      .what = "ticket"};

    return stage_ask(&request, UID, asked);
}

/* The gate says who they are: as `name`, of whom the roster says that it is `person`'s. */
static void
be(const struct control_client *client, const char *name, const char *person, bool is_left)
{
    struct channel_message message = {.type = MESSAGE_PERSON, .fd = -1};
    struct message_person who;

    hear(MESSAGE_PERSON_ASK, &who, sizeof(who));
    assert_string_equal(who.name, "kim");
    assert_int_equal(who.question, client->question);
    snprintf(who.name, sizeof(who.name), "%s", name);
    snprintf(who.person, sizeof(who.person), "%s", person);
    who.is_left = is_left;
    memcpy(message.body, &who, sizeof(who));
    approvals_person(&approvals, &stage.control, &stage.keeper, &message);
}

static uint32_t
decision(uint64_t number)
{
    struct message_decided decided;

    hear(MESSAGE_DECIDED, &decided, sizeof(decided));
    assert_int_equal(decided.session, SESSION);
    assert_int_equal(decided.number, number);
    return decided.decision;
}

static void
nobody_approves_what_can_be_their_own(void **state PASU_UNUSED)
{
    static const struct {
        const char *principal, *actor, *person; /* who asks */
        const char *owner;                      /* whose the account is */
        bool is_left;
        int due;
    } cases[] = {
        {"app", "lee", "Lee", "Kim", false, 0},
        {"app", "", "", "", false, 0},
        {"kim", "", "", "", false, PASU_E_APPROVAL_OWN},
        {"KIM", "", "", "", false, PASU_E_APPROVAL_OWN},
        {"app", "Kim", "", "", false, PASU_E_APPROVAL_OWN},
        {"app", "", "Kim", "", false, PASU_E_APPROVAL_OWN},
        {"app", "", "Kim Lee", "kim lee", false, PASU_E_APPROVAL_OWN},
        {"app", "", "", "App", false, PASU_E_APPROVAL_OWN},
        {"app", "lee", "", "Lee", false, PASU_E_APPROVAL_OWN},
        {"app", "lee", "Lee", "Kim", true, PASU_E_LEFT},
        {"app", "kim", "Lee", "Kim", true, PASU_E_APPROVAL_OWN},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t number = request(cases[i].principal, cases[i].actor, cases[i].person);
        struct control_client *client = ask(number, CONTROL_APPROVE);

        be(client, "kim", cases[i].owner, cases[i].is_left);
        assert_int_equal(stage_answer(client), cases[i].due);
        if (cases[i].due == 0) {
            assert_int_equal(decision(number), DECISION_APPROVED);
            continue;
        }
        hear_nothing();
        client = ask(number, CONTROL_DENY); /* which anybody may */
        be(client, "kim", cases[i].owner, cases[i].is_left);
        assert_int_equal(stage_answer(client), 0);
        assert_int_equal(decision(number), DECISION_DENIED);
    }
}

/* Who connects says the kernel; the gate, which the network can have taken over, says whose that
 * is. */
static void
the_gate_does_not_say_who_asks(void **state PASU_UNUSED)
{
    uint64_t number = request("kim", "", "");
    struct control_client *client = ask(number, CONTROL_APPROVE);

    be(client, "somebody", "", false);
    assert_int_equal(stage_answer(client), PASU_E_APPROVAL_OWN);
    hear_nothing();
}

static void
an_approval_after_its_time_is_none(void **state PASU_UNUSED)
{
    uint64_t number = request("app", "", "");
    struct control_client *client = ask(number, CONTROL_APPROVE);

    now += WITHIN * SECOND;
    be(client, "kim", "", false);
    assert_int_equal(stage_answer(client), PASU_E_DECIDED);
    assert_int_equal(decision(number), DECISION_EXPIRED);
    hear_nothing();
}

static void
the_first_decision_is_the_one(void **state PASU_UNUSED)
{
    uint64_t number = request("app", "", "");
    struct control_client *client = ask(number, CONTROL_DENY);

    be(client, "kim", "", false);
    assert_int_equal(stage_answer(client), 0);
    assert_int_equal(decision(number), DECISION_DENIED);
    assert_int_equal(stage_answer(ask(number, CONTROL_APPROVE)), PASU_E_DECIDED);
    hear_nothing();
}

/* Whatever others wait, or waited, and in whatever order they are decided. */
static void
a_number_is_of_one_request(void **state PASU_UNUSED)
{
    uint64_t numbers[3];
    struct control_client *client;

    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        numbers[i] = request("app", "", "");
    assert_int_equal(numbers[2], chain_size(&stage.place->records.chain) - 2); /* then the alert */
    assert_int_equal(stage_answer(ask(numbers[0] - 1, CONTROL_APPROVE)), PASU_E_NOTFOUND);
    assert_int_equal(stage_answer(ask(numbers[2] + 1, CONTROL_APPROVE)), PASU_E_NOTFOUND);
    assert_int_equal(stage_answer(ask(0, CONTROL_APPROVE)), PASU_E_NOTFOUND);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        uint64_t number = numbers[(i + 1) % COUNT_OF(numbers)];

        client = ask(number, CONTROL_APPROVE);
        be(client, "kim", "", false);
        assert_int_equal(stage_answer(client), 0);
        assert_int_equal(decision(number), DECISION_APPROVED);
        hear_nothing();
        conclude(number);
        assert_int_equal(stage_answer(ask(number, CONTROL_APPROVE)), PASU_E_DECIDED);
    }
}

static ssize_t
no_pwrite(void *arg PASU_UNUSED, int fd PASU_UNUSED, const void *bytes PASU_UNUSED,
          size_t size PASU_UNUSED, off_t offset PASU_UNUSED)
{
    errno = ENOSPC;
    return -1;
}

static void
what_is_not_recorded_is_not_approved_but_denied(void **state PASU_UNUSED)
{
    uint64_t number = request("app", "", "");
    struct control_client *client = ask(number, CONTROL_APPROVE);

    stage.place->os.pwrite = no_pwrite;
    be(client, "kim", "", false);
    assert_int_equal(stage_answer(client), PASU_E_DISKFULL);
    hear_nothing();
    client = ask(number, CONTROL_DENY);
    be(client, "kim", "", false);
    assert_int_equal(stage_answer(client), PASU_E_DISKFULL);
    assert_int_equal(decision(number), DECISION_DENIED);
    stage.place->os.pwrite = os_real.pwrite;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_approves_what_can_be_their_own, start, stop),
        cmocka_unit_test_setup_teardown(the_gate_does_not_say_who_asks, start, stop),
        cmocka_unit_test_setup_teardown(an_approval_after_its_time_is_none, start, stop),
        cmocka_unit_test_setup_teardown(the_first_decision_is_the_one, start, stop),
        cmocka_unit_test_setup_teardown(a_number_is_of_one_request, start, stop),
        cmocka_unit_test_setup_teardown(what_is_not_recorded_is_not_approved_but_denied, start,
                                        stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
