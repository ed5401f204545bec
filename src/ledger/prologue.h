/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands for the segments of a ledger that were deleted by age (ledger/prune.h), for whoever
 * reads what is left: the last SEGMENT_PRUNED, found from the newest segment back, and the records
 * that were carried over with it, which are what later records refer to.
 *
 * Files are hostile: of what is damaged, nothing is found. Owned by one thread; where the source
 * has nothing yet, the same call goes on where it was.
 */
#ifndef PASU_LEDGER_PROLOGUE_H
#define PASU_LEDGER_PROLOGUE_H

#include "ledger/pruned.h"
#include "ledger/segment_scan.h"
#include "ledger/source.h"

struct prologue {
    const struct os *os;
    struct source source;
    const struct segment_keys *keys;
    enum { PROLOGUE_BEGIN, PROLOGUE_FIND, PROLOGUE_READ, PROLOGUE_END } phase;
    uint64_t below;   /* the record has a smaller index; for whoever wants more than any */
    uint64_t first;   /* index of the first record that is left */
    uint64_t at;      /* index whose segment is looked at next */
    uint64_t entered; /* the segment that was read last: of its first record, and one more */
    bool is_found;
    struct pruned pruned;
    struct segment_scan scan;
    int fd; /* of the segment that is read; -1: none */
};

/* The keys stay the caller's, and there until the release. */
void prologue_init(struct prologue *prologue, const struct os *os, struct source source,
                   const struct segment_keys *keys);
void prologue_release(struct prologue *prologue);
/* 0: `pruned` is what counts. PASU_E_NOTFOUND: the ledger begins with its first record, or there is
 * none; PASU_E_CORRUPT: it begins later, at `first`, and no record says why; PASU_E_AGAIN: of the
 * source; PASU_E_LEDGER_KEY, PASU_E_IO, PASU_E_NOMEM. */
PASU_MUST_USE int prologue_find(struct prologue *prologue);
/* The same by steps of a segment: 1: call again. */
PASU_MUST_USE int prologue_look(struct prologue *prologue);
/* After prologue_find was 0: 1: what was carried over, in the order in which it was written,
 * borrowed until the next call; 0: the end; errors as of prologue_find. */
PASU_MUST_USE int prologue_next(struct prologue *prologue, struct payload_carried *carried);
/* Of a folder of segments: what was carried over of the record with this index, as it was: time,
 * type and payload, which is copied to where there is as much room as the view is long; by the last
 * SEGMENT_PRUNED with an index below this one.
 * PASU_E_NOTFOUND: nothing was; PASU_E_CORRUPT: it is longer; the errors of prologue_find. */
PASU_MUST_USE int prologue_copy(const struct os *os, int segments, const struct segment_keys *keys,
                                uint64_t below, struct segment_record *record, void *payload);
/* The tree over the records that were deleted, by the same one. */
PASU_MUST_USE int prologue_frontier(const struct os *os, int segments,
                                    const struct segment_keys *keys, uint64_t below,
                                    struct tree_frontier *frontier);

#endif
