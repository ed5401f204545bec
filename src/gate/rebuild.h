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

/* `marks` are empty at first. The errors of ledger_reader_next but PASU_E_CORRUPT: a damaged place
 * is passed over and counted in *damaged. */
PASU_MUST_USE int rebuild(struct gate_shared *shared, struct kinds *kinds, struct past_marks *marks,
                          uint64_t *entries, uint64_t *damaged);

#endif
