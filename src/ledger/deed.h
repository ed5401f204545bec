/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody does to the ledger by a command, and who did it: asking about people, exporting,
 * holding and releasing, erasing, changing the key. Each is a record before it is answered. In the
 * keeper.
 */
#ifndef PASU_LEDGER_DEED_H
#define PASU_LEDGER_DEED_H

#include "ledger/control.h"
#include "ledger/intake.h"

/* Whether a control_verb is one of these, which need no gate. */
bool deed_is(uint32_t verb);
/* Does it, and ends the client. */
void deed_do(struct control_client *client, struct intake *intake);

#endif
