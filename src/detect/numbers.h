/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The special functions that the detectors stand on. All logarithms are natural unless they are
 * named log10. Plain functions: any thread, no state.
 */
#ifndef PASU_DETECT_NUMBERS_H
#define PASU_DETECT_NUMBERS_H

#include "base/attributes.h"

#include <math.h>

static inline double
limited(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

/* The sum, or the highest number there is. */
static inline uint64_t
sum_limited(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* log(exp(a) + exp(b)), without overflow; -INFINITY is log 0. */
double log_add(double a, double b);
/* log of the mean of exp(x[i]), count > 0. */
double log_mean(const double *x, size_t count);
/* log B(a, b), a and b > 0. */
double log_beta(double a, double b);
/* log P(X = x) but for the binomial coefficient, X beta-binomial with n tries and Beta(a, b). */
double log_beta_binomial(double x, double n, double a, double b);
/* In how many ways something can be wrong, of which an e-value each is kept: how much more it is.
 */
enum { WAYS = 6 };

/* Logs of the e-values: of how probable something is if it is wrong in each way, divided by how
 * probable it is if nothing is; both are `one` with probability 1 - p, else `other`, which is not
 * read if p is 0. */
void log_ratios(double one_null, const double *one, double other_null, const double *other,
                double p, double ratios[WAYS]);
/* log of the probability that a normal variable is at least |z| away from 0. */
double log_two_sided(double z);
/* log of the e-value that a p-value gives: the calibrator p^(-1/2) / 2 (Vovk and Wang 2021). */
double log_calibrated(double log_p);
/* Spearman's rank correlation of count pairs as z = r √(count - 1), which is normal when either
 * is in random order; ties share their mean rank. 0 where all of x or all of y are equal.
 * x and y are overwritten with their ranks; order is room for count numbers. */
double rank_correlation(double *x, double *y, uint16_t *order, size_t count);

#endif
