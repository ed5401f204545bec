/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Up to where the ledger has what was in the rings, as its SEGMENT_TAKEN records say.
 *
 * Whoever appends releases the rings up to all that older segments have before the first batch of a
 * new one: so the newest segment that has any such record says all there is to know.
 */
#ifndef PASU_LEDGER_TAKEN_H
#define PASU_LEDGER_TAKEN_H

#include "ledger/ring.h"
#include "ledger/segment_writer.h"

struct taken {
    struct {
        uint64_t file, position;
    } rings[RINGS_MAX];
};

/* Of a folder of segments, from the newest on back. What is damaged is passed over. `keys`
 * as of segment_scan_unlock; `watch` hears how far it is; or NULL. PASU_E_IO, PASU_E_NOMEM,
 * PASU_E_DENIED. */
PASU_MUST_USE int taken_find(struct taken *taken, const struct os *os, int directory,
                             const struct segment_keys *keys, const struct segment_watch *watch);
/* Notes one record; whether it is a SEGMENT_TAKEN that names a ring, and then how many records of
 * the batch before it. */
bool taken_note(struct taken *taken, const struct segment_record *record, uint32_t *count);
/* 0: nothing of that ring of that file. */
uint64_t taken_position(const struct taken *taken, unsigned ring, uint64_t file);

#endif
