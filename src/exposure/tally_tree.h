/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subjects of one tally: stamps by (kind, ordinal).
 *
 *      kind ── root[256] ── node[256] ── container       by the ordinal's bits 31–24, 23–16, 15–0
 *
 * Containers come up to date when they are touched. Those that nobody touches any more would keep
 * their memory for ever, so each new day begins a sweep, which goes a step further with every call
 * until it has been everywhere. Roots and nodes stay. Hot and dense containers take too much to
 * wait for that: the new day itself makes sparse those that can be.
 *
 * Belongs to one tally and is used under its lock; the number of bytes is the book's.
 */
#ifndef PASU_EXPOSURE_TALLY_TREE_H
#define PASU_EXPOSURE_TALLY_TREE_H

#include "exposure/tally_container.h"

#include <stdatomic.h>

enum { TREE_FAN = 256 };

struct tree_node {
    struct tally_container *slots[TREE_FAN];
};

struct tree_root {
    struct tree_node *nodes[TREE_FAN];
};

struct tally_tree {
    struct tree_root *roots[EXPOSURE_KINDS_MAX];
    uint32_t day; /* all stamps are to be seen from it */
    /* The container used last: rows of one result are near to each other. */
    uint32_t near;                      /* kind and upper 16 bits, see tree_name */
    struct tally_container **near_slot; /* NULL: none */
    uint32_t near_at;                   /* guess for container_find */
    uint32_t sweep;                     /* next container to look after; TREE_SWEPT: all done */
    uint32_t wide;                      /* number of hot and dense containers */
    _Atomic uint64_t *bytes;            /* held by all trees of the book */
};

/* Where a subject is, or is to be put. */
struct tree_place {
    struct tally_container **slot; /* NULL: not even its node is there */
    uint16_t *stamp;               /* NULL: the subject is not there */
    uint32_t at;
};

void tree_init(struct tally_tree *tree, _Atomic uint64_t *bytes);
void tree_release(struct tally_tree *tree);
/* A new day: stamps are seen from it from now on. Some 30 µs for each wide container. */
void tree_begin_day(struct tally_tree *tree, uint32_t day);
/* One step of the sweep; nothing where it is done. Places found before are not valid after it. */
void tree_sweep(struct tally_tree *tree);
/* Puts a subject where tree_find did not find it. PASU_E_NOMEM: nothing changed. */
PASU_MUST_USE int tree_insert(struct tally_tree *tree, uint32_t kind, uint32_t ordinal,
                              struct tree_place place, uint16_t stamp);
/* A subject that was found has got a stamp of today, after one of an earlier day. */
void tree_warm(struct tally_tree *tree, struct tree_place place);
/* Gives a subject an earlier stamp again; never: takes it out. */
void tree_restore(struct tally_tree *tree, uint32_t kind, uint32_t ordinal, uint16_t stamp);

/* The slot of a container; NULL: there is not even its node. */
static inline struct tally_container **
tree_slot(const struct tally_tree *tree, uint32_t kind, uint32_t ordinal)
{
    struct tree_root *root = tree->roots[kind];
    struct tree_node *node = root ? root->nodes[ordinal >> 24] : NULL;

    return node ? &node->slots[ordinal >> 16 & 0xff] : NULL;
}

/* Kind and upper 16 bits of the ordinal; what the tree calls a container. */
static inline uint32_t
tree_name(uint32_t kind, uint32_t ordinal)
{
    return kind << 16 | ordinal >> 16;
}

/* The place of a subject. The kind is less than EXPOSURE_KINDS_MAX. */
static inline struct tree_place
tree_find(struct tally_tree *tree, uint32_t kind, uint32_t ordinal)
{
    struct tree_place place = {NULL, NULL, 0};
    uint32_t name = tree_name(kind, ordinal);

    if (name != tree->near || !tree->near_slot) {
        tree->near = name;
        tree->near_slot = tree_slot(tree, kind, ordinal);
        tree->near_at = 0;
    }
    place.slot = tree->near_slot;
    if (!place.slot || !*place.slot)
        return place;
    if ((*place.slot)->day != tree->day)
        container_age(*place.slot, tree->day);
    place.stamp = container_find(*place.slot, (uint16_t)ordinal, &tree->near_at);
    place.at = tree->near_at;
    return place;
}

#endif
