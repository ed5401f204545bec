/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/order.h"

#include <assert.h>
#include <stdlib.h>

static int
by_number(const void *a, const void *b)
{
    const struct order_read *p = a, *q = b;

    if (p->number != q->number)
        return p->number < q->number ? -1 : 1;
    return (p->rank > q->rank) - (p->rank < q->rank);
}

/* Each number once, when it came first. */
static size_t
sort(struct order_read *reads, size_t count)
{
    size_t left = 0;

    qsort(reads, count, sizeof(*reads), by_number);
    for (size_t i = 0; i < count; i++)
        if (left == 0 || reads[left - 1].number != reads[i].number)
            reads[left++] = reads[i];
    return left;
}

/* How far apart two of a block are at most. Of the middle half, so that numbers far from all others
 * do not count. */
static uint64_t
reach_of(const struct order_read *reads, size_t count)
{
    size_t quarter = count / 4;
    uint64_t gaps = count - 1 - 2 * quarter;
    uint64_t reach = (reads[count - 1 - quarter].number - reads[quarter].number) / gaps / 6;

    return reach > 1 ? reach : 1;
}

static bool
goes_on(const struct order_read *reads, size_t i, bool falls)
{
    return (reads[i].rank < reads[i - 1].rank) == falls;
}

/* log of the sum over all lengths l of the mean of l! or 0 over all stretches of that length. */
static double
sum_stretches(const struct order_read *block, size_t count, bool falls, uint32_t *longest)
{
    double sum = -INFINITY;

    for (size_t from = 0, to; from + 1 < count; from = to) {
        double factorial = 0;
        size_t length;

        for (to = from + 1; to < count && goes_on(block, to, falls); to++)
            continue;
        length = to - from;
        if (length > *longest)
            *longest = (uint32_t)length;
        for (size_t l = 2; l <= length; l++) {
            factorial += log((double)l);
            sum = log_add(sum, factorial + log((double)(length - l + 1) / (double)(count - l + 1)));
        }
    }
    return sum;
}

static void
add_block(const struct order_read *block, size_t count, double ways[WAYS], uint32_t *longest)
{
    static const double walks[] = {0.003, 0.01, 0.03, 0.1, 0.2, 0.4};
    double log_e = log_add(sum_stretches(block, count, false, longest),
                           sum_stretches(block, count, true, longest)) -
                   log(2 * (double)(count - 1));

    static_assert(COUNT_OF(walks) == WAYS, "a way each");
    for (size_t way = 0; way < WAYS; way++)
        ways[way] += log_add(log1p(-walks[way]), log(walks[way]) + log_e);
}

uint32_t
order_ways(struct order_read *reads, size_t count, double ways[WAYS])
{
    uint32_t longest = 0;
    uint64_t reach;

    count = sort(reads, count);
    if (count < 3)
        return 0; /* the order of two says nothing */
    reach = reach_of(reads, count);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && reads[to].number - reads[to - 1].number <= reach; to++)
            continue;
        if (to - from > 2)
            add_block(reads + from, to - from, ways, &longest);
    }
    return longest;
}
