/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/catalog_arena.h"

#include "base/memory.h"

#include <stdalign.h>

enum { BLOCK_SIZE = 64 << 10, LARGE_SIZE = BLOCK_SIZE / 4, PILE_FIRST = 16 };

struct catalog_block {
    struct catalog_block *next;
    size_t used, size;
    alignas(max_align_t) uint8_t bytes[];
};

/* What is large has a block of its own, behind the one that is being filled. */
static struct catalog_block *
block_new(struct catalog_arena *arena, size_t size)
{
    struct catalog_block *block = memory_new(1, sizeof(*block) + size);

    if (!block)
        return NULL;
    block->size = size;
    if (size > LARGE_SIZE && size != BLOCK_SIZE && arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *
catalog_arena_take(struct catalog_arena *arena, size_t count, size_t size)
{
    struct catalog_block *block = arena->blocks;
    size_t length;
    void *piece;

    if (__builtin_mul_overflow(count, size, &length) || length > SIZE_MAX / 2)
        return NULL;
    length = (length + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (length > LARGE_SIZE)
        block = block_new(arena, length);
    else if (!block || block->size - block->used < length)
        block = block_new(arena, BLOCK_SIZE);
    if (!block)
        return NULL;
    piece = block->bytes + block->used;
    block->used += length;
    return piece;
}

char *
catalog_arena_text(struct catalog_arena *arena, struct view text)
{
    char *copy = text.length < SIZE_MAX ? catalog_arena_take(arena, text.length + 1, 1) : NULL;

    if (copy && text.length > 0)
        memcpy(copy, text.bytes, text.length);
    return copy;
}

void
catalog_arena_release(struct catalog_arena *arena)
{
    while (arena->blocks) {
        struct catalog_block *block = arena->blocks;

        arena->blocks = block->next;
        memory_free(block);
    }
}

void *
catalog_pile_add(struct catalog_pile *pile, size_t size)
{
    uint8_t *item;

    if (pile->count == pile->room) {
        size_t room = pile->room > 0 ? 2 * pile->room : PILE_FIRST;
        void *items = memory_resize(pile->items, room, size);

        if (!items)
            return NULL;
        pile->items = items;
        pile->room = room;
    }
    item = (uint8_t *)pile->items + pile->count * size;
    memset(item, 0, size);
    pile->count++;
    return item;
}

void
catalog_pile_release(struct catalog_pile *pile)
{
    memory_free(pile->items);
    *pile = (struct catalog_pile){0};
}
