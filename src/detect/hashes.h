/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes in ascending order, each once: how the small sets of this module are kept. Pure. */
#ifndef PASU_DETECT_HASHES_H
#define PASU_DETECT_HASHES_H

#include "base/attributes.h"

enum { HASHES_NEAR = 8 /* a cache line of them */ };

/* How many of `count`, which are in order, are smaller. Without jumps. */
static inline size_t
hashes_below(const uint64_t *hashes, size_t count, uint64_t hash)
{
    size_t low = 0;

    while (count > 1) {
        size_t half = count / 2;

        low += half & -(size_t)(hashes[low + half - 1] < hash);
        count -= half;
    }
    return low + (count == 1 && hashes[low] < hash);
}

/* Where it is, or is to be put: how many are smaller. As hashes are spread evenly, it is looked for
 * near where it is due, so that few cache lines of the set are touched; where they are not, it
 * takes as many steps as halving does. */
static inline size_t
hashes_find(const uint64_t *hashes, size_t count, uint64_t hash)
{
    size_t low = 0, high = count, step = count > 1024 ? 4 * HASHES_NEAR : HASHES_NEAR, at;

    if (count <= 2 * HASHES_NEAR)
        return hashes_below(hashes, count, hash);
    if (hash > hashes[count - 1])
        return count;
    at = (size_t)((double)(int64_t)(hash >> 1) / ((double)(int64_t)(hashes[count - 1] >> 1) + 1) *
                  (double)count);
    at = at < count ? at : count - 1;
    if (hashes[at] < hash) {
        for (low = at + 1; low + step < count && hashes[low + step] < hash; step *= 2)
            low += step + 1;
        high = low + step < count ? low + step : count;
    } else {
        for (high = at; high > step && hashes[high - step] >= hash; step *= 2)
            high -= step;
        low = high > step ? high - step : 0;
    }
    return low + hashes_below(hashes + low, high - low, hash);
}

#endif
