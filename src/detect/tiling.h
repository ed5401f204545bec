/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Principals who share the persons out among themselves: each is shown others than the rest are.
 *
 * Two who read independently have about ω n m persons in common, ω being what pairs have in common
 * on average (the sum of the squares of the persons' popularity). For a group, what all its pairs
 * have in common is Poisson, but that it varies as much more as pairs do that are not both in it
 * and as persons do whom many read; a lower tail of it, times the number of groups of that size
 * that there are, is a p-value whoever chose the group. Groups are grown greedily, from each of
 * those with most persons. ω is that of all, or of pairs of one in the group and one out of it,
 * whichever is less: who reads unlike the others does not share out for that.
 *
 * Those who come from the same network with the same program are judged among themselves, too.
 *
 * Addresses from which people are shown themselves are left out: where they live shares them out.
 *
 * Persons are compared in samples that were chosen by hash, so that the samples of two hold the
 * same persons (life.h). Where custom shares persons out (branches, regions), pairs have far more
 * or far less in common than by chance all over: then nothing is judged, and it says so.
 */
#ifndef PASU_DETECT_TILING_H
#define PASU_DETECT_TILING_H

#include "detect/part.h"

enum tiling {
    TILING_FEW,    /* too few principals, or they would have too little in common by chance */
    TILING_CUSTOM, /* persons are shared out by custom */
    TILING_JUDGED,
};

/* Judges those of the list, which is of one axis, and is put in another order. An enum tiling, or
 * PASU_E_NOMEM. */
PASU_MUST_USE int tiling_judge(struct principal **list, size_t count);
/* log of the p-value: of a Poisson variable with that mean, but `spread` times its variance, to be
 * no more than x (Chernoff), for any group of `size` among `all`. */
double tiling_log_p(double x, double mean, double spread, size_t size, size_t all);

#endif
