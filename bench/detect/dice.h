/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that are the same for the same seed (splitmix64), and the hashes of a made-up
 * town. */
#ifndef PASU_BENCH_DETECT_DICE_H
#define PASU_BENCH_DETECT_DICE_H

#include "detect/observation.h"

#include <math.h>

struct dice {
    uint64_t state;
};

static inline uint64_t
mixed(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static inline uint64_t
dice_next(struct dice *d)
{
    d->state += UINT64_C(0x9E3779B97F4A7C15);
    return mixed(d->state);
}

/* In [0, 1). */
static inline double
dice_unit(struct dice *d)
{
    return (double)(dice_next(d) >> 11) * 0x1p-53;
}

/* In [0, most). */
static inline uint64_t
dice_below(struct dice *d, uint64_t most)
{
    return (uint64_t)(dice_unit(d) * (double)most);
}

static inline bool
dice_chance(struct dice *d, double p)
{
    return dice_unit(d) < p;
}

static inline double
dice_normal(struct dice *d)
{
    double u = 1 - dice_unit(d), v = dice_unit(d);

    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static inline double
dice_lognormal(struct dice *d, double sigma)
{
    return exp(sigma * dice_normal(d) - sigma * sigma / 2);
}

static inline uint64_t
dice_poisson(struct dice *d, double mean)
{
    double limit, product = 1;
    uint64_t k = 0;

    if (mean > 60) {
        double x = mean + sqrt(mean) * dice_normal(d);

        return x > 0 ? (uint64_t)(x + 0.5) : 0;
    }
    limit = exp(-mean);
    while ((product *= dice_unit(d)) > limit)
        k++;
    return k;
}

/* What things of the town are called: any number of one kind has one hash. */
enum named {
    NAMED_SUBJECT = 100,
    NAMED_ACCOUNT,
    NAMED_SESSION,
    NAMED_ADDRESS,
    NAMED_NETWORK,
    NAMED_ASN,
    NAMED_AGENT,
    NAMED_TOKEN
};

static inline uint64_t
named(enum named kind, uint64_t number)
{
    return mixed(mixed((uint64_t)kind) ^ (number + UINT64_C(0x632BE59BD9B4E019))) | 1;
}

#define SECOND INT64_C(1000000000)
#define DAY    (86400 * SECOND)
/* Monday 2025-01-06 */
#define TOWN_START (INT64_C(20094) * DAY)

#endif
