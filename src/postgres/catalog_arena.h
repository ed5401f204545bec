/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that lives and dies with one snapshot (or its builder): pieces are cut off large blocks
 * and freed all at once. A pile is an array that grows. Neither is shared between threads while it
 * grows.
 */
#ifndef PASU_POSTGRES_CATALOG_ARENA_H
#define PASU_POSTGRES_CATALOG_ARENA_H

#include "base/bytes.h"

struct catalog_block;

struct catalog_arena {
    struct catalog_block *blocks;
};

/* `size` zeroed bytes, aligned for anything; NULL where no memory is left. */
PASU_MUST_USE void *catalog_arena_take(struct catalog_arena *arena, size_t count, size_t size);
/* A zero-terminated copy. */
PASU_MUST_USE char *catalog_arena_text(struct catalog_arena *arena, struct view text);
void catalog_arena_release(struct catalog_arena *arena);

struct catalog_pile {
    void *items; /* memory_free */
    size_t count, room;
};

/* A new zeroed item of `size` bytes (of all items the same) at the end, or NULL. */
PASU_MUST_USE void *catalog_pile_add(struct catalog_pile *pile, size_t size);
void catalog_pile_release(struct catalog_pile *pile);

#define PILE_EACH(type, item, pile)                                                                \
    for (type *item = (pile)->items, *item##_end = item ? item + (pile)->count : NULL;             \
         item != item##_end; item++)

#endif
