/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody does to the ledger by a command, and who did it: asking about people, exporting,
 * holding and releasing, erasing, acknowledging alerts, changing the key, registering decoys and
 * retiring them, what is told of incidents. Each is a record before it is answered. In the keeper.
 */
#ifndef PASU_LEDGER_DEED_H
#define PASU_LEDGER_DEED_H

#include "ledger/control.h"
#include "ledger/intake.h"

/* Does what the client asks for, if it is one of these, which need no gate, and ends the client.
 * False: it is none. */
bool deed_do(struct control_client *client, struct intake *intake);
/* The deadlines that run, for who asks for the status: a CONTROL_DEADLINE each. */
void deed_show_clocks(struct control_client *client, const struct clocks *clocks);

#endif
