/* SPDX-License-Identifier: Apache-2.0 */
/* A session that waits hears of its own request alone, whatever is on its way from earlier ones. */
#include "gate/approval.h"

#include "gate/verdict.h"
#include "gate_stand.h"

#include <sys/socket.h>

enum { FIRST = 1 << 20, NUMBER = 4711 };

static struct channel keeper; /* the keeper's end */
static int client;            /* the client's */

static int
start(void **state)
{
    int result = make_stand(state), ends[2], sockets[2];
    struct stand *t = *state;

    if (result != 0 || channel_pair(ends) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) != 0)
        return -1;
    keeper_link_init(&t->shared.keeper, &os_real, -1);
    keeper_link_replace(&t->shared.keeper, ends[0]);
    channel_init(&keeper, ends[1], message_rules_keeper_from_gate,
                 message_rules_keeper_from_gate_count);
    client = sockets[1];
    t->session.client.fd = sockets[0];
    t->session.id = FIRST;
    t->worker.by_id[(FIRST >> WORKER_INDEX_BITS) % WORKER_SESSION_HEADS] = &t->session;
    t->session.state = SESSION_CLOSED; /* that nothing follows from an end of waiting */
    snprintf(t->session.user, sizeof(t->session.user), "app");
    approval_init(&t->observer.approval);
    return 0;
}

static int
stop(void **state)
{
    struct stand *t = *state;

    close(t->session.client.fd);
    close(client);
    keeper_link_release(&t->shared.keeper);
    channel_close(&keeper);
    return remove_stand(state);
}

static void
request(struct stand *t)
{
    struct verdict_hold hold = {.rule = "rule ask", .fields = 1};
    struct channel_message message;
    struct message_request asked;

    approval_request(&t->session, &hold, "SELECT $1", 5, true);
    assert_int_equal(t->observer.approval.state, APPROVAL_ASKED);
    assert_int_equal(channel_receive(&keeper, &message), 0);
    assert_int_equal(message.type, MESSAGE_REQUEST);
    memcpy(&asked, message.body, sizeof(asked));
    assert_int_equal(asked.session, t->session.id);
    assert_int_equal(asked.serial, t->observer.approval.serial);
}

static void
number(struct stand *t, uint64_t serial, uint64_t number)
{
    struct message_requested requested = {.session = t->session.id,
                                          .serial = serial,
                                          .number = number,
                                          .within = 60 * NANOSECONDS_PER_SECOND};

    approval_numbered(&t->worker, &requested);
}

static void
decide(struct stand *t, uint64_t session, uint64_t number, uint8_t decision)
{
    struct message_decided decided = {
        .session = session, .number = number, .decision = decision, .who = "kim"};

    approval_decided(&t->worker, &decided);
}

/* That the keeper hears next how that one has ended. */
static void
hear_concluded(uint64_t number, enum approval_end end)
{
    struct channel_message message;
    struct message_concluded concluded;

    assert_int_equal(channel_receive(&keeper, &message), 0);
    assert_int_equal(message.type, MESSAGE_CONCLUDED);
    memcpy(&concluded, message.body, sizeof(concluded));
    assert_int_equal(concluded.number, number);
    assert_int_equal(concluded.end, end);
}

static bool
says(const char *notice, size_t length, const char *words)
{
    return memmem(notice, length, words, strlen(words)) != NULL;
}

static void
a_number_is_of_the_request_that_waits(void **state)
{
    struct stand *t = *state;
    struct approval_wait *a = &t->observer.approval;
    char notice[1024] = "";
    ssize_t length;

    request(t);
    approval_conclude(&t->session, APPROVAL_CANCELLED); /* and asked again before it has a number */
    list_remove(&a->link);
    request(t);
    assert_int_equal(a->serial, 2);
    number(t, 1, NUMBER);
    assert_int_equal(a->state, APPROVAL_ASKED);
    hear_concluded(NUMBER, APPROVAL_CLIENT_GONE);
    assert_int_equal(recv(client, notice, sizeof(notice), 0), -1);
    number(t, 2, NUMBER + 1);
    assert_int_equal(a->state, APPROVAL_WAITS);
    assert_int_equal(approval_number(&t->session), NUMBER + 1);
    length = recv(client, notice, sizeof(notice), 0);
    assert_true(length > 0 && notice[0] == 'N');
    assert_true(says(notice, (size_t)length, "request 4712, for at most 60 seconds"));
    assert_true(says(notice, (size_t)length, "pasu approve 4712 --reason"));
    number(t, 2, NUMBER + 2); /* it has one */
    assert_int_equal(approval_number(&t->session), NUMBER + 1);
    hear_concluded(NUMBER + 2, APPROVAL_CLIENT_GONE);
}

static void
a_decision_is_about_one_number(void **state)
{
    static const struct {
        uint8_t decision;
        int error;
    } cases[] = {{DECISION_APPROVED, 0},
                 {DECISION_DENIED, PASU_E_APPROVAL_DENIED},
                 {DECISION_EXPIRED, PASU_E_APPROVAL_EXPIRED}};
    struct stand *t = *state;
    struct approval_wait *a = &t->observer.approval;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t its = NUMBER + 10 * i;

        request(t);
        decide(t, FIRST, 0, DECISION_APPROVED); /* its number has not come yet */
        assert_int_equal(a->state, APPROVAL_ASKED);
        number(t, a->serial, its);
        decide(t, FIRST, its - 1, DECISION_APPROVED);
        decide(t, FIRST, its + 1, DECISION_APPROVED);
        decide(t, FIRST + (1 << WORKER_INDEX_BITS), its, DECISION_APPROVED); /* another session */
        assert_int_equal(a->state, APPROVAL_WAITS);
        assert_false(list_is_empty(&t->worker.approvals));
        decide(t, FIRST, its, cases[i].decision);
        assert_int_equal(a->state, APPROVAL_OVER);
        assert_int_equal(a->error, cases[i].error);
        assert_string_equal(a->who, "kim");
        assert_true(list_is_empty(&t->worker.approvals));
        decide(t, FIRST, its, DECISION_DENIED); /* the first one was the one */
        assert_int_equal(a->error, cases[i].error);
        approval_conclude(&t->session, APPROVAL_RELEASED);
        hear_concluded(its, APPROVAL_RELEASED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_number_is_of_the_request_that_waits, start, stop),
        cmocka_unit_test_setup_teardown(a_decision_is_about_one_number, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
