/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes in ascending order, each once: how the small sets of this module are kept. Pure. */
#ifndef PASU_DETECT_HASHES_H
#define PASU_DETECT_HASHES_H

#include <stddef.h>
#include <stdint.h>

/* Where it is, or is to be put: how many are smaller. */
static inline size_t
hashes_find(const uint64_t *hashes, size_t count, uint64_t hash)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (hashes[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif
