/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gate must know of the past, from the ledger: who has been shown whom (tallies), which
 * keys have which ordinals (directory), which relations carry personal values (marks). Done once,
 * before the gate is let to the network, from the journal's descriptor, which is closed afterwards,
 * and the rings.
 */
#ifndef PASU_GATE_REBUILD_H
#define PASU_GATE_REBUILD_H

#include "gate/kinds.h"
#include "gate/past_marks.h"
#include "gate/worker.h"

/* Of `marks`, which are empty at first, the caller becomes the owner. What is damaged is passed
 * over; that, and an end before the end, are logged. */
void rebuild(struct gate_shared *shared, struct kinds *kinds, struct past_marks *marks);

#endif
