/* SPDX-License-Identifier: Apache-2.0 */
#include "console/links.h"

#include "ledger/message.h"

static void
from_supervisor(void *arg, struct channel_message *message)
{
    struct message_empty empty = {0};
    struct links *l = arg;

    switch ((enum message_type)message->type) {
    case MESSAGE_PEER:
        channel_close(&l->peer);
        channel_init(&l->peer, message->fd, l->rules, l->rule_count);
        break;
    case MESSAGE_PING:
        if (channel_send(&l->supervisor, MESSAGE_PONG, &empty, sizeof(empty), -1) == PASU_E_EOF)
            l->is_stopping = true;
        break;
    case MESSAGE_STOP:
        l->is_stopping = true;
        break;
    default: /* the table lets nothing else through */
        break;
    }
}

/* False: the other end is gone. */
static bool
read_channel(struct links *l, struct channel *channel,
             void (*take)(void *arg, struct channel_message *message), void *arg)
{
    struct channel_message message;

    while (channel->fd >= 0) {
        int result = channel_receive(channel, &message);

        if (result == PASU_E_AGAIN)
            return true;
        if (result == PASU_E_PROTOCOL) {
            LOG_EVENT(l->log, MESSAGE_REFUSED, F_UINT("type", message.type));
            continue;
        }
        if (result != 0)
            return false;
        take(arg, &message);
    }
    return true;
}

void
links_read(struct links *l)
{
    if (!read_channel(l, &l->supervisor, from_supervisor, l)) {
        l->is_stopping = true;
        return;
    }
    if (!read_channel(l, &l->peer, l->take, l->arg))
        channel_close(&l->peer);
}

void
links_close(struct links *l)
{
    channel_close(&l->peer);
    channel_close(&l->supervisor);
}
