/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pace: a count for a principal and a day (persons, accounts, the most reads in a minute).
 *
 * As a share (share.h), but the count is negative binomial: among peers the mean has a gamma
 * distribution, and a principal's days vary about its own mean. The e-values are the likelihood
 * ratios against 1.25, 1.5, 2, 4 and 16 times the mean, and against 1.5 times of days that vary
 * twice as much: who reads much on one day and little on the next.
 *
 * What many share and has no past may be of a kind of which peers are few, as a carrier's network
 * is among homes': then one half of what is usual is negative binomial, the other is how large the
 * peers' numbers were (scales.h).
 */
#ifndef PASU_DETECT_PACE_H
#define PASU_DETECT_PACE_H

#include "detect/scales.h"

struct pace {
    float sum, days;
};

struct pace_peers {
    double days, sum, pairs; /* principal-days, sums of x and of x(x-1) */
    /* Relative excess of squares about one's own mean; of those with few, and of those with many.
     */
    double spread[2], own_days[2];
    double week[7], week_days[7]; /* relative to one's own mean, by day of the week */
    struct scales scales;         /* principal-days */
};

struct pace_usual {
    double mean, shape;
    double peers_mean, peers_shape;
    double unlike; /* the probability that a day is as the peers' are, not as its own past */
    bool own;      /* it has a past */
    /* Borrowed: how large the peers' numbers are. NULL: they are taken for negative binomial. */
    const struct scales *scales;
};

enum { PACE_DAYS_MIN = 30, PACE_WAY_TWICE = 3 /* of the e-values, the one against it */ };

/* What is usual on a day of the week (day % 7 of days since 1970); usual->scales are those of
 * peers, where there is no own past. False: too little is known. */
bool pace_usual(const struct pace_peers *peers, const struct pace *own, unsigned weekday,
                struct pace_usual *usual);
/* log of the e-value of x for each of those, 0 or less for what is not more than the mean. */
void pace_ways(const struct pace_usual *usual, double x, double ways[WAYS]);
/* log of their mean. */
double pace_evidence(const struct pace_usual *usual, double x);
void pace_learn(struct pace_peers *peers, struct pace *own, unsigned weekday, double x);
/* Days that were held back become part of the own past. */
void pace_catch_up(struct pace *own, struct pace *held);
/* Principal-days of one each. */
void pace_learn_singles(struct pace_peers *peers, double count);
void pace_age(struct pace_peers *peers, double keep);
void pace_sum(struct pace_peers *into, const struct pace_peers *from);

#endif
