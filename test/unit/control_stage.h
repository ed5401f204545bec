/* SPDX-License-Identifier: Apache-2.0 */
/* A keeper's parts, one client of its control socket, and the gate's end of its channel. */
#ifndef PASU_TEST_CONTROL_STAGE_H
#define PASU_TEST_CONTROL_STAGE_H

#include "ledger/control.h"
#include "ledger_place.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct stage {
    struct place *place;
    struct approvers approvers;
    struct control control;
    struct channel keeper, gate;
};

static struct stage stage;

static inline int
start_stage(void **state)
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
    return 0;
}

static inline int
stop_stage(void **state)
{
    struct stage *s = &stage;

    control_release(&s->control);
    channel_close(&s->keeper);
    channel_close(&s->gate);
    kill_keeper(s->place);
    return remove_place(state);
}

/* As a command of that account asks; the client that waits for its answer. */
static inline struct control_client *
stage_ask(const struct control_request *request, uint32_t uid, control_ask_fn *ask)
{
    struct control_client *client = &stage.control.clients[0];
    struct pollfd polls[2] = {{.fd = -1}, {.revents = POLLIN}};
    int ends[2];

    assert_int_equal(client->fd, -1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    *client = (struct control_client){
        .fd = ends[0], .question = ++stage.control.last_question, .uid = uid};
    assert_int_equal(send(ends[1], request, sizeof(*request), 0), sizeof(*request));
    control_serve(&stage.control, polls, COUNT_OF(polls), ask, NULL);
    close(ends[1]);
    return client;
}

/* What it was answered at the end, PASU_E_AGAIN: nothing yet; and it is gone. */
static inline int
stage_answer(struct control_client *client)
{
    struct control_frame_head head;
    struct control_end last = {.error = PASU_E_AGAIN};

    for (size_t at = 0; at < client->out_end; at += sizeof(head) + head.length) {
        memcpy(&head, client->out + at, sizeof(head));
        if (head.type == CONTROL_END)
            memcpy(&last, client->out + at + sizeof(head), sizeof(last));
    }
    close(client->fd);
    memory_free(client->out);
    *client = (struct control_client){.fd = -1};
    return last.error;
}

#endif
