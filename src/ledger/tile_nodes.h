/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of a tree on disk (ledger/tile.h), for whoever proves much: a tile that was read is
 * hashed once, all its heights at a time, and kept together with the others that were used last.
 *
 *      tile: 256 hashes │ 128 nodes │ 64 │ … │ 2          16 KiB; the root is in the tile above
 *
 * One thread. The store must not grow meanwhile.
 */
#ifndef PASU_LEDGER_TILE_NODES_H
#define PASU_LEDGER_TILE_NODES_H

#include "ledger/digest.h"
#include "ledger/tile.h"

enum { TILE_NODES_KEPT = 16 }; /* proofs of three places in turn need not twelve */

struct tile_kept {
    struct tree_hash *nodes; /* NULL: none yet */
    unsigned level;
    uint64_t index, used; /* of the tile; when it was asked for last */
};

struct tile_nodes {
    struct tile_store *store;  /* not ours */
    struct digester *digester; /* the same */
    struct tile_kept kept[TILE_NODES_KEPT];
    uint64_t asked;
};

void tile_nodes_init(struct tile_nodes *nodes, struct tile_store *store, struct digester *digester);
void tile_nodes_release(struct tile_nodes *nodes);
/* As tile_source. */
struct tree_source tile_nodes_source(struct tile_nodes *nodes);

#endif
