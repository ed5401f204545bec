/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Roaring bitmap in its portable form (RoaringFormatSpec), as hostile bytes: the library checks
 * that it does not read beyond them, not that what it reads is a bitmap. Pure.
 *
 *      cookie │ which are runs │ key, persons − 1 of each container │ offsets │ containers
 */
#ifndef PASU_BREACH_ROARING_BYTES_H
#define PASU_BREACH_ROARING_BYTES_H

#include "base/bytes.h"

/* Whether they are one bitmap and nothing else: keys and values rise, counts and places are what
 * they say. *count: how many ordinals it has. */
bool roaring_bytes_check(struct view bytes, uint64_t *count);
/* Whether the ordinal is in it. Looks at one container only; of bytes that were not checked the
 * answer may be wrong. */
bool roaring_bytes_has(struct view bytes, uint32_t ordinal);

#endif
