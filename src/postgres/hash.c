/* SPDX-License-Identifier: Apache-2.0 */
/* Inline, since libpg_query has the library's functions, too; and first, since it calls malloc in
 * functions that nobody here uses. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "postgres/hash.h"

uint64_t
hash_bytes(const void *bytes, size_t length, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, length, seed);
}
