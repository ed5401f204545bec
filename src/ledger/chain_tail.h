/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the records behind a chain's last checkpoint say, which nothing vouches for yet but what is
 * in them: who can write files can have put them there. A part of ledger/chain.h.
 */
#ifndef PASU_LEDGER_CHAIN_TAIL_H
#define PASU_LEDGER_CHAIN_TAIL_H

#include "ledger/handover.h"

struct chain_tail {
    uint64_t from;  /* records from here on */
    bool is_there;  /* one puts another key to use than that of the checkpoint: */
    bool is_over;   /* and one behind it says that that one is retired */
    bool is_pruned; /* one of them says that records were deleted */
    bool is_forged; /* one of these was not signed by the key of the checkpoint, or is of no keeper
                     * where it stands: */
    uint64_t segment, offset; /* where the first such one is */
    struct handover_record key;
};

/* The next record, of any index, in the segment with that first record; the key is the last
 * checkpoint's. PASU_E_CRYPTO. */
PASU_MUST_USE int chain_tail_see(struct chain_tail *tail, uint64_t segment,
                                 const struct segment_record *record, const struct note_key *key);

/* That this record is forged. */
void chain_tail_forged(struct chain_tail *tail, uint64_t segment,
                       const struct segment_record *record);

#endif
