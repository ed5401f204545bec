/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The legal holds in force: while there is one, nothing of the ledger is deleted. They are in the
 * ledger, each again at the beginning of every segment (ledger/restated.h). Plain values, owned by
 * the keeper's only thread.
 */
#ifndef PASU_LEDGER_HOLDS_H
#define PASU_LEDGER_HOLDS_H

#include "ledger/payload.h"
#include "ledger/segment_writer.h"

enum { HOLDS_MAX = 64 };

struct holds {
    struct payload_hold items[HOLDS_MAX];
    size_t count;
};

/* PASU_E_RANGE: there are HOLDS_MAX. A number that is there already is replaced. */
PASU_MUST_USE int holds_add(struct holds *holds, const struct payload_hold *hold);
/* PASU_E_NOTFOUND. */
PASU_MUST_USE int holds_remove(struct holds *holds, uint64_t number);
/* Takes what a record says; others are ignored. */
void holds_note(struct holds *holds, const struct segment_record *record);
/* Those that a folder of segments names. `keys` as of segment_scan_unlock; `watch` hears how far it
 * is. PASU_E_IO, PASU_E_NOMEM, PASU_E_DENIED, PASU_E_LEDGER_KEY. */
PASU_MUST_USE int holds_find(struct holds *holds, const struct os *os, int directory,
                             const struct segment_keys *keys, const struct segment_watch *watch);

#endif
