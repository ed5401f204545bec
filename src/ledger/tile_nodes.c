/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/tile_nodes.h"

#include "base/memory.h"

enum { NODES = 2 * TILE_WIDTH };

void
tile_nodes_init(struct tile_nodes *n, struct tile_store *store, struct digester *digester)
{
    *n = (struct tile_nodes){.store = store, .digester = digester};
}

void
tile_nodes_release(struct tile_nodes *n)
{
    for (size_t i = 0; i < TILE_NODES_KEPT; i++)
        memory_free(n->kept[i].nodes);
    *n = (struct tile_nodes){0};
}

/* Where a height of a tile begins among its nodes. */
static size_t
row(unsigned height)
{
    return NODES - ((size_t)NODES >> height);
}

static int
fill(struct tile_nodes *n, struct tile_kept *kept, unsigned level, uint64_t index)
{
    const struct tree_hash *hashes;
    unsigned width;
    int result = tile_hashes(n->store, level, index, &hashes, &width);

    kept->used = 0; /* until it is whole */
    if (result == 0 && kept->nodes == NULL)
        kept->nodes = memory_new(NODES, sizeof(*kept->nodes));
    if (result == 0 && kept->nodes == NULL)
        result = PASU_E_NOMEM;
    if (result == 0)
        memcpy(kept->nodes, hashes, width * sizeof(*hashes));
    for (unsigned h = 0; result == 0 && h < TILE_HEIGHT - 1 && width > 1; h++, width /= 2)
        result =
            digest_nodes(n->digester, kept->nodes + row(h), width & ~1U, kept->nodes + row(h + 1));
    kept->level = level;
    kept->index = index;
    return result;
}

/* The tile, in the place of the one that was not used for longest. */
static int
keep(struct tile_nodes *n, unsigned level, uint64_t index, const struct tile_kept **found)
{
    struct tile_kept *oldest = &n->kept[0];
    int result = 0;

    *found = NULL;
    for (size_t i = 0; i < TILE_NODES_KEPT && *found == NULL; i++) {
        struct tile_kept *kept = &n->kept[i];

        if (kept->used > 0 && kept->level == level && kept->index == index)
            *found = oldest = kept;
        else if (kept->used < oldest->used)
            oldest = kept;
    }
    if (*found == NULL)
        result = fill(n, oldest, level, index);
    if (result != 0)
        return result;
    oldest->used = ++n->asked;
    *found = oldest;
    return 0;
}

static int
node_of_kept(void *arg, unsigned height, uint64_t index, struct tree_hash *hash)
{
    struct tile_nodes *n = arg;
    const struct tile_kept *kept;
    unsigned within = height % TILE_HEIGHT;
    int result;

    if (height >= TREE_HEIGHTS || index >= n->store->frontier.size >> height)
        return PASU_E_RANGE;
    result = keep(n, height / TILE_HEIGHT, (index << within) / TILE_WIDTH, &kept);
    if (result == 0)
        *hash = kept->nodes[row(within) + index % (TILE_WIDTH >> within)];
    return result;
}

struct tree_source
tile_nodes_source(struct tile_nodes *n)
{
    return (struct tree_source){node_of_kept, n};
}
