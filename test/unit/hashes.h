/* SPDX-License-Identifier: Apache-2.0 */
/* A hasher for a group of tests, and hashes as they are written. */
#ifndef PASU_TEST_HASHES_H
#define PASU_TEST_HASHES_H

#include "ledger/tree.h"
#include "unit.h"

static struct tree_hasher hasher;

static inline int
make_hasher(void **state PASU_UNUSED)
{
    return tree_hasher_init(&hasher);
}

static inline int
release_hasher(void **state PASU_UNUSED)
{
    tree_hasher_release(&hasher);
    return 0;
}

static inline void
assert_hash(const struct tree_hash *hash, const char *hex)
{
    char text[2 * TREE_HASH_SIZE + 1];

    for (size_t i = 0; i < TREE_HASH_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", hash->bytes[i]);
    assert_string_equal(text, hex);
}

#endif
