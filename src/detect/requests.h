/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often each principal of an axis has asked today for anything but a person: 8 bytes each. Of
 * most principals nothing else is known, ever, so that nothing else is held of them, and when the
 * day ends all are forgotten.
 *
 * Open addressing, linear probing; keys are as those of slots.h, never 0. A key is known by its
 * upper 48 bits, which also say where it begins to be looked for. Who shares them with another, as
 * two in a million do with a chance of 0.2 %, is counted with it. The 16 bits below are the count;
 * of the few who ask more often the rest is in a list.
 */
#ifndef PASU_DETECT_REQUESTS_H
#define PASU_DETECT_REQUESTS_H

#include "base/attributes.h"

enum { REQUESTS_BITS = 16 /* of the count */, REQUESTS_MOST = (1 << REQUESTS_BITS) - 1 };

/* What is beyond the count of a place. */
struct requests_more {
    uint64_t key; /* its upper bits, shifted down */
    uint64_t count;
};

struct requests {
    uint64_t *counts;           /* key and count; 0: free */
    size_t count, size;         /* size: a power of two, or 0 */
    unsigned shift;             /* of a key, that is its place */
    struct requests_more *more; /* sorted: each judged principal is looked for in it */
    size_t more_count, more_room;
};

/* The key is counted soon: its place comes near. Inlined, as slots_prefetch is. */
PASU_ALWAYS_INLINE static inline void
requests_prefetch(const struct requests *t, uint64_t key)
{
    if (t->size > 0)
        __builtin_prefetch(&t->counts[key >> t->shift], 1);
}

/* How many new ones there is room for without growing. */
static inline size_t
requests_room(const struct requests *t)
{
    return t->size / 4 * 3 - t->count;
}

/* Counts one more, where requests_room is not 0: whether the key is new is nobody's to guess, so
 * that both are one way. False: its place is full, and requests_add counts it. */
static inline bool
requests_count(struct requests *t, uint64_t key)
{
    size_t at = key >> t->shift;
    uint64_t there, fresh;

    while ((there = t->counts[at]) != 0 && (there ^ key) >> REQUESTS_BITS != 0)
        at = (at + 1) & (t->size - 1);
    if (PASU_UNLIKELY((there & REQUESTS_MOST) == REQUESTS_MOST))
        return false;
    fresh = there == 0;
    t->counts[at] = (there | (key & ~(uint64_t)REQUESTS_MOST)) + 1;
    t->count += fresh;
    return true;
}

/* One more of any key. 1; 0: it is a new one, with which *held would become more than `limit`, and
 * it is not counted; PASU_E_NOMEM. */
PASU_MUST_USE int requests_add(struct requests *t, uint64_t key, size_t limit, size_t *held);
uint64_t requests_of(const struct requests *t, uint64_t key);
/* Forgets all. The room is kept for the next day, unless most of it was not needed. */
void requests_clear(struct requests *t, size_t *held);
void requests_release(struct requests *t, size_t *held);

#endif
