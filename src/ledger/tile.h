/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree on disk, as the public format c2sp.org/tlog-tiles has it, so that whatever reads that
 * format can check the ledger. Its files are described in ledger/tile_file.h.
 *
 *      level 1    [r0 r1 …]               a hash of a tile is the root of a full tile below it;
 *                   │  └────────┐          at level 0 it is a leaf's. The seven heights between two
 *      level 0    [h0 … h255]  [h256 …]    levels are hashed again when they are asked for.
 *
 * One writer. It keeps the tile that is not full of each level in memory (8 KiB a level), so that
 * appending touches the disk once in 256 leaves. A tile is written when it becomes full, which ends
 * its partial ones, and never again; only a store that is opened at a smaller size than it had
 * writes those beyond it anew.
 *
 * Tiles are derived data. Nothing here is checked against a signature: whoever reads compares the
 * root with a checkpoint's, and where it differs, or a tile is missing or damaged, the leaves are
 * appended again to a store of size 0. After an error of a write the store is what it was, and the
 * same call can be made again.
 *
 * A store belongs to one thread, with its hasher.
 */
#ifndef PASU_LEDGER_TILE_H
#define PASU_LEDGER_TILE_H

#include "ledger/tile_file.h"

enum { TILE_LEVELS = TREE_HEIGHTS / TILE_HEIGHT };

struct tile_store {
    struct tile_folder folder;
    struct tree_hasher *hasher;             /* not ours */
    struct tree_frontier frontier;          /* for whoever wants size and root; not to be written */
    struct tree_hash *partial[TILE_LEVELS]; /* TILE_WIDTH each, or NULL where not needed yet */
    uint64_t published[TILE_LEVELS];        /* hashes of the level when it was published last */
    struct tree_hash *read;                 /* the full tile that was read last, or NULL */
    unsigned read_level;
    uint64_t read_index;
    bool has_read;
};

/* Gives the hash of leaf `index`, or a negative error. */
struct tile_leaves {
    int (*leaf)(void *arg, uint64_t index, struct tree_hash *hash);
    void *arg;
};

/* Opens the store in the folder at a size that it has, or had, making nothing. The partial tile of
 * level 0 is made of `leaves` again (at most 255 are asked for), or without them read; those above
 * are read, and where they are missing made of the full tiles below. PASU_E_NOTFOUND: a tile that
 * is needed is not there, PASU_E_CORRUPT: it has another length; PASU_E_NOMEM, PASU_E_IO, or what
 * `leaves` answered. After an error there is nothing to close. */
PASU_MUST_USE int tile_open(struct tile_store *store, const struct tile_folder *folder,
                            struct tree_hasher *hasher, uint64_t size,
                            const struct tile_leaves *leaves);
void tile_close(struct tile_store *store);
/* Adds a leaf's hash; writes the tiles that it fills. After an error (PASU_E_NOMEM,
 * PASU_E_DISKFULL, PASU_E_IO, PASU_E_RANGE: 2^64 - 1 leaves) it is not added. */
PASU_MUST_USE int tile_append(struct tile_store *store, const struct tree_hash *leaf);
/* Writes the partial tiles of the present size, those of them that are not there yet: all that a
 * checkpoint of this size needs is on disk then. */
PASU_MUST_USE int tile_publish(struct tile_store *store);
/* The hashes of a tile that the store has, borrowed until the next call, and how many it has.
 * PASU_E_RANGE: none; as in tile_open. */
PASU_MUST_USE int tile_hashes(struct tile_store *store, unsigned level, uint64_t index,
                              const struct tree_hash **hashes, unsigned *width);
/* The store as a source for proofs at any size up to its own. A node that is not full is
 * PASU_E_RANGE; tiles that are missing or damaged as in tile_open. */
struct tree_source tile_source(struct tile_store *store);

#endif
