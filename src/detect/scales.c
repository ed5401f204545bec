/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/scales.h"

/* 0 and 1 are of the first. */
static size_t
scale_of(double x)
{
    return x < 2 ? 0 : (size_t)limited(floor(log2(x)), 0, SCALES - 1);
}

void
scales_add(struct scales *scales, double x, double times)
{
    size_t k = scale_of(x);

    scales->count[k] += times / 2;
    scales->count[k > 0 ? k - 1 : 0] += times / 4;
    scales->count[k + 1 < SCALES ? k + 1 : k] += times / 4;
    scales->total += times;
}

double
scales_log(const struct scales *scales, double x)
{
    size_t k = scale_of(x);
    double prior = 1.0 / (((double)k + 1) * ((double)k + 2));

    return log((fmax(scales->count[k], 0) + prior) / (fmax(scales->total, 0) + 1)) -
           (k == 0 ? M_LN2 : (double)k * M_LN2);
}

void
scales_age(struct scales *scales, double keep)
{
    for (size_t k = 0; k < SCALES; k++)
        scales->count[k] *= keep;
    scales->total *= keep;
}

void
scales_sum(struct scales *into, const struct scales *from)
{
    for (size_t k = 0; k < SCALES; k++)
        into->count[k] += from->count[k];
    into->total += from->total;
}
