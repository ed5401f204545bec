/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/fusion.h"

void
fusion_begin(struct history *h)
{
    for (size_t i = 0; i < DETECTOR_COUNT; i++) {
        h->log_s[i] = log(FUSION_DAYS);
        h->log_now[i] = -M_LN2;
        h->log_best[i] = -INFINITY;
    }
    h->log_fused = -M_LN2;
}

double
fusion_with(const struct history *h, enum detector detector, double log_e)
{
    double log_s = h->log_s[detector];

    if (!isnan(log_e))
        log_s = log_add(log_s, 0) + log_e;
    return log_s - log(2.0 * FUSION_DAYS);
}

void
fusion_step(struct history *h, enum detector detector, double log_e)
{
    if (!isnan(log_e))
        h->log_s[detector] = log_add(h->log_s[detector], 0) + log_e;
}

void
fusion_set(struct history *h, enum detector detector, double log_e)
{
    h->log_s[detector] = log_e + log(2.0 * FUSION_DAYS);
}

void
fusion_judge(struct history *h, const struct day *day)
{
    for (size_t i = 0; i < DETECTOR_COUNT; i++)
        h->log_now[i] = fusion_with(h, (enum detector)i, day != NULL ? day->log_e[i] : (double)NAN);
    h->log_fused = log_mean(h->log_now, DETECTOR_COUNT);
}

double
fusion_choose(const double *log_e, size_t count, size_t tested, size_t published, double q)
{
    for (size_t k = count; k > 0; k--) {
        double least = log((double)tested / (q * (double)(published + k)));

        if (log_e[k - 1] >= least)
            return least;
    }
    return INFINITY;
}
