/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of persons as bytes of the index (docs/spec/index.md, "Sets"): Golomb-Rice coded gaps
 * (breach/rice.h), or a Roaring bitmap where that is shorter (persons that stand together).
 *
 * Bytes are hostile: all functions that read check what they touch.
 */
#ifndef PASU_BREACH_PERSON_BYTES_H
#define PASU_BREACH_PERSON_BYTES_H

#include "breach/crowd.h"
#include "breach/ordinals.h"
#include "breach/pack.h"

/* Appends the set, with its length before it. The ordinals are sorted, each once. A lack of memory
 * is the pack's failure. */
void person_bytes_put(struct pack *pack, const struct ordinals *ordinals);
/* The next set's bytes, without their length: empty for nobody. Borrowed. */
struct view person_bytes_next(struct reader *reader);

/* How many persons it has at the most. */
uint64_t person_bytes_most(struct view bytes);
/* Appends all to an array, each plus `base`, a multiple of 2^16. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int person_bytes_list(struct view bytes, uint32_t base, struct ordinals *ordinals);
/* Adds all to a crowd, each plus `base`. PASU_E_CORRUPT, after which some may be there;
 * PASU_E_NOMEM. */
PASU_MUST_USE int person_bytes_pour(struct view bytes, uint32_t base, struct crowd *crowd);
/* Whether the ordinal is in it, and how many are before it: false, too, where the bytes are none.
 */
bool person_bytes_rank(struct view bytes, uint32_t ordinal, uint64_t *rank);

#endif
