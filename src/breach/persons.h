/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of persons of one kind, as a Roaring bitmap of their ordinals (Lemire et al., Roaring
 * Bitmaps: Implementation of an Optimized Software Library, 2018). NULL is the empty set, which is
 * what most sets stay.
 *
 * The library asks the C library for its memory; where there is none left, it ends the process.
 * Only commands use it, not the guard.
 */
#ifndef PASU_BREACH_PERSONS_H
#define PASU_BREACH_PERSONS_H

#include "base/error.h"

struct persons;

/* NULL is allowed. */
void persons_free(struct persons *set);
/* Adds ordinals, in any order and as often as they come; makes the set where it is NULL.
 * PASU_E_NOMEM. */
PASU_MUST_USE int persons_add(struct persons **set, const uint32_t *ordinals, size_t count);
/* Adds all of a crowd (breach/crowd.h). PASU_E_NOMEM. */
struct crowd;
PASU_MUST_USE int persons_add_crowd(struct persons **set, const struct crowd *crowd);
/* Adds all of another set (NULL: nobody). PASU_E_NOMEM. */
PASU_MUST_USE int persons_unite(struct persons **set, const struct persons *with);
/* Those of `set` that are not in `without`, a new set in *rest; NULL where there are none.
 * PASU_E_NOMEM. */
PASU_MUST_USE int persons_rest(struct persons **rest, const struct persons *set,
                               const struct persons *without);
uint64_t persons_count(const struct persons *set);
/* Of both together. */
uint64_t persons_count_union(const struct persons *a, const struct persons *b);
bool persons_has(const struct persons *set, uint32_t ordinal);
/* Calls for each in ascending order until it returns other than 0; what it returned. */
PASU_MUST_USE int persons_each(const struct persons *set, int (*fn)(void *arg, uint32_t ordinal),
                               void *arg);

#endif
