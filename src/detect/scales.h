/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How large the numbers of a crowd are, by powers of two, whatever their distribution.
 *
 * A crowd is of several kinds: thousands of homes that are much alike, and beside them a few
 * carriers, offices, robots and services, each of a scale of its own. Moments are those of the
 * homes, and no bell about them has a carrier in it. So the next one's scale is predicted from how
 * many were of it: as Laplace's rule of succession does, with one that is not seen yet, of a scale
 * k with 1 / ((k + 1)(k + 2)), which has no largest number (Rissanen's universal prior, rounded).
 * Among n nobody is taken for rarer than that one in n + 1: no crowd can tell more about who is of
 * none of its kinds. Half of what is added goes to the scales beside: they have no sharp edges.
 */
#ifndef PASU_DETECT_SCALES_H
#define PASU_DETECT_SCALES_H

#include "detect/numbers.h"

enum { SCALES = 40 };

struct scales {
    double count[SCALES], total;
};

/* `times` (less than 0: taken away) a number x. */
void scales_add(struct scales *scales, double x, double times);
/* log of the probability that the next one's number is x, a whole one. */
double scales_log(const struct scales *scales, double x);
void scales_age(struct scales *scales, double keep);
void scales_sum(struct scales *into, const struct scales *from);

#endif
