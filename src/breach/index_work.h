/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work on the index of a ledger: makes it of all records, or brings it up to date, for the commands
 * and for the guard's process that keeps it (breach/indexer.h). One at a time: whoever works has
 * the lock of the folder `index`. Readers have a whole index, or none, at any time.
 *
 * Memory: as of index_build.h, and what is written between two commits. What is made anew is
 * committed as it goes; what is gone on with only when it is done, so that readers see no half of
 * it, and so in portions. Needs nothing of the ledger but its segments. One thread, and the one
 * that index_build.h has beside it while it works.
 */
#ifndef PASU_BREACH_INDEX_WORK_H
#define PASU_BREACH_INDEX_WORK_H

#include "breach/index_state.h"
#include "ledger/index.h"

/* Hears from time to time how many bytes of how many were read; a negative result ends the work. */
typedef int index_work_fn(void *arg, uint64_t done, uint64_t all);

struct index_work {
    const struct os *os;
    int segments, folder;            /* -1: not open */
    const struct segment_keys *keys; /* of the ledger; the caller's. NULL: none */
    index_work_fn *watch;            /* NULL: nobody */
    void *arg;
    /* What came of it: */
    struct index_meta end; /* what is in the index, */
    uint64_t bytes;        /* and its size */
    uint64_t added;        /* entries that were read for it */
    bool is_there;         /* there was one to go on with, of whatever version */
    bool is_cut;           /* it was of records that are deleted by age by now */
};

/* Opens the folders, of which `index` is made where it is not there. Close it in any case.
 * PASU_E_NOTFOUND: there is no ledger. PASU_E_DENIED, PASU_E_DISKFULL, PASU_E_IO. */
PASU_MUST_USE int index_work_open(struct index_work *work, const struct os *os, int directory);
void index_work_close(struct index_work *work);

/* Makes it of all records, and puts it in the place of the one that there is. */
PASU_MUST_USE int index_work_rebuild(struct index_work *work);
/* How many entries are gone on with at once: what they make of the index is in memory until then.
 */
enum { INDEX_WORK_PORTION = 4 << 20 };
/* Adds what came since, at most `most` entries: 1 where there was more. PASU_E_NOTFOUND: there is
 * none, or of another version; PASU_E_CORRUPT: it is damaged; PASU_E_LEDGER_KEY: it, or what is to
 * be added, is not encrypted with the ledger's key; PASU_E_UNAVAILABLE: it is of another
 * ledger, or of more than this one has now, as where some were deleted by age (is_cut). */
PASU_MUST_USE int index_work_update(struct index_work *work, uint64_t most);
/* Whether the index, which is open, can be of this ledger as to what was deleted by age: 0, or as
 * above. */
PASU_MUST_USE int index_work_know(struct index_work *work, struct index *index);
/* One of the records up to `last`, beside the one that there is: to be discarded with
 * index_discard. */
PASU_MUST_USE int index_work_make(struct index_work *work, struct index **made, uint64_t last);

#endif
