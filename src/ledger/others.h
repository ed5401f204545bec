/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper knows of the other processes, for `pasu status`: how they are, and how far the
 * watcher is. The supervisor tells both; how that one is, its silence tells. In the keeper. */
#ifndef PASU_LEDGER_OTHERS_H
#define PASU_LEDGER_OTHERS_H

#include "ledger/control.h"
#include "ledger/message.h"
#include "ledger/record.h"

enum { OTHERS_MAX = 12 };

struct others {
    struct message_process processes[OTHERS_MAX];
    size_t count;
    struct message_watched watched; /* all 0: it has not said anything */
    int64_t heard_at, heard_time;   /* of the supervisor: monotonic, realtime; 0: not yet */
};

void others_process(struct others *others, const struct message_process *process);
void others_watched(struct others *others, const struct channel_message *message);
/* The supervisor asks whether we live: so it does. */
void others_heard(struct others *others, const struct os *os);
/* To who has asked for the status; of the ledger, why it cannot be written where it cannot. */
void others_show(const struct others *others, const struct record_keeping *records,
                 struct control_client *client);

#endif
