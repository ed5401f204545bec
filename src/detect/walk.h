/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last WALK_DEPTH persons that a principal asked for, by number, and how many of the next ones
 * stand behind one of them. A walk through the numbers shows there even when it is a hundredth of
 * what the principal reads, and when others of its kind go through the numbers between: a counter
 * of runs does not see that.
 *
 * Behind is: one more; or as far as the distance that most often lies between one read and
 * the next (Boyer and Moore's majority vote), for those who walk in strides.
 */
#ifndef PASU_DETECT_WALK_H
#define PASU_DETECT_WALK_H

#include "detect/order.h"

enum { WALK_DEPTH = 1024, WALK_NEAR = 128, WALK_SLOTS = 4 * WALK_DEPTH };

struct walk {
    uint64_t seed; /* odd; of the hash, so that whoever chooses numbers cannot choose places */
    uint64_t ring[WALK_DEPTH];
    uint16_t slots[WALK_SLOTS]; /* place in the ring + 1, hashed by number */
    uint32_t count, next;
    uint64_t last, stride;
    uint32_t votes;
    /* Today: numbers that were not in the ring; of them those beside one of it; and beside one of
     * the last WALK_NEAR: by chance that is rarer, but a walk of one read in a thousand is not
     * seen. */
    uint32_t steps, beside, near;
    /* Whose order is not looked at yet; and of today: what order said (order.h), of how many, and
     * the longest stretch that was in order. */
    uint64_t window[WALK_DEPTH];
    uint32_t waiting, looked, longest;
    double order[WAYS];
};

/* Where the search for a number begins. */
static inline size_t
walk_home(const struct walk *w, uint64_t number)
{
    return (size_t)(number * w->seed >> 52);
}

/* A number is added soon: what it takes comes near, first what says where that is. */
PASU_ALWAYS_INLINE static inline void
walk_prefetch(const struct walk *w)
{
    __builtin_prefetch(&w->seed);
    __builtin_prefetch(&w->count, 1);
    __builtin_prefetch(&w->waiting, 1);
}

PASU_ALWAYS_INLINE static inline void
walk_prefetch_number(const struct walk *w, uint64_t number)
{
    __builtin_prefetch(&w->slots[walk_home(w, number)], 1);
    __builtin_prefetch(&w->slots[walk_home(w, number - 1)]);
    __builtin_prefetch(&w->ring[w->next], 1);
    __builtin_prefetch(&w->window[w->waiting % WALK_DEPTH], 1);
}

void walk_add(struct walk *w, uint64_t number);
/* Looks at the order of the first WALK_DEPTH since it was looked at last, once there are so many,
 * or of `all` that there are. */
void walk_look(struct walk *w, bool all);
void walk_end_day(struct walk *w);

#endif
