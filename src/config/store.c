/* SPDX-License-Identifier: Apache-2.0 */
#include "config/store.h"

#include "base/memory.h"

#include <stdarg.h>

enum { BLOCK_SIZE = 16 * 1024, ALIGNMENT = 16 };

struct store_block {
    struct store_block *next;
    size_t size, used; /* of `bytes` */
    _Alignas(ALIGNMENT) uint8_t bytes[];
};

/* A block with room for `size` bytes, in front of the others. */
static struct store_block *
block_new(struct store *store, size_t size)
{
    size_t room = size > BLOCK_SIZE / 2 ? size : BLOCK_SIZE;
    struct store_block *block;

    if (size > SIZE_MAX - sizeof(*block))
        return NULL;
    block = memory_new(1, sizeof(*block) + room);
    if (block == NULL)
        return NULL;
    block->size = room;
    block->next = store->blocks;
    store->blocks = block;
    return block;
}

void *
store_new(struct store *store, size_t count, size_t size)
{
    struct store_block *block = store->blocks;
    size_t wanted;
    void *piece;

    if (store->failed)
        return NULL;
    if (__builtin_mul_overflow(count, size, &wanted) || wanted > SIZE_MAX - ALIGNMENT) {
        store->failed = true;
        return NULL;
    }
    wanted = (wanted + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (block == NULL || block->size - block->used < wanted)
        block = block_new(store, wanted);
    if (block == NULL) {
        store->failed = true;
        return NULL;
    }
    piece = block->bytes + block->used;
    block->used += wanted;
    return piece;
}

char *
store_dup(struct store *store, struct view v)
{
    char *copy = store_new(store, v.length + 1, 1);

    if (copy != NULL && v.length > 0)
        memcpy(copy, v.bytes, v.length);
    return copy;
}

char *
store_format(struct store *store, const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    text = length < 0 ? NULL : store_new(store, (size_t)length + 1, 1);
    if (text == NULL)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

void
store_release(struct store *store)
{
    while (store->blocks != NULL) {
        struct store_block *block = store->blocks;

        store->blocks = block->next;
        memory_wipe(block->bytes, block->used);
        memory_free(block);
    }
    store->failed = false;
}
