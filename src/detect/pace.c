/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/pace.h"

#include <assert.h>

/* A day is unlike the own past with this probability. */
#define UNLIKE         0.02
#define OWN_KEEP       0.9755 /* half after 28 days of its own */
#define CAUTION        0.6    /* of a measured shape: it is an estimate */
#define BETWEEN_MOST   4.0    /* no pool of principals is taken for more alike */
#define SHAPE_MOST     200.0
#define SHAPE_LEAST    0.05
#define WITHIN_UNKNOWN 2.0
#define MANY_MEAN      8.0
#define ERRATIC        0.25 /* of the shape: who reads much on one day, little on the next */
enum { WITHIN_DAYS_MIN = 30, WEEK_DAYS_MIN = 20 };

/* Those who do a lot do it more regularly. */
static size_t
class_of_mean(double mean)
{
    return mean >= MANY_MEAN;
}

static double
within_of(const struct pace_peers *peers, double mean)
{
    size_t c = class_of_mean(mean);

    if (peers->own_days[c] < WITHIN_DAYS_MIN)
        c = 1 - c;
    if (peers->own_days[c] < WITHIN_DAYS_MIN)
        return WITHIN_UNKNOWN;
    if (peers->spread[c] <= 0)
        return SHAPE_MOST;
    return limited(CAUTION * peers->own_days[c] / peers->spread[c], SHAPE_LEAST, SHAPE_MOST);
}

static double
week_factor(const struct pace_peers *peers, unsigned weekday)
{
    if (peers->week_days[weekday] < WEEK_DAYS_MIN)
        return 1;
    return limited(peers->week[weekday] / peers->week_days[weekday], 0.2, 5);
}

bool
pace_usual(const struct pace_peers *peers, const struct pace *own, unsigned weekday,
           struct pace_usual *usual)
{
    double mean, excess, between, known;
    double within = within_of(peers, own->days > 0 ? (double)own->sum / (double)own->days : 0);

    if (peers->days < PACE_DAYS_MIN)
        return false;
    mean = (peers->sum + 0.5) / (peers->days + 1);
    excess = peers->pairs / peers->days - mean * mean;
    between = limited(excess > 0 ? CAUTION * mean * mean / excess : BETWEEN_MOST, SHAPE_LEAST,
                      BETWEEN_MOST);
    /* The gamma distribution of the mean after what was seen of the principal. */
    known = between;
    if (own->days > 0)
        known += (double)own->sum * within / (within + (double)own->sum / (double)own->days);
    usual->peers_mean = mean * week_factor(peers, weekday);
    usual->peers_shape = between;
    usual->own = own->days > 0;
    usual->unlike = UNLIKE;
    usual->scales = usual->own ? NULL : &peers->scales;
    usual->mean = (between + (double)own->sum) / (between / mean + (double)own->days);
    usual->mean *= week_factor(peers, weekday);
    usual->shape = 1 / (1 / known + (own->days > 0 ? 1 / within : 0));
    return true;
}

/* log P(x) of a negative binomial, but for 1/x!, which all have. */
static double
log_count(double mean, double r, double x)
{
    int sign;

    return lgamma_r(x + r, &sign) - lgamma_r(r, &sign) + r * log(r / (r + mean)) +
           x * log(mean / (r + mean));
}

static double
likelihoods(double mean, double r, double x, double wrong[WAYS])
{
    static const struct {
        double times, steady;
    } ways[] = {{1.5, ERRATIC}, {1.25, 1}, {1.5, 1}, {2, 1}, {4, 1}, {16, 1}};

    static_assert(COUNT_OF(ways) == WAYS, "a way each");
    assert(ways[PACE_WAY_TWICE].times == 2);
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        wrong[i] = log_count(ways[i].times * mean, ways[i].steady * r, x);
    return log_count(mean, r, x);
}

/* One half is of the scales, where they are known. */
static double
with_scales(const struct pace_usual *usual, double log_count, double x)
{
    int sign;

    if (usual->scales == NULL)
        return log_count;
    return log_add(log_count, scales_log(usual->scales, x) + lgamma_r(x + 1, &sign)) - M_LN2;
}

void
pace_ways(const struct pace_usual *usual, double x, double ways[WAYS])
{
    double own[WAYS], peers[WAYS];
    double own_null = likelihoods(usual->mean, usual->shape, x, own), peers_null = 0;

    if (usual->own) {
        peers_null = likelihoods(usual->peers_mean, usual->peers_shape, x, peers);
        peers_null = with_scales(usual, peers_null, x);
    } else {
        own_null = with_scales(usual, own_null, x);
    }
    log_ratios(own_null, own, peers_null, peers, usual->own ? usual->unlike : 0, ways);
    /* Fewer than usual are no growth, though its own past does not know so few of it, and its peers
     * never have as many. */
    for (size_t i = 0; i < WAYS && x <= usual->mean; i++)
        ways[i] = fmin(ways[i], 0);
}

double
pace_evidence(const struct pace_usual *usual, double x)
{
    double ways[WAYS];

    pace_ways(usual, x, ways);
    return log_mean(ways, WAYS);
}

void
pace_learn(struct pace_peers *peers, struct pace *own, unsigned weekday, double x)
{
    peers->days += 1;
    peers->sum += x;
    peers->pairs += x * (x - 1);
    scales_add(&peers->scales, x, 1);
    if (own->days >= 5) {
        double mean = (double)own->sum / (double)own->days;
        double usual = mean * week_factor(peers, weekday), off = x - usual;

        /* Beside chance, the error of a mean of few days is no spread. */
        if (mean > 0.5) {
            size_t c = class_of_mean(mean);

            peers->spread[c] += (off * off - usual - usual / (double)own->days) / (usual * usual);
            peers->own_days[c] += 1;
        }
        if (mean > 0) {
            peers->week[weekday] += limited(x / mean, 0, 5);
            peers->week_days[weekday] += 1;
        }
    }
    own->sum = (float)((double)own->sum * OWN_KEEP + x);
    own->days = (float)((double)own->days * OWN_KEEP + 1);
}

void
pace_catch_up(struct pace *own, struct pace *held)
{
    double keep = pow(OWN_KEEP, (double)held->days);

    own->sum = (float)((double)own->sum * keep + (double)held->sum);
    own->days = (float)((double)own->days * keep + (double)held->days);
    *held = (struct pace){0};
}

void
pace_learn_singles(struct pace_peers *peers, double count)
{
    peers->days += count;
    peers->sum += count;
    scales_add(&peers->scales, 1, count);
}

void
pace_age(struct pace_peers *peers, double keep)
{
    peers->days *= keep;
    peers->sum *= keep;
    peers->pairs *= keep;
    for (size_t c = 0; c < COUNT_OF(peers->spread); c++) {
        peers->spread[c] *= keep;
        peers->own_days[c] *= keep;
    }
    for (size_t i = 0; i < COUNT_OF(peers->week); i++) {
        peers->week[i] *= keep;
        peers->week_days[i] *= keep;
    }
    scales_age(&peers->scales, keep);
}

void
pace_sum(struct pace_peers *into, const struct pace_peers *from)
{
    into->days += from->days;
    into->sum += from->sum;
    into->pairs += from->pairs;
    for (size_t c = 0; c < COUNT_OF(into->spread); c++) {
        into->spread[c] += from->spread[c];
        into->own_days[c] += from->own_days[c];
    }
    for (size_t i = 0; i < COUNT_OF(into->week); i++) {
        into->week[i] += from->week[i];
        into->week_days[i] += from->week_days[i];
    }
    scales_sum(&into->scales, &from->scales);
}
