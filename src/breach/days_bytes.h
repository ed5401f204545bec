/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of several days of a month, of many persons in their order, as bytes of the index
 * (docs/spec/index.md, "Columns"). Behind a byte that says how:
 *
 *      0       of 2 to 5 days so many less two zeros, a one, and 5 bits for each; of more 4 zeros,
 * a one, and 31 bits, one a day 1       stretches of persons who have the same: a bit each day, and
 * how many less one
 *
 * A set has a bit each day, the lowest the first. Bytes are hostile: who reads checks what it
 * touches. Pure.
 */
#ifndef PASU_BREACH_DAYS_BYTES_H
#define PASU_BREACH_DAYS_BYTES_H

#include "breach/pack.h"

enum { DAYS_OF_MONTH = 31 };

/* At least one set, each of two days or more, in the fewest bytes. */
void days_put(struct pack *pack, const uint32_t *sets, size_t count);
/* All, which are so many. PASU_E_CORRUPT, as below. */
PASU_MUST_USE int days_list(struct view bytes, uint32_t *sets, size_t count);
/* How many days the sets before that place have together, and the set there unless NULL. */
PASU_MUST_USE int days_find(struct view bytes, uint64_t place, uint64_t *before, uint32_t *set);

#endif
