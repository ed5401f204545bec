/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the subject directory on their way into the index: they are gathered, and then added
 * run by run (index_run.h), each run once for all that came of it. Zeroed is empty.
 *
 * Memory: INDEX_DIRECTORY_MAX entries, and a run's 1.4 MB while it is written.
 */
#ifndef PASU_BREACH_INDEX_DIRECTORY_H
#define PASU_BREACH_INDEX_DIRECTORY_H

#include "breach/index_run.h"
#include "ledger/payload.h"

enum { INDEX_DIRECTORY_MAX = 1 << 18 };

struct index_directory {
    struct index_entry *entries;
    size_t count, space;
    uint64_t next; /* records from here on are behind all that came */
};

void index_directory_release(struct index_directory *directory);
/* PASU_E_RANGE: the record is not behind those that came; PASU_E_NOMEM. */
PASU_MUST_USE int index_directory_add(struct index_directory *directory,
                                      const struct payload_ordinal *ordinal, uint64_t record);
/* Then it is to be written. */
bool index_directory_is_full(const struct index_directory *directory);
/* Adds all to the index, and forgets them. The errors of index_run_add. */
PASU_MUST_USE int index_directory_write(struct index_directory *directory, struct index *index);

#endif
