/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiles as files, with the paths of the public format c2sp.org/tlog-tiles: below a folder
 *
 *      tile/<level>/<index>            a full tile: 256 hashes, 8,192 bytes
 *      tile/<level>/<index>.p/<width>  a partial one: 1 … 255 hashes
 *      tile/.new                       one that is being written; nobody reads it
 *
 * An index is written in groups of three digits, all but the last with an x: x001/x234/067. One
 * writer. Under its own name a tile is whole or not there: it is written under another one and
 * renamed. What a process that was killed has left of a tile is written over by the next.
 */
#ifndef PASU_LEDGER_TILE_FILE_H
#define PASU_LEDGER_TILE_FILE_H

#include "base/os.h"
#include "ledger/tree.h"

enum {
    TILE_HEIGHT = 8, /* of a tile: 256 hashes are the leaves of a subtree of that height */
    TILE_WIDTH = 1 << TILE_HEIGHT,
    TILE_PATH_SIZE = 48, /* of the longest path, with its zero */
};

struct tile_folder {
    const struct os *os;
    int directory;   /* not ours */
    bool is_durable; /* files and the folders that lead to them are synced */
};

/* The tile's path below the folder. `level` 0 … 63, `width` 1 … TILE_WIDTH, as in all of these. */
void tile_path(char path[TILE_PATH_SIZE], unsigned level, uint64_t index, unsigned width);
/* PASU_E_NOTFOUND; PASU_E_CORRUPT: it has another length, or is a link; PASU_E_IO and its like.
 * The hashes are undefined after an error. */
PASU_MUST_USE int tile_read(const struct tile_folder *folder, unsigned level, uint64_t index,
                            unsigned width, struct tree_hash *hashes);
/* Makes the folders that it needs. PASU_E_DISKFULL, PASU_E_IO and its like: the tile that was there
 * is there still, or already the new one. */
PASU_MUST_USE int tile_write(const struct tile_folder *folder, unsigned level, uint64_t index,
                             unsigned width, const struct tree_hash *hashes);
/* Removes the partial tiles of one that is there in full: a reader asks for that one then. What
 * cannot be removed stays. */
void tile_remove_partial(const struct tile_folder *folder, unsigned level, uint64_t index);

#endif
