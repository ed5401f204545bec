/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for property tests: the same in every run, so that a failure comes again. */
#ifndef PASU_TEST_RANDOM_H
#define PASU_TEST_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state; /* the seed; not 0 */
};

/* xorshift64*, by Vigna. */
static inline uint64_t
random_u64(struct random *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * UINT64_C(2685821657736338717);
}

/* 0 … most - 1. */
static inline uint32_t
random_below(struct random *r, uint32_t most)
{
    return (uint32_t)((random_u64(r) >> 32) * most >> 32);
}

#endif
