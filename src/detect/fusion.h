/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the evidence of a day to what is published.
 *
 * Of one detector: what is wrong may have begun on any day on which the principal was seen. A
 * product of e-values from that day on is an e-value; so is their mean, weighted before anything
 * was seen: one half for the first day, and the other half shared by FUSION_DAYS days. That is
 * Shiryaev and Roberts' sum S ← (S + 1) e, begun at S = FUSION_DAYS and divided by twice as much;
 * looked at whenever one likes it exceeds x with a probability of at most 1/x (Ville). There is
 * such a sum for each way in which a detector can be right (1.25 times as much as usual, twice …),
 * so that what is a little more on many days adds up as well; the detector's e-value is their mean.
 * Of a principal: the mean of its detectors (one that cannot be tested counts as the half it began
 * with). Of all: the e-BH procedure.
 */
#ifndef PASU_DETECT_FUSION_H
#define PASU_DETECT_FUSION_H

#include "detect/principal.h"

enum { FUSION_DAYS = 366 };

void fusion_begin(struct history *h);
/* log of the e-value of a detector with today's evidence (logs, one a way; NULL: there is none) and
 * all days before. */
double fusion_with(const struct history *h, enum detector detector, const float *ways);
/* The day is over. */
void fusion_step(struct history *h, enum detector detector, const float *ways);
/* An e-value of all days, which takes the place of what there was. */
void fusion_set(struct history *h, enum detector detector, double log_e);
/* The day's evidence of a detector, as above. */
const float *fusion_ways(const struct day *day, enum detector detector);
/* Sets h->log_now from the day's evidence (NULL: there is none today) and h->log_fused. */
void fusion_judge(struct history *h, const struct day *day);
/* log of the least e-value that is published, of `count` candidates sorted with the highest first,
 * among `tested` hypotheses of which `published` are published already. +INFINITY: none is. */
double fusion_choose(const double *log_e, size_t count, size_t tested, size_t published, double q);

#endif
