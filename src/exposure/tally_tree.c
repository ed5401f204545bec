/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/tally_tree.h"

#include "base/memory.h"

/* Names of containers end here. */
enum { TREE_SWEPT = EXPOSURE_KINDS_MAX << 16 };

void
tree_init(struct tally_tree *tree, _Atomic uint64_t *bytes)
{
    memset(tree, 0, sizeof(*tree));
    tree->sweep = TREE_SWEPT;
    tree->bytes = bytes;
}

static void
release_node(struct tree_node *node)
{
    for (size_t i = 0; i < TREE_FAN; i++)
        memory_free(node->slots[i]);
    memory_free(node);
}

void
tree_release(struct tally_tree *tree)
{
    for (size_t kind = 0; kind < EXPOSURE_KINDS_MAX; kind++) {
        struct tree_root *root = tree->roots[kind];

        for (size_t i = 0; root && i < TREE_FAN; i++)
            if (root->nodes[i])
                release_node(root->nodes[i]);
        memory_free(root);
    }
}

static bool
is_wide(const struct tally_container *container)
{
    return container && !container_is_sparse(container);
}

static void
account(struct tally_tree *tree, size_t more, size_t less)
{
    atomic_fetch_add_explicit(tree->bytes, more - less, memory_order_relaxed);
}

static void
thin_node(struct tally_tree *tree, struct tree_node *node)
{
    for (size_t i = 0; i < TREE_FAN; i++) {
        struct tally_container **slot = &node->slots[i];
        size_t before;

        if (!is_wide(*slot))
            continue;
        before = container_bytes(*slot);
        container_thin(slot, tree->day);
        account(tree, container_bytes(*slot), before);
        tree->wide -= !is_wide(*slot);
    }
}

void
tree_begin_day(struct tally_tree *tree, uint32_t day)
{
    tree->day = day;
    tree->sweep = 0;
    for (size_t kind = 0; kind < EXPOSURE_KINDS_MAX && tree->wide > 0; kind++) {
        struct tree_root *root = tree->roots[kind];

        for (size_t i = 0; root && i < TREE_FAN; i++)
            if (root->nodes[i])
                thin_node(tree, root->nodes[i]);
    }
}

static struct tally_container **
make_slot(struct tally_tree *tree, uint32_t kind, uint32_t ordinal)
{
    struct tree_root **root = &tree->roots[kind];
    struct tree_node **node;

    if (!*root) {
        *root = memory_new(1, sizeof(**root));
        if (!*root)
            return NULL;
        account(tree, sizeof(**root), 0);
    }
    node = &(*root)->nodes[ordinal >> 24];
    if (!*node) {
        *node = memory_new(1, sizeof(**node));
        if (!*node)
            return NULL;
        account(tree, sizeof(**node), 0);
    }
    return &(*node)->slots[ordinal >> 16 & 0xff];
}

/* A container has changed, which had so many bytes and was wide or not. */
static void
account_change(struct tally_tree *tree, const struct tally_container *c, size_t before,
               bool was_wide)
{
    if (container_bytes(c) == before)
        return;
    account(tree, container_bytes(c), before);
    tree->wide += is_wide(c) && !was_wide;
}

int
tree_insert(struct tally_tree *tree, uint32_t kind, uint32_t ordinal, struct tree_place place,
            uint16_t stamp)
{
    struct tally_container **slot = place.slot ? place.slot : make_slot(tree, kind, ordinal);
    size_t before;
    bool was_wide;
    int result;

    if (!slot)
        return PASU_E_NOMEM;
    before = container_bytes(*slot);
    was_wide = is_wide(*slot);
    result = container_insert(slot, tree->day, (uint16_t)ordinal, place.at, stamp);
    if (result != 0)
        return result;
    account_change(tree, *slot, before, was_wide);
    tree->near = tree_name(kind, ordinal);
    tree->near_slot = slot;
    tree->near_at = place.at + 1;
    return 0;
}

void
tree_warm(struct tally_tree *tree, struct tree_place place)
{
    size_t before = container_bytes(*place.slot);
    bool was_wide = is_wide(*place.slot);

    container_warm(place.slot);
    account_change(tree, *place.slot, before, was_wide);
}

void
tree_restore(struct tally_tree *tree, uint32_t kind, uint32_t ordinal, uint16_t stamp)
{
    struct tree_place place = tree_find(tree, kind, ordinal);

    if (!place.stamp)
        return;
    if (stamp == STAMP_NEVER) {
        container_remove(*place.slot, (uint16_t)ordinal);
        return;
    }
    *place.stamp = stamp;
    if (stamp_age(stamp) > 0)
        container_cool(*place.slot);
}

void
tree_sweep(struct tally_tree *tree)
{
    while (tree->sweep < TREE_SWEPT) {
        uint32_t name = tree->sweep, kind = name >> 16;
        struct tree_root *root = tree->roots[kind];
        struct tally_container **slot;

        if (!root) {
            tree->sweep = (kind + 1) << 16;
            continue;
        }
        slot = tree_slot(tree, kind, name << 16);
        if (!slot) {
            tree->sweep = (name | (TREE_FAN - 1)) + 1;
            continue;
        }
        tree->sweep++;
        if (!*slot)
            continue;
        if ((*slot)->day != tree->day)
            container_age(*slot, tree->day);
        if (container_is_sparse(*slot) && (*slot)->count == 0) {
            account(tree, 0, container_bytes(*slot));
            memory_free(*slot);
            *slot = NULL;
        }
        return;
    }
}
