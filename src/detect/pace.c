/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/pace.h"

/* A day is unlike the own past with this probability. */
#define UNLIKE         0.02
#define OWN_KEEP       0.9755 /* half after 28 days of its own */
#define CAUTION        0.6    /* of a measured shape: it is an estimate */
#define BETWEEN_MOST   4.0    /* no pool of principals is taken for more alike */
#define SHAPE_MOST     200.0
#define SHAPE_LEAST    0.05
#define WITHIN_UNKNOWN 2.0
enum { WITHIN_DAYS_MIN = 30, WEEK_DAYS_MIN = 20 };

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
    double mean, excess, between, within = WITHIN_UNKNOWN, known;

    if (peers->days < PACE_DAYS_MIN)
        return false;
    mean = (peers->sum + 0.5) / (peers->days + 1);
    excess = peers->pairs / peers->days - mean * mean;
    between = limited(excess > 0 ? CAUTION * mean * mean / excess : BETWEEN_MOST, SHAPE_LEAST,
                      BETWEEN_MOST);
    if (peers->own_days >= WITHIN_DAYS_MIN)
        within = peers->spread > 0
                     ? limited(CAUTION * peers->own_days / peers->spread, SHAPE_LEAST, SHAPE_MOST)
                     : SHAPE_MOST;
    /* The gamma distribution of the mean after what was seen of the principal. */
    known = between;
    if (own->days > 0)
        known += (double)own->sum * within / (within + (double)own->sum / (double)own->days);
    usual->peers_mean = mean * week_factor(peers, weekday);
    usual->peers_shape = between;
    usual->own = own->days > 0;
    usual->unlike = UNLIKE;
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

static struct likelihood
likelihood(double mean, double r, double x)
{
    static const double times[] = {1.1, 1.25, 1.5, 2, 4, 16};
    double wrong[COUNT_OF(times)];

    for (size_t i = 0; i < COUNT_OF(times); i++)
        wrong[i] = log_count(times[i] * mean, r, x);
    return (struct likelihood){.null = log_count(mean, r, x),
                               .wrong = log_mean(wrong, COUNT_OF(wrong))};
}

double
pace_evidence(const struct pace_usual *usual, double x)
{
    struct likelihood own = likelihood(usual->mean, usual->shape, x);

    if (!usual->own)
        return own.wrong - own.null;
    return log_ratio(own, likelihood(usual->peers_mean, usual->peers_shape, x), usual->unlike);
}

void
pace_learn(struct pace_peers *peers, struct pace *own, unsigned weekday, double x)
{
    peers->days += 1;
    peers->sum += x;
    peers->pairs += x * (x - 1);
    if (own->days >= 5) {
        double mean = (double)own->sum / (double)own->days;
        double usual = mean * week_factor(peers, weekday), off = x - usual;

        /* Beside chance, the error of a mean of few days is no spread. */
        if (mean > 0.5) {
            peers->spread += (off * off - usual - usual / (double)own->days) / (usual * usual);
            peers->own_days += 1;
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
pace_learn_singles(struct pace_peers *peers, double count)
{
    peers->days += count;
    peers->sum += count;
}

void
pace_age(struct pace_peers *peers, double keep)
{
    peers->days *= keep;
    peers->sum *= keep;
    peers->pairs *= keep;
    peers->spread *= keep;
    peers->own_days *= keep;
    for (size_t i = 0; i < COUNT_OF(peers->week); i++) {
        peers->week[i] *= keep;
        peers->week_days[i] *= keep;
    }
}

void
pace_sum(struct pace_peers *into, const struct pace_peers *from)
{
    into->days += from->days;
    into->sum += from->sum;
    into->pairs += from->pairs;
    into->spread += from->spread;
    into->own_days += from->own_days;
    for (size_t i = 0; i < COUNT_OF(into->week); i++) {
        into->week[i] += from->week[i];
        into->week_days[i] += from->week_days[i];
    }
}
