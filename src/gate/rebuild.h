/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gate must know of the past, from the ledger: who has been shown whom (tallies), which
 * keys have which ordinals (directory), which relations carry personal values (marks). Read before
 * the gate is let to the network, from the ledger's segments and the rings; by steps, however
 * long the ledger is, so that the main thread goes on answering the supervisor.
 *
 * Owned by the gate's main thread.
 */
#ifndef PASU_GATE_REBUILD_H
#define PASU_GATE_REBUILD_H

#include "exposure/kinds.h"
#include "gate/past_marks.h"
#include "gate/worker.h"
#include "ledger/segment_cipher.h"
#include "ledger/source.h"

struct rebuild;

struct rebuild_progress {
    uint64_t entries, damaged; /* damaged: places that were passed over */
    uint64_t done, all;        /* bytes of the ledger */
};

/* Begins, with segments of this source, opened with the keys, which stay the caller's. `kinds`
 * NULL: nothing is restored, it is only seen whether all can be read. PASU_E_NOMEM, PASU_E_IO. */
PASU_MUST_USE int rebuild_new(struct rebuild **rebuild, struct gate_shared *shared,
                              struct source source, const struct segment_keys *keys,
                              struct kinds *kinds);
/* Goes on for some milliseconds, or until the source has nothing yet: PASU_E_AGAIN: there is more;
 * 0: all has been read. What is damaged is passed over. PASU_E_IO, PASU_E_NOMEM: it cannot be read
 * to its end. */
PASU_MUST_USE int rebuild_step(struct rebuild *rebuild);
void rebuild_progress(const struct rebuild *rebuild, struct rebuild_progress *progress);
/* The caller becomes the owner. */
void rebuild_take_marks(struct rebuild *rebuild, struct past_marks *marks);
void rebuild_free(struct rebuild *rebuild);

#endif
