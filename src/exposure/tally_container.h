/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container: the stamps of the subjects whose ordinals share their upper 16 bits.
 *
 *      sparse   head │ ordinals[capacity] sorted │ stamps[capacity]     4 bytes a subject
 *      hot      head │ slots[2^bits] of a hash table (tally_table.h)    8 to 16 bytes a subject
 *      dense    head │ stamps[65536]                                    128 KiB
 *
 * Up to CONTAINER_SPARSE_MAX subjects it is sparse, which holds what 1,000 persons a day for half a
 * year are in the least memory. But to search, and to move what is behind an insertion, is most of
 * what a large result costs: once CONTAINER_HOT_FRESH of at least CONTAINER_HOT_MIN subjects were
 * shown on its day, it is hot until that day is over. Not dense: that would cost a principal who
 * reads a million of 33 million persons 16,000 fresh pages, and more time than all else.
 *
 * Stamps are seen from the container's day (tally_stamp.h), which is that of its last use:
 * container_age brings them up to date. A slot that holds no container is NULL. Not thread-safe.
 */
#ifndef PASU_EXPOSURE_TALLY_CONTAINER_H
#define PASU_EXPOSURE_TALLY_CONTAINER_H

#include "exposure/tally_table.h"

enum {
    CONTAINER_SPARSE_MAX = 4096,
    CONTAINER_HOT_MIN = 128, /* a smaller one is searched in a few cache lines */
    CONTAINER_HOT_FRESH = 64,
    CONTAINER_HOT_BITS = 9, /* of the first table */
    CONTAINER_SIZE = 1 << 16,
};

struct tally_container {
    uint32_t day;
    uint16_t fresh;    /* sparse: subjects shown on this day and not before on it */
    uint16_t count;    /* sparse, hot: subjects */
    uint16_t capacity; /* sparse: room for so many; else 0 */
    uint16_t bits;     /* hot: of the table; else 0 */
    uint16_t data[];
};

/* Inserts a subject that is not there (`at` from container_find), making the container for `day` if
 * there is none. PASU_E_NOMEM: nothing changed. */
PASU_MUST_USE int container_insert(struct tally_container **slot, uint32_t day, uint16_t low,
                                   uint32_t at, uint16_t stamp);
/* Takes a subject out, if it is there. */
void container_remove(struct tally_container *container, uint16_t low);
/* A subject last shown on an earlier day was shown on the container's day, or (`container_cool`)
 * was not after all. The stamp is the caller's; it may move. */
void container_warm(struct tally_container **slot);
void container_cool(struct tally_container *container);
/* Stamps as seen from a day that is not earlier. */
void container_age(struct tally_container *container, uint32_t day);
/* Makes a hot or dense container sparse or, where it is empty, frees it, if that is enough for what
 * it holds on `day`. Where there is no memory for that, it stays as it is. */
void container_thin(struct tally_container **slot, uint32_t day);
/* Bytes held; 0 for NULL. */
size_t container_bytes(const struct tally_container *container);
/* The first place in `count` sorted ordinals where one is not less than `low`. */
uint32_t container_search(const uint16_t *ordinals, uint32_t count, uint16_t low);

static inline bool
container_is_sparse(const struct tally_container *c)
{
    return c->capacity != 0;
}

static inline bool
container_is_dense(const struct tally_container *c)
{
    return c->capacity == 0 && c->bits == 0;
}

/* Of a hot one. */
static inline struct table_slot *
container_table(struct tally_container *c)
{
    return (struct table_slot *)(void *)c->data;
}

/* Asks for the lines in which the subject's stamp is, or where the search for it begins. Always
 * inline: gcc takes a function that only prefetches for one that does nothing, and drops its calls.
 */
static inline PASU_ALWAYS_INLINE void
container_prefetch(struct tally_container *c, uint16_t low)
{
    if (c->bits != 0) {
        __builtin_prefetch(&container_table(c)[table_home(c->bits, low)], 1);
    } else if (c->capacity == 0) {
        __builtin_prefetch(&c->data[low], 1);
    } else {
        uint32_t guess = (uint32_t)low * c->count >> 16;

        __builtin_prefetch(&c->data[guess], 1);
        __builtin_prefetch(&c->data[c->capacity + guess], 1);
    }
}

/* The subject's stamp, to be written; never where it is put there only now. NULL: the container is
 * sparse, or has to grow for it. */
static inline uint16_t *
container_stamp(struct tally_container *c, uint16_t low)
{
    struct table_slot *slot;

    if (c->bits == 0)
        return c->capacity == 0 ? &c->data[low] : NULL;
    slot = table_find(container_table(c), c->bits, low);
    if (slot->stamp == STAMP_NEVER) {
        if (c->count >= 1U << (c->bits - 1))
            return NULL;
        slot->low = low;
        c->count++;
    }
    return &slot->stamp;
}

/*
 * The subject's stamp, or NULL and in *at where it would be inserted. The stamp is valid until the
 * container changes. *at is a guess before: the place behind the one found last, which is right
 * where ordinals come in sequence.
 */
static inline uint16_t *
container_find(struct tally_container *c, uint16_t low, uint32_t *at)
{
    uint32_t place = *at;

    if (c->bits != 0) {
        struct table_slot *slot = table_find(container_table(c), c->bits, low);

        return slot->stamp != STAMP_NEVER ? &slot->stamp : NULL;
    }
    if (c->capacity == 0)
        return c->data[low] != STAMP_NEVER ? &c->data[low] : NULL;
    if (place >= c->count || c->data[place] != low) {
        if (c->count == 0 || c->data[c->count - 1] < low)
            place = c->count;
        else
            place = container_search(c->data, c->count, low);
    }
    if (place == c->count || c->data[place] != low) {
        *at = place;
        return NULL;
    }
    *at = place + 1;
    return &c->data[c->capacity + place];
}

#endif
