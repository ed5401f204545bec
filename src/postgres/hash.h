/* SPDX-License-Identifier: Apache-2.0 */
/* XXH3: fast, and no defence by itself: where texts are hostile, the seed is random and what was
 * found is compared. */
#ifndef PASU_POSTGRES_HASH_H
#define PASU_POSTGRES_HASH_H

#include "base/attributes.h"

uint64_t hash_bytes(const void *bytes, size_t length, uint64_t seed);

#endif
