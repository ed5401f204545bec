/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/tile.h"

#include "base/memory.h"
#include "ledger/tile_file.h"

/* Hashes of a level in a tree of this size; those of full tiles, then those of the partial one. */
static uint64_t
hashes_at(uint64_t size, unsigned level)
{
    return size >> (level * TILE_HEIGHT);
}

static unsigned
partial_width(uint64_t size, unsigned level)
{
    return (unsigned)(hashes_at(size, level) % TILE_WIDTH);
}

static uint64_t
partial_index(uint64_t size, unsigned level)
{
    return hashes_at(size, level) / TILE_WIDTH;
}

/* ---- nodes ---- */

static struct tree_hash *
new_tile(void)
{
    return memory_new(TILE_WIDTH, sizeof(struct tree_hash));
}

/* Borrowed until the next call. */
static int
read_full(struct tile_store *s, unsigned level, uint64_t index, const struct tree_hash **hashes)
{
    int result = 0;

    if (!s->read)
        s->read = new_tile();
    if (!s->read)
        return PASU_E_NOMEM;
    if (!s->has_read || s->read_level != level || s->read_index != index)
        result = tile_read(&s->folder, level, index, TILE_WIDTH, s->read);
    s->has_read = result == 0;
    s->read_level = level;
    s->read_index = index;
    *hashes = s->read;
    return result;
}

/* The root of 2^height hashes of a tile. */
static int
root_of(struct tree_hasher *hasher, const struct tree_hash *hashes, unsigned height,
        struct tree_hash *root)
{
    PASU_UNINITIALIZED struct tree_hash made[TILE_WIDTH / 2];
    int result = 0;

    if (height == 0) {
        *root = hashes[0];
        return 0;
    }
    for (; height > 0 && result == 0; height--, hashes = made)
        for (size_t i = 0; i < (size_t)1 << (height - 1) && result == 0; i++)
            result = tree_hash_node(hasher, &hashes[2 * i], &hashes[2 * i + 1], &made[i]);
    *root = made[0];
    return result;
}

int
tile_hashes(struct tile_store *s, unsigned level, uint64_t index, const struct tree_hash **hashes,
            unsigned *width)
{
    *width = TILE_WIDTH;
    if (index != partial_index(s->frontier.size, level))
        return read_full(s, level, index, hashes);
    *width = partial_width(s->frontier.size, level);
    *hashes = s->partial[level];
    return *width > 0 ? 0 : PASU_E_RANGE;
}

static int
node_of_store(void *arg, unsigned height, uint64_t index, struct tree_hash *hash)
{
    struct tile_store *s = arg;
    unsigned level = height / TILE_HEIGHT, width;
    const struct tree_hash *hashes;
    uint64_t first;
    int result;

    if (height >= TREE_HEIGHTS || index >= s->frontier.size >> height)
        return PASU_E_RANGE;
    first = index << height % TILE_HEIGHT;
    result = tile_hashes(s, level, first / TILE_WIDTH, &hashes, &width);
    if (result != 0)
        return result;
    return root_of(s->hasher, hashes + first % TILE_WIDTH, height % TILE_HEIGHT, hash);
}

struct tree_source
tile_source(struct tile_store *s)
{
    return (struct tree_source){node_of_store, s};
}

/* ---- opening ---- */

static int
take_leaves(const struct tile_leaves *leaves, uint64_t first, unsigned width,
            struct tree_hash *hashes)
{
    int result = 0;

    for (unsigned i = 0; i < width && result == 0; i++)
        result = leaves->leaf(leaves->arg, first + i, &hashes[i]);
    return result;
}

/* The hashes of a level, made of full tiles of the one below. */
static int
make_partial(struct tile_store *s, unsigned level, uint64_t first, unsigned width,
             struct tree_hash *hashes)
{
    const struct tree_hash *below;
    int result = 0;

    for (unsigned i = 0; i < width && result == 0; i++) {
        result = read_full(s, level - 1, first + i, &below);
        if (result == 0)
            result = root_of(s->hasher, below, TILE_HEIGHT, &hashes[i]);
    }
    return result;
}

