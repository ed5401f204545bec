/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper knows of the other processes, for `pasu status`: which of them run, and how far
 * the watcher is. The supervisor tells both. In the keeper. */
#ifndef PASU_LEDGER_OTHERS_H
#define PASU_LEDGER_OTHERS_H

#include "ledger/control.h"
#include "ledger/message.h"

enum { OTHERS_MAX = 12 };

struct others {
    struct message_process processes[OTHERS_MAX];
    size_t count;
    struct message_watched watched; /* all 0: it has not said anything */
};

void others_process(struct others *others, const struct message_process *process);
void others_watched(struct others *others, const struct channel_message *message);
/* To who has asked for the status. */
void others_show(const struct others *others, struct control_client *client);

#endif
