/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tiles that a folder holds, whoever put them there: which there are, and what they say. A
 * keeper may be writing some, and removing partial ones. See ledger/tile_file.h.
 */
#ifndef PASU_LEDGER_VERIFY_TILE_H
#define PASU_LEDGER_VERIFY_TILE_H

#include "ledger/tile.h"
#include "ledger/verify_report.h"

/* Of one tile: bit w of `has` is set where a file of width w is there. */
struct verify_widths {
    bool has[TILE_WIDTH + 1];
};

/* The tile that stands for the most records. */
struct verify_farthest {
    uint64_t records; /* 0: there is no tile */
    char path[TILE_PATH_SIZE];
};

/* False: there is none of this level and index. */
bool verify_tile_widths(const struct tile_folder *folder, unsigned level, uint64_t index,
                        struct verify_widths *widths);
/* Walks over all; what is no tile is told of. False: there is no folder of tiles. */
bool verify_tile_farthest(const struct tile_folder *folder, const struct verify_report *report,
                          struct verify_farthest *farthest);

#endif
