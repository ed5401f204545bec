/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is taken in many small pieces and given back at once.
 *
 * Failure is sticky: after the first piece that could not be had, `failed` stays true. Whoever
 * works in an arena stops where a piece is NULL, and asks once, at the end, whether all went well.
 */
#ifndef PASU_POSTGRES_ARENA_H
#define PASU_POSTGRES_ARENA_H

#include "base/attributes.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* the newest first */
    uint8_t *at, *end;
    size_t next_size; /* of the next block */
    size_t bytes;     /* of all blocks */
    bool failed;
};

/* Nothing is taken yet; `first_size` bytes are, at first need. */
void arena_init(struct arena *arena, size_t first_size);
void arena_release(struct arena *arena);
/* Zeroed, aligned for anything; NULL where there is none. Lives as long as the arena. */
void *arena_new(struct arena *arena, size_t count, size_t size);
/* A zero-terminated copy. */
char *arena_text(struct arena *arena, const void *bytes, size_t length);

#endif
