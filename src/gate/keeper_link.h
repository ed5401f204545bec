/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate's end of the channel to the keeper, which is replaced whenever a keeper is. Any thread
 * may send; what cannot be sent at once is refused, never waited for: on_failure decides then.
 */
#ifndef PASU_GATE_KEEPER_LINK_H
#define PASU_GATE_KEEPER_LINK_H

#include "base/channel.h"

#include <pthread.h>

struct keeper_link {
    pthread_mutex_t lock;
    struct channel channel; /* fd -1: no keeper */
};

void keeper_link_init(struct keeper_link *link);
/* Takes the descriptor; the former one is closed. -1: no keeper now. */
void keeper_link_replace(struct keeper_link *link, int fd);
/* As channel_send; PASU_E_EOF without a keeper. */
PASU_MUST_USE int keeper_link_send(struct keeper_link *link, uint32_t type, const void *body,
                                   size_t length);

#endif
