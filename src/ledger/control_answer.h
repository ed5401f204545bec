/* SPDX-License-Identifier: Apache-2.0 */
/* What the gate answers to what was asked over the control socket, on its way to whoever asked. */
#ifndef PASU_LEDGER_CONTROL_ANSWER_H
#define PASU_LEDGER_CONTROL_ANSWER_H

#include "ledger/control.h"

/* MESSAGE_SESSION, MESSAGE_SESSIONS_END, MESSAGE_TALLY or MESSAGE_STATUS. Who has gone meanwhile
 * gets nothing. */
void control_answer(struct control *control, const struct channel_message *message);

#endif
