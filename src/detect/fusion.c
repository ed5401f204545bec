/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/fusion.h"

#include <assert.h>

static_assert(DETECTOR_COUNT <= 32, "a bit each");

void
fusion_begin(struct history *h)
{
    for (size_t i = 0; i < DETECTOR_COUNT; i++) {
        for (size_t way = 0; way < DETECTOR_WAYS; way++)
            h->log_s[i][way] = (float)log(FUSION_DAYS);
        h->log_now[i] = -M_LN2;
        h->log_best[i] = -INFINITY;
    }
    h->log_fused = -M_LN2;
    h->rests = 0;
}

static double
with(double log_s, const float *ways, size_t way)
{
    return ways != NULL ? log_add(log_s, 0) + (double)ways[way] : log_s;
}

double
fusion_with(const struct history *h, enum detector detector, const float *ways)
{
    double sums[DETECTOR_WAYS];

    for (size_t way = 0; way < DETECTOR_WAYS; way++)
        sums[way] = with((double)h->log_s[detector][way], ways, way);
    return log_mean(sums, DETECTOR_WAYS) - log(2.0 * FUSION_DAYS);
}

void
fusion_step(struct history *h, enum detector detector, const float *ways)
{
    for (size_t way = 0; way < DETECTOR_WAYS; way++) {
        float *log_s = &h->log_s[detector][way];

        *log_s = (float)with((double)*log_s, ways, way);
    }
    h->rests &= ~(1U << detector);
}

void
fusion_set(struct history *h, enum detector detector, double log_e)
{
    for (size_t way = 0; way < DETECTOR_WAYS; way++)
        h->log_s[detector][way] = (float)(log_e + log(2.0 * FUSION_DAYS));
    h->rests &= ~(1U << detector);
}

const float *
fusion_ways(const struct day *day, enum detector detector)
{
    return day != NULL && !isnan(day->judged->log_e[detector]) ? day->judged->ways[detector] : NULL;
}

void
fusion_judge(struct history *h, const struct day *day)
{
    /* Of most detectors a day says nothing, hour by hour. */
    for (size_t i = 0; i < DETECTOR_COUNT; i++) {
        const float *ways = fusion_ways(day, (enum detector)i);

        if (ways == NULL && (h->rests >> i & 1) != 0)
            continue;
        h->log_now[i] = fusion_with(h, (enum detector)i, ways);
        h->rests = (h->rests & ~(1U << i)) | (uint32_t)(ways == NULL) << i;
    }
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
