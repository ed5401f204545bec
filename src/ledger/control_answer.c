/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/control_answer.h"

static void
answer_session(struct control *control, const struct channel_message *message)
{
    struct message_session_status line;
    struct control_client *client;

    memcpy(&line, message->body, sizeof(line));
    client = control_find(control, line.question);
    if (client && client->request.verb == CONTROL_SESSIONS)
        control_frame(client, CONTROL_SESSION, &line, sizeof(line));
}

static void
answer_end(struct control *control, const struct channel_message *message)
{
    struct message_sessions_end end;
    struct control_client *client;

    memcpy(&end, message->body, sizeof(end));
    client = control_find(control, end.question);
    if (!client || client->request.verb == CONTROL_STATUS)
        return;
    if (client->request.verb == CONTROL_KILL && end.count == 0)
        control_end(client, PASU_E_NOTFOUND, 0);
    else
        control_end(client, 0, end.count);
}

static void
answer_tally(struct control *control, const struct channel_message *message)
{
    struct message_tally tally;
    struct control_client *client;

    memcpy(&tally, message->body, sizeof(tally));
    client = control_find(control, tally.question);
    if (client && client->request.verb == CONTROL_STATUS)
        control_frame(client, CONTROL_TALLY, &tally, sizeof(tally));
}

static void
answer_status(struct control *control, const struct channel_message *message)
{
    struct message_status status;
    struct control_client *client;

    memcpy(&status, message->body, sizeof(status));
    client = control_find(control, status.question);
    if (!client || client->request.verb != CONTROL_STATUS)
        return;
    control_frame(client, CONTROL_GATE, &status, sizeof(status));
    control_end(client, 0, status.sessions);
}

void
control_answer(struct control *control, const struct channel_message *message)
{
    switch ((enum message_type)message->type) {
    case MESSAGE_SESSION:
        answer_session(control, message);
        break;
    case MESSAGE_SESSIONS_END:
        answer_end(control, message);
        break;
    case MESSAGE_TALLY:
        answer_tally(control, message);
        break;
    case MESSAGE_STATUS:
        answer_status(control, message);
        break;
    default: /* none */
        break;
    }
}
