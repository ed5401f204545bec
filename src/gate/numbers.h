/* SPDX-License-Identifier: Apache-2.0 */
/* What the gate counts, for ledger/metrics.h. The main thread's. */
#ifndef PASU_GATE_NUMBERS_H
#define PASU_GATE_NUMBERS_H

struct gate;

/* MESSAGE_MEASURE: answers the keeper, if there is room in its channel. Nobody waits. */
void numbers_tell(struct gate *gate);

#endif
