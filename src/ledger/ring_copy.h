/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a ring held at one moment, in memory of our own: its writer and its reader may go on. What
 * the reader released while it was copied, and the writer may have written over, is left out; it is
 * in the ledger by then.
 */
#ifndef PASU_LEDGER_RING_COPY_H
#define PASU_LEDGER_RING_COPY_H

#include "ledger/ring.h"

struct ring_copy {
    uint8_t *bytes;
    size_t length, size, at;
    bool is_damaged; /* something in it is no entry; it and what follows is left out */
};

/* All zero is an empty copy. PASU_E_NOMEM. */
PASU_MUST_USE int ring_copy_take(struct ring_copy *copy, const struct ring *ring);
/* The next entry that ends behind `after`; false: there is none. */
bool ring_copy_next(struct ring_copy *copy, uint64_t after, struct ring_entry *entry);
void ring_copy_release(struct ring_copy *copy);

#endif
