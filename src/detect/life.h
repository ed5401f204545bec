/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The persons that a principal has been shown, all days: exact up to LIFE_MOST, or to LIFE_LEAST
 * where memory is short; beyond that the ones with the lowest hashes and a sketch that counts all.
 * Each with the day it was shown last, so that it can be told who was shown since a day. The order
 * in which they come does not matter.
 */
#ifndef PASU_DETECT_LIFE_H
#define PASU_DETECT_LIFE_H

#include "detect/sketch.h"

enum { LIFE_LEAST = 256, LIFE_MOST = 4096 };

struct life {
    uint64_t *hashes;      /* sorted */
    uint16_t *days;        /* days since 1970: when each was shown last */
    struct sketch *sketch; /* where there are more than are held; then `count` stays */
    uint16_t count, capacity;
};

/* Holds `most` persons, LIFE_LEAST to LIFE_MOST, or as many as are held already. 1: it was not
 * there, 0: it was, or that is not known; PASU_E_NOMEM. *held grows. */
PASU_MUST_USE int life_add(struct life *l, uint64_t hash, uint16_t day, size_t most, size_t *held);
/* Both have held `most` all the time. */
PASU_MUST_USE int life_unite(struct life *into, const struct life *from, size_t most, size_t *held);
void life_release(struct life *l, size_t *held);
/* The highest hash below which all persons are held; UINT64_MAX: all are. */
static inline uint64_t
life_limit(const struct life *l)
{
    return l->sketch == NULL ? UINT64_MAX : l->hashes[l->count - 1];
}

/* Persons; exact where there is no sketch. */
double life_distinct(const struct life *l);

#endif
