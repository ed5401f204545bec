/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of persons as bytes of the index (docs/spec/index.md, "Sets"): Golomb-Rice coded gaps,
 * which come near to what a random set of that size can be written in, or a Roaring bitmap where
 * that is shorter (persons that stand together) or where there are so many that uniting must be
 * fast.
 *
 * Bytes are hostile: all functions that read check what they touch.
 */
#ifndef PASU_BREACH_PERSON_BYTES_H
#define PASU_BREACH_PERSON_BYTES_H

#include "breach/ordinals.h"
#include "breach/pack.h"
#include "breach/persons.h"

/* Appends the set, with its length before it. The ordinals are sorted, each once. Of more than
 * `dense` a bitmap is made in any case. A lack of memory is the pack's failure. */
void person_bytes_put(struct pack *pack, const struct ordinals *ordinals, size_t dense);
enum { PERSON_BYTES_DENSE = 1 << 20 };
/* The next set's bytes, without their length: empty for nobody. Borrowed. */
struct view person_bytes_next(struct reader *reader);

/* Whether it is a list that costs little to read and much to unite: many such are better gathered
 * in an array (person_bytes_list) and united at once. */
bool person_bytes_is_list(struct view bytes);
/* Adds all to a set, made where it is NULL. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int person_bytes_unite(struct view bytes, struct persons **set);
/* Appends all to an array. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int person_bytes_list(struct view bytes, struct ordinals *ordinals);
/* Whether the ordinal is in it: false, too, where the bytes are none. */
bool person_bytes_has(struct view bytes, uint32_t ordinal);

#endif
