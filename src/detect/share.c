/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/share.h"

#include <assert.h>

/* Nothing is taken for rarer than one in a thousand: logs have gaps, and clients have faults. */
#define SHARE_LEAST 0.001
/* A day is unlike the own past with this probability. */
#define UNLIKE 0.02
/* A past of one's own weighs half after so many of its days. */
#define OWN_KEEP 0.9755 /* 28 days */
/* Correlations that were measured are taken for this much larger: they are estimates. */
#define CAUTION 1.5
/* No pool of principals is taken for more alike, nor one principal for steadier, than this. */
#define BETWEEN_MIN     0.01
#define BETWEEN_UNKNOWN 0.1
#define WITHIN_MIN      0.0005
/* Until days have been seen on which principals can be compared with themselves. */
#define WITHIN_UNKNOWN 0.02
enum { PAIR_DAYS_MIN = 10, WITHIN_DAYS_MIN = 30, LARGE = 1000 };

/* How alike two of the n of a day are: the correlation that the beta distribution gives them. */
static double
correlation_of_day(const struct share_peers *peers)
{
    double p;

    if (peers->pair_days < PAIR_DAYS_MIN)
        return BETWEEN_UNKNOWN;
    p = limited((peers->pair_ratio + 0.05) / (peers->pair_days + 1), SHARE_LEAST, 1 - SHARE_LEAST);
    return (peers->pairs / peers->pair_days - p * p) / (p - p * p);
}

/* How alike one of today and one of the past are. */
static double
correlation_of_days(const struct share_peers *peers)
{
    double p, q;

    if (peers->later_days < PAIR_DAYS_MIN)
        return BETWEEN_UNKNOWN;
    p = limited((peers->later + 0.05) / (peers->later_days + 1), SHARE_LEAST, 1 - SHARE_LEAST);
    q = limited((peers->later_own + 0.05) / (peers->later_days + 1), SHARE_LEAST, 1 - SHARE_LEAST);
    return (peers->later_pairs / peers->later_days - p * q) / sqrt((p - p * p) * (q - q * q));
}

static double
correlation_between(const struct share_peers *peers)
{
    return limited(CAUTION * fmax(correlation_of_day(peers), correlation_of_days(peers)),
                   BETWEEN_MIN, 0.95);
}

bool
share_usual(const struct share_peers *peers, const struct share *own, struct share_usual *usual)
{
    double p, within = WITHIN_UNKNOWN, weight, known;

    if (peers->days < SHARE_DAYS_MIN)
        return false;
    p = limited((peers->ratio + 0.05) / (peers->days + 1), SHARE_LEAST, 1 - SHARE_LEAST);
    if (peers->own_days >= WITHIN_DAYS_MIN && peers->scale > 0)
        within = limited(CAUTION * peers->spread / peers->scale, WITHIN_MIN, 0.95);
    weight = 1 / correlation_between(peers) - 1;
    usual->peers_a = p * weight;
    usual->peers_b = (1 - p) * weight;
    usual->own = own->n > 0;
    known = weight + (double)own->n;
    p = limited((weight * p + (double)own->x) / known, SHARE_LEAST / 2, 1 - SHARE_LEAST / 2);
    known = fmin(known, 1 / within - 1);
    usual->a = p * known;
    usual->b = (1 - p) * known;
    return true;
}

void
share_by_own(const struct share *own, struct share_usual *usual)
{
    double x = (double)own->x, n = (double)own->n;
    double as_peers = log_beta_binomial(x, n, usual->peers_a, usual->peers_b);
    double as_nobody = log_beta_binomial(x, n, 1, 1);

    if (as_nobody + log(SHARE_LEAST) > as_peers)
        share_alone(own, usual);
}

void
share_alone(const struct share *own, struct share_usual *usual)
{
    double x = (double)own->x, n = (double)own->n;
    double p = limited((x + 1) / (n + 2), SHARE_LEAST / 2, 1 - SHARE_LEAST / 2);
    double known = fmin(n + 2, usual->a + usual->b);

    usual->a = p * known;
    usual->b = (1 - p) * known;
}

