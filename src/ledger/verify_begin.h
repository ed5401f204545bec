/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a ledger begins of which the first records were deleted by age: with what the last record
 * that says so has for them, the tree over them, and what was carried over of whose ledger it is
 * and of its keys. It is believed as far as checkpoints of what is behind agree with it.
 *
 * The last one that a checkpoint can cover is taken before one behind all of them, which anybody
 * who can write files can have put there, with whatever keys carried over; nothing that is there is
 * passed over for that.
 */
#ifndef PASU_LEDGER_VERIFY_BEGIN_H
#define PASU_LEDGER_VERIFY_BEGIN_H

#include "ledger/verify_content.h"
#include "ledger/verify_tree.h"

/* Before the first record, with the indexes of the segments' first ones, and the largest size of a
 * checkpoint: the place in these of the one that is the first of the rest. Tree and content are as
 * behind what is gone; or untouched, and the place is 0, where nothing was deleted, or no record
 * says so. PASU_E_NOMEM, PASU_E_CRYPTO. */
PASU_MUST_USE int verify_begin(const struct os *os, int segments, const struct segment_keys *keys,
                               const uint64_t *firsts, size_t count, uint64_t covered,
                               struct verify_tree *tree, struct verify_content *content,
                               size_t *at);

#endif
