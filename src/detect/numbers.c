/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/numbers.h"

double
log_add(double a, double b)
{
    double high = a > b ? a : b, low = a > b ? b : a;

    return low == -INFINITY ? high : high + log1p(exp(low - high));
}

double
log_mean(const double *x, size_t count)
{
    double high = -INFINITY, sum = 0;

    for (size_t i = 0; i < count; i++)
        high = x[i] > high ? x[i] : high;
    for (size_t i = 0; i < count; i++)
        sum += x[i] == high                  ? 1
               : isinf(high) && !isnan(x[i]) ? 0
                                             : exp(x[i] - high); /* NAN stays */
    return high + log(sum / (double)count);
}

/* lgamma of the C library writes a global. */
static double
log_gamma(double x)
{
    int sign;

    return lgamma_r(x, &sign);
}

double
log_beta(double a, double b)
{
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b);
}

double
log_beta_binomial(double x, double n, double a, double b)
{
    return log_beta(x + a, n - x + b) - log_beta(a, b);
}

double
log_two_sided(double z)
{
    double x = fabs(z) / M_SQRT2;

    /* erfc is 0 from 27 on; there the first term of its series is exact to 0.1 %. */
    if (x < 25)
        return log(erfc(x));
    return -x * x - log(x * sqrt(M_PI));
}

void
log_ratios(double one_null, const double *one, double other_null, const double *other, double p,
           double ratios[WAYS])
{
    double most = log1p(-p), rest = log(p);
    double null = p > 0 ? log_add(most + one_null, rest + other_null) : one_null;

    for (size_t i = 0; i < WAYS; i++)
        ratios[i] = (p > 0 ? log_add(most + one[i], rest + other[i]) : one[i]) - null;
}

double
log_calibrated(double log_p)
{
    return -log_p / 2 - M_LN2;
}

static int
compare_by(const void *a, const void *b, void *values)
{
    const double *v = values;
    double x = v[*(const uint16_t *)a], y = v[*(const uint16_t *)b];

    return (x > y) - (x < y);
}

static void
to_ranks(double *x, uint16_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i] = (uint16_t)i;
    qsort_r(order, count, sizeof(*order), compare_by, x);
    for (size_t from = 0, to; from < count; from = to) {
        double value = x[order[from]];

        for (to = from + 1; to < count && x[order[to]] == value; to++)
            continue;
        for (size_t i = from; i < to; i++)
            x[order[i]] = (double)(from + to - 1) / 2;
    }
}

double
rank_correlation(double *x, double *y, uint16_t *order, size_t count)
{
    double mean = ((double)count - 1) / 2, xx = 0, yy = 0, xy = 0;

    to_ranks(x, order, count);
    to_ranks(y, order, count);
    for (size_t i = 0; i < count; i++) {
        xx += (x[i] - mean) * (x[i] - mean);
        yy += (y[i] - mean) * (y[i] - mean);
        xy += (x[i] - mean) * (y[i] - mean);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) * sqrt((double)count - 1) : 0;
}
