/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A share: x of n, for a principal and a day (of what it asked for, what did not exist; of its
 * accounts, those without a login).
 *
 * Usual is what the principal did itself on earlier days, and as long as there are few, what its
 * peers do. Among peers the share has a beta distribution, fitted to the moments of principal-days
 * that each count the same, however much was read; what two reads of a day have in common is in it,
 * and what a day has in common with the principal's past; from day to day one principal's share
 * varies, too, by as much as principals of the axis were seen to vary about their own mean. So x is
 * beta-binomial given the past, and the e-values are the likelihood ratios against higher
 * shares: 1.25, 1.5, 2, 4 and 16 times the odds, and any. One day of fifty (UNLIKE) may be unlike
 * the principal's own past, and then is as its peers' are.
 */
#ifndef PASU_DETECT_SHARE_H
#define PASU_DETECT_SHARE_H

#include "detect/numbers.h"

/* Of one principal: what it did, older days weighing less. */
struct share {
    float x, n;
};

/* Of all principals of an axis. */
struct share_peers {
    double days, ratio;                  /* principal-days, sum of x/n */
    double pair_days, pair_ratio, pairs; /* those with n ≥ 2; sum of x(x-1)/(n(n-1)) */
    double later_days, later, later_own; /* those with a past; sums of x/n, of the past's x/n, */
    double later_pairs;                  /* and of both multiplied */
    double spread, scale; /* excess of squares about one's own mean, and what it is divided by */
    double own_days;
};

/* What is usual for a principal today: x of n is beta-binomial with a and b, or as for its peers.
 */
struct share_usual {
    double a, b;
    double peers_a, peers_b;
    bool own; /* it has a past */
};

enum { SHARE_DAYS_MIN = 30 }; /* principal-days before a share can be judged */

/* False: too little is known of the peers. */
bool share_usual(const struct share_peers *peers, const struct share *own,
                 struct share_usual *usual);
/*
 * Where peers are of several kinds, few of which are as the others (networks of homes, and one of
 * services, which never log in): whose past is a thousand times more likely to be of a kind of its
 * own, of any share, than of its peers', is compared with that past alone. Without it what is
 * always so is evidence anew on each of many days, as far as the many are alike.
 */
void share_by_own(const struct share *own, struct share_usual *usual);
/* With that past alone, however likely it is of its peers': where peers are of two kinds, and who
 * is of one is not for that surely never a little of the other. */
void share_alone(const struct share *own, struct share_usual *usual);
/* log of the e-value of x of n, x ≤ n, for each of those, 0 or less for what is no higher share
 * than usual. */
void share_ways(const struct share_usual *usual, double x, double n, double ways[WAYS]);
/* log of their mean. */
double share_evidence(const struct share_usual *usual, double x, double n);
/* A day that was not alarming is over. n ≥ 1. */
void share_learn(struct share_peers *peers, struct share *own, double x, double n);
/* Principal-days of one read each, `x` of them with what is looked for. */
void share_learn_singles(struct share_peers *peers, double x, double count);
/* Older days weigh less: once a day. */
void share_age(struct share_peers *peers, double keep);
/* Sums of the same axis from elsewhere. */
void share_sum(struct share_peers *into, const struct share_peers *from);

#endif
