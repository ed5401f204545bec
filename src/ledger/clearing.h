/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks (docs/spec/mark.md) that somebody lists, or takes away by `pasu marks`. The gate has them;
 * it first says that those of a table can be taken away, and as of which moment. Then that is
 * recorded, with who and why, raised as an alert and signed, and only then done. Where the gate
 * dies between it is done all the same when the next one reads the ledger; where the keeper does,
 * the gate keeps the mark until then. The keeper's only thread.
 */
#ifndef PASU_LEDGER_CLEARING_H
#define PASU_LEDGER_CLEARING_H

#include "base/channel.h"
#include "ledger/control.h"
#include "ledger/intake.h"

/* CONTROL_MARKS, CONTROL_CLEAR: goes to the gate; false: the client asks for something else. */
bool clearing_ask(struct control_client *client, struct channel *gate);
/* MESSAGE_MARKED, MESSAGE_CLEARED; others are passed over. */
void clearing_take(struct control *control, struct intake *intake, struct channel *gate,
                   const struct channel_message *message);

#endif
