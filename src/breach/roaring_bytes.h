/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Roaring bitmap in its portable form (RoaringFormatSpec), as hostile bytes: the library checks
 * that it does not read beyond them, not that what it reads is a bitmap. Pure.
 *
 *      cookie │ which are runs │ key, persons − 1 of each container │ offsets │ containers
 */
#ifndef PASU_BREACH_ROARING_BYTES_H
#define PASU_BREACH_ROARING_BYTES_H

#include "breach/crowd.h"
#include "breach/pack.h"

/* Whether they are one bitmap and nothing else: keys and values rise, counts and places are what
 * they say. *count: how many ordinals it has. */
bool roaring_bytes_check(struct view bytes, uint64_t *count);
/* Checks the bytes as roaring_bytes_check does, and adds all to the crowd, each plus `base`, a
 * multiple of 2^16. PASU_E_CORRUPT, after which some of it may be there; PASU_E_NOMEM. */
PASU_MUST_USE int roaring_bytes_pour(struct view bytes, uint32_t base, struct crowd *crowd);
/* Whether the ordinal is in it, and how many are before it. Looks at one container only; of bytes
 * that were not checked the answer may be wrong. */
bool roaring_bytes_rank(struct view bytes, uint32_t ordinal, uint64_t *rank);
/* Appends the bitmap of a crowd, without runs. */
void roaring_bytes_put(struct pack *pack, const struct crowd *crowd);
/* How long the library makes the bitmap of rising ordinals, each once, at the least. */
uint64_t roaring_bytes_length(const uint32_t *ordinals, size_t count);

#endif
