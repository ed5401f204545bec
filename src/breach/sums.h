/* SPDX-License-Identifier: Apache-2.0 */
/* What is added up over statements, and over days of them: sums stop at the largest number. */
#ifndef PASU_BREACH_SUMS_H
#define PASU_BREACH_SUMS_H

#include "exposure/exposure.h"

struct sums {
    uint64_t count;      /* of statements, and in them */
    uint64_t statements; /* executions, */
    uint64_t weight;     /* at least one a statement, */
    uint64_t rows, misses;
    int64_t first, last; /* times of those that began first and last */
    uint64_t flags[FLAG_COUNT];
};

/* Unknown persons of one part: of all statements, how many had some, the most of one. */
struct bound {
    uint64_t unknown, bounded, largest;
};

static inline uint64_t
sum_of(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

void sums_add(struct sums *sums, const struct sums *more);
void bound_add(struct bound *bound, const struct bound *more);
/* One more statement. */
void sums_add_one(struct sums *sums, int64_t time, uint64_t statements, uint64_t rows,
                  uint64_t misses, uint64_t flags);
/* The flags that there were, and how often; read into sums that have none. The reader fails where
 * one is not known. */
struct pack;
struct reader;
void sums_put_flags(struct pack *pack, const struct sums *sums);
void sums_read_flags(struct reader *reader, struct sums *sums);

#endif
