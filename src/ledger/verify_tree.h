/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree over the records as a verifier builds it: leaves in their order, hashed many at once,
 * compared with the tiles that are there, and the roots at the sizes that are asked for.
 *
 *      level 1    [r0 r1 … ]       of each level a row of at most 256 hashes, as tiles are;
 *      level 0    [h0 … h255]      when one is full its root goes to the row above
 *
 * A record that is not there, or cannot be read, has a hash that is not known; a tile's stands for
 * it where there is one. A root over hashes that are not known is not known. For the first ones,
 * where they were deleted, a frontier can stand: the roots of the whole subtrees that they make.
 *
 * Large, on the heap; owned by one thread.
 */
#ifndef PASU_LEDGER_VERIFY_TREE_H
#define PASU_LEDGER_VERIFY_TREE_H

#include "ledger/digest.h"
#include "ledger/entry.h"
#include "ledger/verify_tile.h"

enum { VERIFY_LISTS = 1024 };

struct verify_root {
    uint64_t size;
    bool is_known;
    struct tree_hash hash;
};

struct verify_tree {
    const struct verify_report *report;
    struct tile_folder folder;
    struct verify_farthest farthest; /* of the tiles that were there at the start */
    bool has_tiles;
    uint64_t tiles; /* read */
    struct digester digester;
    uint64_t count; /* leaves */
    struct tree_hash rows[TILE_LEVELS][TILE_WIDTH];
    bool known[TILE_LEVELS][TILE_WIDTH];
    unsigned fill[TILE_LEVELS], compared[TILE_LEVELS];
    struct tree_frontier deleted; /* what stands for the first leaves; of size 0: nothing does */
    struct verify_root *roots;    /* the caller's, sizes rising */
    size_t root_count, root_next;
    /* Leaves that are not hashed yet: they come behind those of row 0. */
    unsigned waiting;
    struct digest_message leaves[TILE_WIDTH], lists[VERIFY_LISTS];
    size_t list_count;
    uint8_t *bytes;
    size_t used;
};

/* `roots`: the sizes at which roots are asked for, rising, none twice; filled in on the way. Walks
 * over the tiles' names. PASU_E_NOMEM, PASU_E_CRYPTO. */
PASU_MUST_USE int verify_tree_init(struct verify_tree *tree, const struct tile_folder *folder,
                                   const struct verify_report *report, struct verify_root *roots,
                                   size_t count);
void verify_tree_release(struct verify_tree *tree);
/* The next record's leaf. PASU_E_CORRUPT: it has none, nothing was added; PASU_E_CRYPTO. */
PASU_MUST_USE int verify_tree_add(struct verify_tree *tree, const struct segment_record *record);
/* Before any other leaf: this is the tree over the first ones, which are not known. */
PASU_MUST_USE int verify_tree_begin(struct verify_tree *tree, const struct tree_frontier *deleted);
/* Leaves up to this index are not known. */
PASU_MUST_USE int verify_tree_lose(struct verify_tree *tree, uint64_t to);
/* All are there: the root of them all, and a word about tiles of more than there are. */
PASU_MUST_USE int verify_tree_end(struct verify_tree *tree, struct verify_root *root);

#endif
