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

void
tree_begin_day(struct tally_tree *tree, uint32_t day)
{
    tree->day = day;
    tree->sweep = 0;
}

static void
account(struct tally_tree *tree, size_t more, size_t less)
{
    atomic_fetch_add_explicit(tree->bytes, more - less, memory_order_relaxed);
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

int
tree_insert(struct tally_tree *tree, uint32_t kind, uint32_t ordinal, struct tree_place place,
            uint16_t stamp)
{
    struct tally_container **slot = place.slot ? place.slot : make_slot(tree, kind, ordinal);
    size_t before;
    int result;

    if (!slot)
        return PASU_E_NOMEM;
    before = container_bytes(*slot);
    result = container_insert(slot, tree->day, (uint16_t)ordinal, place.at, stamp);
    if (result != 0)
        return result;
    if (container_bytes(*slot) != before)
        account(tree, container_bytes(*slot), before);
    tree->near = tree_name(kind, ordinal);
    tree->near_slot = slot;
    tree->near_at = place.at + 1;
    return 0;
}

void
tree_restore(struct tally_tree *tree, uint32_t kind, uint32_t ordinal, uint16_t stamp)
{
    struct tree_place place = tree_find(tree, kind, ordinal);

    if (!place.stamp)
        return;
    if (stamp != STAMP_NEVER)
        *place.stamp = stamp;
    else
        container_remove(*place.slot, (uint16_t)ordinal);
}

void
tree_sweep(struct tally_tree *tree)
{
    while (tree->sweep < TREE_SWEPT) {
        uint32_t name = tree->sweep, kind = name >> 16;
        struct tree_root *root = tree->roots[kind];
        struct tally_container **slot;
        size_t before;

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
        before = container_bytes(*slot);
        if ((*slot)->day != tree->day)
            container_age(*slot, tree->day);
        container_settle(slot);
        account(tree, container_bytes(*slot), before);
        return;
    }
}