static int
load_level(struct tile_store *s, unsigned level, uint64_t size, const struct tile_leaves *leaves)
{
    unsigned width = partial_width(size, level);
    uint64_t index = partial_index(size, level);
    struct tree_hash *hashes;
    int result;

    if (width == 0)
        return 0;
    hashes = s->partial[level] = new_tile();
    if (!hashes)
        return PASU_E_NOMEM;
    if (level == 0 && leaves)
        return take_leaves(leaves, index * TILE_WIDTH, width, hashes);
    result = tile_read(&s->folder, level, index, width, hashes);
    if (result == PASU_E_NOTFOUND) /* the store has had more leaves, and the tile became full */
        result = tile_read(&s->folder, level, index, TILE_WIDTH, hashes);
    if (result == PASU_E_NOTFOUND && level > 0)
        result = make_partial(s, level, index * TILE_WIDTH, width, hashes);
    return result;
}

int
tile_open(struct tile_store *s, const struct tile_folder *folder, struct tree_hasher *hasher,
          uint64_t size, const struct tile_leaves *leaves)
{
    const struct tree_source source = tile_source(s);
    int result = 0;

    *s = (struct tile_store){.folder = *folder, .hasher = hasher};
    for (unsigned level = 0; level < TILE_LEVELS && result == 0; level++)
        result = load_level(s, level, size, leaves);
    s->frontier.size = size; /* what the source asks before it gives a node */
    if (result == 0)
        result = tree_frontier_load(&s->frontier, size, &source);
    if (result != 0)
        tile_close(s);
    return result;
}

void
tile_close(struct tile_store *s)
{
    for (unsigned level = 0; level < TILE_LEVELS; level++)
        memory_free(s->partial[level]);
    memory_free(s->read);
    *s = (struct tile_store){0};
}

/* ---- growing ---- */

/* Puts the hash behind those of the level. Where that fills its tile, the tile is written: 1. */
static int
put(struct tile_store *s, unsigned level, const struct tree_hash *hash)
{
    unsigned width = partial_width(s->frontier.size, level);
    uint64_t index;
    int result;

    if (!s->partial[level])
        s->partial[level] = new_tile();
    if (!s->partial[level])
        return PASU_E_NOMEM;
    s->partial[level][width] = *hash;
    if (width < TILE_WIDTH - 1)
        return 0;
    index = partial_index(s->frontier.size, level);
    result = tile_write(&s->folder, level, index, TILE_WIDTH, s->partial[level]);
    if (result != 0)
        return result;
    tile_remove_partial(&s->folder, level, index);
    return 1;
}

/* The leaf fills its tile, and perhaps some above. The size says how much of each level counts: it
 * grows last, when all is written. */
static int
fill(struct tile_store *s, const struct tree_hash *leaf)
{
    struct tree_frontier grown = s->frontier;
    int result = tree_frontier_add(&grown, s->hasher, leaf);
    unsigned level = 0;

    if (result != 0)
        return result;
    do
        result = put(s, level, &grown.nodes[level * TILE_HEIGHT]);
    while (result == 1 && ++level < TILE_LEVELS);
    if (result < 0)
        return result;
    s->frontier = grown;
    return 0;
}

int
tile_append(struct tile_store *s, const struct tree_hash *leaf)
{
    int result;

    if (partial_width(s->frontier.size, 0) == TILE_WIDTH - 1)
        return fill(s, leaf);
    result = put(s, 0, leaf);
    return result == 0 ? tree_frontier_add(&s->frontier, s->hasher, leaf) : result;
}

int
tile_publish(struct tile_store *s)
{
    int result = 0;

    for (unsigned level = 0; level < TILE_LEVELS && result == 0; level++) {
        uint64_t hashes = hashes_at(s->frontier.size, level);
        unsigned width = partial_width(s->frontier.size, level);

        if (width == 0 || s->published[level] == hashes)
            continue;
        result = tile_write(&s->folder, level, hashes / TILE_WIDTH, width, s->partial[level]);
        if (result == 0)
            s->published[level] = hashes;
    }
    return result;
}
