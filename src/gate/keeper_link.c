/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/keeper_link.h"

#include "ledger/message.h"

void
keeper_link_init(struct keeper_link *link)
{
    pthread_mutex_init(&link->lock, NULL);
    channel_init(&link->channel, -1, message_rules_gate_from_keeper,
                 message_rules_gate_from_keeper_count);
}

void
keeper_link_replace(struct keeper_link *link, int fd)
{
    pthread_mutex_lock(&link->lock);
    channel_close(&link->channel);
    channel_init(&link->channel, fd, message_rules_gate_from_keeper,
                 message_rules_gate_from_keeper_count);
    pthread_mutex_unlock(&link->lock);
}

int
keeper_link_send(struct keeper_link *link, uint32_t type, const void *body, size_t length)
{
    int result = PASU_E_EOF;

    pthread_mutex_lock(&link->lock);
    if (link->channel.fd >= 0)
        result = channel_send(&link->channel, type, body, length, -1);
    pthread_mutex_unlock(&link->lock);
    return result;
}
