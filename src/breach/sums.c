/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/sums.h"

#include "breach/pack.h"

void
sums_add(struct sums *sums, const struct sums *more)
{
    if (sums->count == 0 || more->first < sums->first)
        sums->first = more->first;
    if (sums->count == 0 || more->last > sums->last)
        sums->last = more->last;
    sums->count = sum_of(sums->count, more->count);
    sums->statements = sum_of(sums->statements, more->statements);
    sums->weight = sum_of(sums->weight, more->weight);
    sums->rows = sum_of(sums->rows, more->rows);
    sums->misses = sum_of(sums->misses, more->misses);
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        sums->flags[flag] = sum_of(sums->flags[flag], more->flags[flag]);
}

void
bound_add(struct bound *bound, const struct bound *more)
{
    bound->unknown = sum_of(bound->unknown, more->unknown);
    bound->bounded = sum_of(bound->bounded, more->bounded);
    if (more->largest > bound->largest)
        bound->largest = more->largest;
}

void
sums_add_one(struct sums *sums, int64_t time, uint64_t statements, uint64_t rows, uint64_t misses,
             uint64_t flags)
{
    uint64_t weight = statements > 0 ? statements : 1;

    if (sums->count == 0 || time < sums->first)
        sums->first = time;
    if (sums->count == 0 || time > sums->last)
        sums->last = time;
    sums->count = sum_of(sums->count, 1);
    sums->statements = sum_of(sums->statements, statements);
    sums->weight = sum_of(sums->weight, weight);
    sums->rows = sum_of(sums->rows, rows);
    sums->misses = sum_of(sums->misses, misses);
    for (; flags != 0; flags &= flags - 1) { /* mostly there is none */
        unsigned flag = (unsigned)__builtin_ctzll(flags);

        if (flag < FLAG_COUNT)
            sums->flags[flag] = sum_of(sums->flags[flag], weight);
    }
}

void
sums_put_flags(struct pack *pack, const struct sums *sums)
{
    size_t flags = 0;

    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        flags += sums->flags[flag] > 0;
    pack_number(pack, flags);
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        if (sums->flags[flag] > 0) {
            pack_u8(pack, (uint8_t)flag);
            pack_number(pack, sums->flags[flag]);
        }
}

void
sums_read_flags(struct reader *r, struct sums *sums)
{
    size_t flags = unpack_count(r);

    for (size_t i = 0; i < flags && !r->failed; i++) {
        uint8_t flag = reader_u8(r);
        uint64_t count = unpack_number(r);

        if (flag >= FLAG_COUNT)
            r->failed = true;
        else
            sums->flags[flag] = count;
    }
}
