/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/arena.h"

#include "base/memory.h"

enum { ALIGNMENT = 16, BLOCK_MAX = 1 << 20 };

struct arena_block {
    struct arena_block *next;
    uint64_t padding; /* what follows is aligned */
};

_Static_assert(sizeof(struct arena_block) == ALIGNMENT, "pieces begin aligned");

void
arena_init(struct arena *arena, size_t first_size)
{
    *arena = (struct arena){.next_size = first_size};
}

void
arena_release(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;

        arena->blocks = block->next;
        memory_free(block);
    }
    arena_init(arena, arena->next_size);
}

/* A block with room for `size` bytes. What the last one had left is given up. */
static bool
grow(struct arena *arena, size_t size)
{
    struct arena_block *block;
    size_t room = arena->next_size;

    if (room < size)
        room = size;
    block = memory_new(1, sizeof(*block) + room);
    if (!block)
        return false;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->at = (uint8_t *)(block + 1);
    arena->end = arena->at + room;
    arena->bytes += sizeof(*block) + room;
    if (arena->next_size < BLOCK_MAX)
        arena->next_size *= 2;
    return true;
}

void *
arena_new(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    void *piece;

    if (arena->failed)
        return NULL;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    bytes = bytes == 0 ? ALIGNMENT : (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if ((size_t)(arena->end - arena->at) < bytes && !grow(arena, bytes)) {
        arena->failed = true;
        return NULL;
    }
    piece = arena->at;
    arena->at += bytes;
    return piece;
}

char *
arena_text(struct arena *arena, const void *bytes, size_t length)
{
    char *text = arena_new(arena, length + 1, 1);

    if (text && length > 0)
        memcpy(text, bytes, length);
    return text;
}
