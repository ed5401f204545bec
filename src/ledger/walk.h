/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All records of a folder of segments, from an index on, one after the other, whatever they are:
 * for who looks for a few of some type, and needs no batch of a ring to be whole. Files are
 * hostile: a record that is damaged is passed over.
 */
#ifndef PASU_LEDGER_WALK_H
#define PASU_LEDGER_WALK_H

#include "ledger/segment_scan.h"

/* What is to be done with a record: 0 to go on, 1 to stop, or an error. */
typedef int walk_fn(void *arg, const struct segment_record *record);

/* Told now and then about how many bytes were read, and of how many: for progress. */
struct walk_watch {
    void (*look)(void *arg, uint64_t done, uint64_t all);
    void *arg;
};

/* What `see` returned last, or an error: PASU_E_LEDGER_KEY, PASU_E_IO, PASU_E_NOMEM, PASU_E_DENIED.
 * `keys` as of segment_scan_unlock. *is_damaged is set where a record was not whole. `watch` can be
 * NULL. */
PASU_MUST_USE int walk_records(const struct os *os, int segments, const struct segment_keys *keys,
                               uint64_t from, walk_fn *see, void *arg, bool *is_damaged,
                               const struct walk_watch *watch);

#endif
