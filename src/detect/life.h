/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The persons that a principal has been shown, all days: exact up to LIFE_MOST, or to LIFE_LEAST
 * where memory is short; beyond that the ones with the lowest hashes and a sketch that counts all.
 * Each with the day it was shown last, so that it can be told who was shown since a day. The order
 * in which they come does not matter.
 *
 * A table with open addressing, for whoever reads persons all day adds one with each. Beyond its
 * size some more than are to be held stay in it until it is full, or somebody wants to know:
 * life_settle takes them out.
 */
#ifndef PASU_DETECT_LIFE_H
#define PASU_DETECT_LIFE_H

#include "detect/sketch.h"

enum { LIFE_LEAST = 256, LIFE_MOST = 4096 };

struct life {
    uint64_t *hashes;      /* 0: free */
    uint16_t *days;        /* days since 1970: when each was shown last */
    struct sketch *sketch; /* where there are more than are held; then `count` stays */
    uint64_t limit;        /* of those with a sketch: all that are not higher are in the table */
    uint16_t count;        /* that are held */
    uint16_t filled;       /* that are in the table: `count`, or some more */
    uint16_t capacity;     /* of the table: a power of two, or 0 */
};

/* Where the search for a hash begins, in a table that is not empty. */
static inline size_t
life_home(const struct life *l, uint64_t hash)
{
    return (size_t)(hash * UINT64_C(0x9E3779B97F4A7C15) >>
                    (64 - (unsigned)__builtin_ctz((unsigned)l->capacity)));
}

/* It is added soon: its place comes near. */
PASU_ALWAYS_INLINE static inline void
life_prefetch(const struct life *l, uint64_t hash)
{
    size_t at;

    if (l->capacity == 0 || (l->sketch != NULL && hash > l->limit))
        return;
    at = life_home(l, hash);
    __builtin_prefetch(&l->hashes[at], 1);
    __builtin_prefetch(&l->days[at], 1);
}

/* The hash is not 0. Holds `most` persons, LIFE_LEAST to LIFE_MOST, or as many as are held already.
 * 1: it was not there, 0: it was, or that is not known; PASU_E_NOMEM. *held grows. */
PASU_MUST_USE int life_add(struct life *l, uint64_t hash, uint16_t day, size_t most, size_t *held);
/* Only those that are to be held are in the table then. */
void life_settle(struct life *l);
void life_release(struct life *l, size_t *held);
/* Of one that is settled: the highest hash below which all persons are held; UINT64_MAX: all are.
 */
static inline uint64_t
life_limit(const struct life *l)
{
    return l->sketch == NULL ? UINT64_MAX : l->limit;
}

/* Persons; exact where there is no sketch. */
double life_distinct(const struct life *l);

#endif
