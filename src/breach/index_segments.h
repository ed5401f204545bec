/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger's files were when they were indexed (docs/spec/index.md, Z): how far each is in
 * the index, the checksum of those bytes, and what the file system said of it. An answer with the
 * index rests on bytes that it does not read: whoever asks compares this first, so that damage
 * which came later is not passed over in silence. A file of which the file system says that nobody
 * wrote to it since is not read; any other is, up to where the index goes.
 *
 * It finds what was written to the files since, and files that are gone; not what a disk forgets
 * without the file system's knowledge, nor a change made before the index was (`pasu ledger
 * verify`, or reading the ledger, does).
 */
#ifndef PASU_BREACH_INDEX_SEGMENTS_H
#define PASU_BREACH_INDEX_SEGMENTS_H

#include "ledger/index.h"
#include "ledger/records.h"

/* Notes them, up to the place, which the index has all before of; of those that were noted already
 * only what came since is read. PASU_E_CORRUPT: one of those is not what it was. PASU_E_IO,
 * PASU_E_NOMEM, … */
PASU_MUST_USE int index_segments_save(struct index *index, const struct os *os, int segments,
                                      const struct records_place *end);
/* 0: they are what was indexed; 1: one is not, or is gone, and *first is which: the index must not
 * be asked. PASU_E_CORRUPT: the index is damaged; PASU_E_UNAVAILABLE: it has never noted any;
 * PASU_E_IO, PASU_E_NOMEM, PASU_E_DENIED. */
PASU_MUST_USE int index_segments_check(struct index *index, const struct os *os, int segments,
                                       uint64_t *first);

#endif
