/* SPDX-License-Identifier: Apache-2.0 */
/* How long clients of the control socket are waited for, and what they hear however late it is. */
#include "control_stage.h"

#define MILLISECOND NANOSECONDS_PER_MILLISECOND
#define SECOND      NANOSECONDS_PER_SECOND

static void
ask_nobody(void *arg PASU_UNUSED, struct control_client *client PASU_UNUSED)
{
}

/* A client that has asked; its end. */
static int
ask(void)
{
    const struct control_request request = {
        .magic = CONTROL_MAGIC, .version = CONTROL_VERSION, .verb = CONTROL_SESSIONS};
    struct pollfd polls[2] = {{.fd = -1}, {.revents = POLLIN}};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    stage.control.clients[0] = (struct control_client){.fd = ends[0], .question = 1};
    assert_int_equal(send(ends[1], &request, sizeof(request), 0), sizeof(request));
    control_serve(&stage.control, polls, COUNT_OF(polls), ask_nobody, NULL);
    return ends[1];
}

/* What comes to the client: the error that it was answered with; PASU_E_EOF: it was hung up on. */
static int
hear(int end)
{
    struct pollfd polls[2] = {{.fd = -1}, {.revents = POLLOUT}};
    struct control_frame_head head;
    struct control_end said;

    if (stage.control.clients[0].fd >= 0)
        control_serve(&stage.control, polls, COUNT_OF(polls), ask_nobody, NULL);
    if (recv(end, &head, sizeof(head), 0) != sizeof(head))
        return PASU_E_EOF;
    assert_int_equal(head.type, CONTROL_END);
    assert_int_equal(recv(end, &said, sizeof(said), 0), sizeof(said));
    return said.error;
}

static void
an_answer_that_comes_at_the_last_moment_is_heard(void **state PASU_UNUSED)
{
    int end = ask();

    now += CONTROL_ANSWER_MILLISECONDS * MILLISECOND - 1;
    control_look(&stage.control, now);
    control_end(control_find(&stage.control, 1), 0, 3);
    now += 1;
    control_look(&stage.control, now);
    assert_int_equal(hear(end), 0);
    close(end);
}

static void
who_is_not_answered_hears_that(void **state PASU_UNUSED)
{
    int end = ask();

    now += CONTROL_ANSWER_MILLISECONDS * MILLISECOND;
    control_look(&stage.control, now);
    assert_null(control_find(&stage.control, 1)); /* an answer would come too late */
    assert_int_equal(hear(end), PASU_E_UNAVAILABLE);
    close(end);
}

static void
who_does_not_listen_is_not_waited_for(void **state PASU_UNUSED)
{
    int end = ask();

    now += CONTROL_ANSWER_MILLISECONDS * MILLISECOND + CONTROL_CLIENT_SECONDS * SECOND - 1;
    control_look(&stage.control, now);
    assert_true(stage.control.clients[0].fd >= 0);
    now += 1;
    control_look(&stage.control, now);
    assert_int_equal(stage.control.clients[0].fd, -1);
    assert_int_equal(hear(end), PASU_E_EOF);
    close(end);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_that_comes_at_the_last_moment_is_heard,
                                        start_stage, stop_stage),
        cmocka_unit_test_setup_teardown(who_is_not_answered_hears_that, start_stage, stop_stage),
        cmocka_unit_test_setup_teardown(who_does_not_listen_is_not_waited_for, start_stage,
                                        stop_stage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