/* But for the binomial coefficient, which all have: what is usual, and what is wrong in each way. A
 * share that is nearly all is not more than usual for who always does nothing else: what is wrong
 * is not taken for surer than what is usual may be. */
static double
likelihoods(double a, double b, double x, double n, double wrong[WAYS])
{
    static const double times[] = {1.25, 1.5, 2, 4, 16};
    double known = a + b, odds = a / b;

    static_assert(COUNT_OF(times) == WAYS - 1, "and any share");
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        double p = fmin(times[i] * odds / (1 + times[i] * odds), 1 - SHARE_LEAST / 2);

        wrong[i] = log_beta_binomial(x, n, p * known, (1 - p) * known);
    }
    /* Any share, but that lower ones than usual speak for nothing. */
    wrong[COUNT_OF(times)] = x * known > a * n ? log_beta_binomial(x, n, 1, 1) : -INFINITY;
    return log_beta_binomial(x, n, a, b);
}

void
share_ways(const struct share_usual *usual, double x, double n, double ways[WAYS])
{
    double own[WAYS], peers[WAYS];
    double own_null = likelihoods(usual->a, usual->b, x, n, own);
    double peers_null = likelihoods(usual->peers_a, usual->peers_b, x, n, peers);

    log_ratios(own_null, own, peers_null, peers, usual->own ? UNLIKE : 0, ways);
    /* Nor is a lower share than usual a higher one than its peers'. */
    for (size_t i = 0; i < WAYS && x * (usual->a + usual->b) <= usual->a * n; i++)
        ways[i] = fmin(ways[i], 0);
}

double
share_evidence(const struct share_usual *usual, double x, double n)
{
    double ways[WAYS];

    share_ways(usual, x, n, ways);
    return log_mean(ways, WAYS);
}

void
share_learn(struct share_peers *peers, struct share *own, double x, double n)
{
    peers->days += 1;
    peers->ratio += x / n;
    if (n >= 2) {
        peers->pair_days += 1;
        peers->pair_ratio += x / n;
        peers->pairs += x * (x - 1) / (n * (n - 1));
    }
    if (own->n >= 1) {
        peers->later_days += 1;
        peers->later += x / n;
        peers->later_own += (double)own->x / (double)own->n;
        peers->later_pairs += x / n * (double)own->x / (double)own->n;
    }
    if (n >= 2 && own->n >= 20) {
        double many = n < LARGE ? n : LARGE, p = ((double)own->x + 0.5) / ((double)own->n + 1);
        double off = x / n - p, chance = p * (1 - p) / n;

        /* Sampling error of p itself is taken out, too, so that a short past is no spread. */
        chance += p * (1 - p) / (double)own->n;
        peers->spread += (off * off - chance) * many;
        peers->scale += p * (1 - p) * many;
        peers->own_days += 1;
    }
    own->x = (float)((double)own->x * OWN_KEEP + x);
    own->n = (float)((double)own->n * OWN_KEEP + n);
}

void
share_learn_singles(struct share_peers *peers, double x, double count)
{
    peers->days += count;
    peers->ratio += x;
}

void
share_age(struct share_peers *peers, double keep)
{
    peers->days *= keep;
    peers->ratio *= keep;
    peers->pair_days *= keep;
    peers->pair_ratio *= keep;
    peers->pairs *= keep;
    peers->later_days *= keep;
    peers->later *= keep;
    peers->later_own *= keep;
    peers->later_pairs *= keep;
    peers->spread *= keep;
    peers->scale *= keep;
    peers->own_days *= keep;
}

void
share_sum(struct share_peers *into, const struct share_peers *from)
{
    into->days += from->days;
    into->ratio += from->ratio;
    into->pair_days += from->pair_days;
    into->pair_ratio += from->pair_ratio;
    into->pairs += from->pairs;
    into->later_days += from->later_days;
    into->later += from->later;
    into->later_own += from->later_own;
    into->later_pairs += from->later_pairs;
    into->spread += from->spread;
    into->scale += from->scale;
    into->own_days += from->own_days;
}
