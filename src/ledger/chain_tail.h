/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the records behind a chain's last checkpoint say, which nothing vouches for yet but what is
 * in them: who can write files can have put them there. A part of ledger/chain.h.
 */
#ifndef PASU_LEDGER_CHAIN_TAIL_H
#define PASU_LEDGER_CHAIN_TAIL_H

#include "ledger/note_key.h"
#include "ledger/segment_scan.h"

struct chain_tail {
    uint64_t from;                 /* records from here on */
    uint64_t record;               /* the last one that puts a key to use, */
    uint8_t public[NOTE_KEY_SIZE]; /* which is this */
    bool is_there;                 /* there is one */
    bool is_pruned;                /* one of them says that records were deleted */
    bool is_forged;                /* one of these was not signed by the key of the checkpoint: */
    uint64_t segment, offset;      /* where the first such one is */
};

/* The next record, of any index, in the segment with that first record; the key is the last
 * checkpoint's. PASU_E_CRYPTO. */
PASU_MUST_USE int chain_tail_see(struct chain_tail *tail, uint64_t segment,
                                 const struct segment_record *record, const struct note_key *key);

#endif
