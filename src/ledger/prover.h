/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves what a ledger's folder has, against the newest checkpoint in it: for a command, beside a
 * keeper that writes or without one. Nothing in the folder is changed.
 *
 * The checkpoint is believed once the key that the ledger's records put to use has signed it and
 * the tree in the folder has its root; each proof is checked before it is given out. Files are
 * hostile. Owned by one thread.
 */
#ifndef PASU_LEDGER_PROVER_H
#define PASU_LEDGER_PROVER_H

#include "ledger/checkpoint.h"
#include "ledger/records.h"
#include "ledger/tile_nodes.h"

struct prover {
    const struct os *os;
    struct source_folder folder; /* of the segments */
    struct digester digester;
    struct note_key key; /* the ledger's */
    uint8_t *note;       /* the checkpoint, as it was signed, and a zero */
    size_t note_length;
    struct checkpoint checkpoint; /* borrows from it */
    struct tile_store tiles;
    struct tile_nodes nodes; /* of these */
    struct records records;
    uint64_t at; /* behind the last record that was given */
};

/* PASU_E_NOTFOUND: there is no ledger, or nothing of it is signed yet; PASU_E_CORRUPT: what is
 * there does not go together; and the errors of what it consists of. `keys` as of
 * segment_scan_unlock. After an error there is nothing to release. */
PASU_MUST_USE int prover_open(struct prover *prover, const struct os *os, int directory,
                              const struct segment_keys *keys);
void prover_release(struct prover *prover);
/* The record with this index, borrowed until the next call. As records_seek_index and records_find.
 */
PASU_MUST_USE int prover_record(struct prover *prover, uint64_t index,
                                struct segment_record *record);
/* That the leaf is in the checkpoint's tree. PASU_E_RANGE: the checkpoint does not cover the index;
 * PASU_E_CORRUPT: it is another leaf; those of tile_source. */
PASU_MUST_USE int prover_prove(struct prover *prover, uint64_t index, const struct tree_hash *leaf,
                               struct tree_proof *proof);

#endif
