/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger as it grows: records in segments, the tree over them, and what is signed of it
 * (docs/spec/ledger.md). In the ledger's folder:
 *
 *      segments/   what is true                 (segment_writer.h)
 *      tile/       the tree: derived from them  (tile.h)
 *      checkpoint  what was signed of it last   (checkpoint.h)
 *      signing.key                              (signing_key.h; of a new one, chain_change.h)
 *
 * Records are appended in batches that are there as a whole or not at all. The tree follows: what
 * of it could not be written is written before the next batch, and where what it is gone on with
 * when the chain opens is missing or not what was signed, all of it is made again of the records. A
 * checkpoint covers only what is on the disk, and none is ever signed that an earlier one is not
 * consistent with: a chain whose records are not those that its last checkpoint covers does not
 * open. (Segments that are older than the last tile of 256 leaves are not read again for that;
 * whoever verifies reads them.) Where the first segments were deleted by age, the tree is made
 * again from what the last SEGMENT_PRUNED says of them on; tiles of theirs that are there stay,
 * others cannot be made again.
 *
 * Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_CHAIN_H
#define PASU_LEDGER_CHAIN_H

#include "ledger/chain_change.h"
#include "ledger/chain_tail.h"
#include "ledger/segment_writer.h"
#include "ledger/tile.h"

struct chain {
    const struct os *os;
    int directory; /* the ledger's folder; not ours */
    int segments;  /* the folder below it; -1: not open */
    struct segment_writer writer;
    const struct segment_keys *keys;
    struct tree_hasher hasher;
    struct tile_folder folder;
    struct tile_store tiles;
    bool has_tiles;
    struct signing_key key; /* none: it was lost, and another one is to take its place */
    struct chain_change change;
    const struct segment_watch *watch; /* while it opens */
    struct chain_tail tail;            /* the same */
    uint64_t signed_size;              /* of the last checkpoint */
    /* The leaves of committed records that are not in the tree yet, and of the batch behind them.
     */
    struct tree_hash *leaves;
    size_t leaf_at, leaf_end, leaf_batch;
};

struct chain_report {
    struct segment_report segments;
    uint64_t size;    /* records */
    uint64_t rebuilt; /* records that were read to make the whole tree again; 0: it was right */
    bool is_new;
};

/* Opens the ledger in the folder, or makes it, with this origin (a name that a note's key may have;
 * empty: whatever it has, or one of its random id) and its key, owned by the account. `keys` and
 * `watch` as of segment_writer_open; the keys must open the ledger's first segment and all those
 * that are read to make the tree: PASU_E_LEDGER_KEY. PASU_E_CORRUPT: damage, at the place in the
 * report, or records, origin or key are not those of the last checkpoint; PASU_E_NOTFOUND: the
 * ledger is there and its key is not; PASU_E_LEDGER_FORGED: a SEGMENT_PRUNED behind the last
 * checkpoint, or a change of the key that is not over, which the key has not signed, at the place
 * in the report; the errors of what it consists of. After an error there is nothing to close. */
PASU_MUST_USE int chain_open(struct chain *chain, const struct os *os, int directory,
                             struct view origin, const struct sandbox_account *account,
                             const struct segment_keys *keys, const struct segment_watch *watch,
                             struct chain_report *report);
/* The same of a ledger whose key is lost, so that another one can take its place: until then
 * nothing can be signed. PASU_E_USAGE: the key is there. */
PASU_MUST_USE int chain_open_lost(struct chain *chain, const struct os *os, int directory,
                                  const struct segment_keys *keys,
                                  const struct segment_watch *watch, struct chain_report *report);
void chain_close(struct chain *chain);

/* As segment_begin, segment_put, segment_commit and segment_abort. After an error of chain_put
 * other than PASU_E_RANGE and PASU_E_AGAIN (PASU_E_CORRUPT: no exposure) the batch is to be
 * aborted. */
PASU_MUST_USE int chain_begin(struct chain *chain, size_t bytes);
PASU_MUST_USE int chain_put(struct chain *chain, enum segment_type type, int64_t time,
                            const struct iovec *parts, size_t count, uint64_t *index);
PASU_MUST_USE int chain_commit(struct chain *chain);
void chain_abort(struct chain *chain);
/* As segment_sync. */
PASU_MUST_USE int chain_sync(struct chain *chain);
/* Makes everything committed durable and signs it, unless the last checkpoint covers it. After an
 * error the last one still stands. */
PASU_MUST_USE int chain_checkpoint(struct chain *chain);
/*
 * Another key takes the place of the chain's: chain_key_make, then chain_key_put within a batch,
 * and once that is committed chain_checkpoint, which both keys sign, where there is an old one.
 * After that the old one is gone for good. After an error before the commit nothing has changed,
 * and all can be tried again; behind it, chain_checkpoint or the next start goes on.
 */
PASU_MUST_USE int chain_key_make(struct chain *chain);
PASU_MUST_USE int chain_key_put(struct chain *chain, int64_t time);
/* Records, committed. */
uint64_t chain_size(const struct chain *chain);
/* Within a batch: the index of the record that is put next. */
uint64_t chain_next(const struct chain *chain);

#endif
