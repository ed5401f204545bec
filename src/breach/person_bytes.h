/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of persons as bytes of the index (docs/spec/index.md, "Sets"): Golomb-Rice coded gaps,
 * which come near to what a random set of that size can be written in; many of them cut into
 * slices, so that one person is found without reading all; or a Roaring bitmap where that is
 * shorter (persons that stand together).
 *
 * Bytes are hostile: all functions that read check what they touch.
 */
#ifndef PASU_BREACH_PERSON_BYTES_H
#define PASU_BREACH_PERSON_BYTES_H

#include "breach/crowd.h"
#include "breach/ordinals.h"
#include "breach/pack.h"

/* Appends the set, with its length before it. The ordinals are sorted, each once. Of more than
 * `dense` they are cut into slices where that makes it little longer. A lack of memory is the
 * pack's failure. */
void person_bytes_put(struct pack *pack, const struct ordinals *ordinals, size_t dense);
enum { PERSON_BYTES_DENSE = 1 << 20 };
/* The next set's bytes, without their length: empty for nobody. Borrowed. */
struct view person_bytes_next(struct reader *reader);

/* Whether it is a plain list, which few persons are: many such are better gathered in an array
 * (person_bytes_list) and united at once. */
bool person_bytes_is_short(struct view bytes);
/* Appends all to an array. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int person_bytes_list(struct view bytes, struct ordinals *ordinals);
/* Adds all to a crowd. `scratch` is used and may grow. PASU_E_CORRUPT, after which some may be
 * there; PASU_E_NOMEM. */
PASU_MUST_USE int person_bytes_pour(struct view bytes, struct crowd *crowd,
                                    struct ordinals *scratch);
/* Whether the ordinal is in it, and how many are before it: false, too, where the bytes are none.
 */
bool person_bytes_rank(struct view bytes, uint32_t ordinal, uint64_t *rank);

#endif
