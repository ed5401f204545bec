/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sketch.h"

#include <math.h>

enum { RANKS = 64 - SKETCH_BITS + 2 };

/* All bits are used here; who makes the hashes may have set one (splitmix64, by Vigna). */
static uint64_t
mixed(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

void
sketch_add(struct sketch *s, uint64_t hash)
{
    const uint64_t bits = mixed(hash);
    uint8_t *r = &s->registers[bits & (SKETCH_SIZE - 1)];
    uint64_t rest = bits >> SKETCH_BITS;
    uint8_t rank = (uint8_t)(rest == 0 ? 64 - SKETCH_BITS + 1 : __builtin_ctzll(rest) + 1);

    if (rank > *r)
        *r = rank;
}

static double
sigma(double x)
{
    double y = 1, z = x, before;

    if (x == 1)
        return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double
tau(double x)
{
    double y = 1, z = 1 - x, before;

    if (x == 0 || x == 1)
        return 0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

double
sketch_count(const struct sketch *s)
{
    uint32_t counts[RANKS] = {0};
    const double m = SKETCH_SIZE;
    double z;

    for (size_t i = 0; i < SKETCH_SIZE; i++)
        counts[s->registers[i]]++;
    z = m * tau(1 - counts[RANKS - 1] / m);
    for (size_t k = RANKS - 2; k >= 1; k--)
        z = 0.5 * (z + counts[k]);
    z += m * sigma(counts[0] / m);
    return m * m / (2 * M_LN2 * z);
}
