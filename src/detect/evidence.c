/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/evidence.h"

#include "detect/measure.h"

enum {
    GROWTH_DAYS = 14, /* of its own, before growth is judged */
    HOURS_DAYS = 10,  /* before an hour of the day can be unusual */
    PLACES_DAYS = 3,
    GAP_DAYS = 30,     /* of silence, that are dormant */
    CONTEXT_MOST = 200, /* requests that are counted as separate ones */
    STEPS_MIN = 64,
};
/* A z this large is a drift, of which some principals have one every day. */
#define DRIFT_Z 4.0

struct bench {
    struct principal *p;
    struct day *day;
    const struct history *h;
    const struct peers *peers;
    const struct climate *climate;
    struct measure m;
};

static void
say(struct bench *b, enum detector detector, double log_e, double statistic, const double *numbers,
    size_t count)
{
    b->day->log_e[detector] = log_e;
    b->day->statistic[detector] = statistic;
    memcpy(b->day->number[detector], numbers, count * sizeof(*numbers));
}

static double
mean_share(const struct share_usual *u)
{
    return u->a / (u->a + u->b);
}

static void
judge_misses(struct bench *b)
{
    const struct measure *m = &b->m;
    struct share_usual u;

    if (m->asked < 2 || !share_usual(&b->peers->misses, &b->h->misses, &u))
        return;
    say(b, DETECTOR_MISSES, share_evidence(&u, m->missed, m->asked), m->missed / m->asked,
        (double[]){m->missed, m->asked, mean_share(&u), u.peers}, 4);
}

static void
judge_fanout(struct bench *b)
{
    const struct measure *m = &b->m;
    struct pace_usual u;

    if (b->p->axis == AXIS_ACCOUNT || m->accounts < 1 ||
        !pace_usual(&b->peers->accounts, &b->h->accounts, b->climate->day % 7, &u))
        return;
    u.mean *= b->climate->surge[b->p->axis];
    say(b, DETECTOR_FANOUT, pace_evidence(&u, m->accounts), m->accounts,
        (double[]){m->accounts, u.mean, u.peers}, 3);
}

/* Reads of persons among at most CONTEXT_MOST requests: those of a visit are not independent. */
static void
context_of(const struct measure *m, double *x, double *n)
{
    *n = m->requests < CONTEXT_MOST ? m->requests : CONTEXT_MOST;
    *x = limited(rint(m->attempts * (*n / m->requests)), 0, *n);
}

static void
judge_orphan(struct bench *b)
{
    const struct measure *m = &b->m;
    double log_e[2], x, n;
    size_t count = 0;
    struct share_usual login = {0}, context = {0};

    if (b->climate->logins && m->sampled >= 1 &&
        share_usual(&b->peers->orphans, &b->h->orphans, &login))
        log_e[count++] = share_evidence(&login, m->orphans, m->sampled);
    if (b->climate->others && (b->p->axis == AXIS_ADDRESS || b->p->axis == AXIS_ACCOUNT) &&
        share_usual(&b->peers->context, &b->h->context, &context)) {
        context_of(m, &x, &n);
        log_e[count++] = share_evidence(&context, x, n);
    }
    if (count == 0)
        return;
    say(b, DETECTOR_ORPHAN, log_mean(log_e, count), m->sampled > 0 ? m->orphans / m->sampled : 0,
        (double[]){m->orphans, login.a > 0 ? m->sampled : 0,
                   login.a > 0 ? mean_share(&login) : (double)NAN, m->attempts, m->requests,
                   context.a > 0 ? mean_share(&context) : (double)NAN},
        6);
}

static void
judge_successor(struct bench *b)
{
    const struct measure *m = &b->m;
    struct share_usual u;

    if (m->steps < STEPS_MIN || !share_usual(&b->peers->beside, &b->h->beside, &u))
        return;
    say(b, DETECTOR_SUCCESSOR, share_evidence(&u, m->beside, m->steps), m->beside / m->steps,
        (double[]){m->beside, m->steps, mean_share(&u), u.peers}, 4);
}

/* Given the past, the principal drifts today with a probability of `usual`; else the order is by
 * chance. An e-value of that mixture is 1 / (usual + (1 - usual) / e). */
static void
judge_drift(struct bench *b)
{
    const struct measure *m = &b->m;
    double usual, log_e;

    if (m->ordered < DRIFT_MIN || b->peers->drifts.days < SHARE_DAYS_MIN)
        return;
    usual = (b->peers->drifts.ratio + 0.01) / (b->peers->drifts.days + 1);
    usual = (usual + (double)b->h->drifts.x) / (1 + (double)b->h->drifts.n);
    log_e = log_calibrated(log_two_sided(m->drift));
    log_e = -log_add(log(usual), log1p(-usual) - log_e);
    say(b, DETECTOR_DRIFT, log_e, m->drift,
        (double[]){m->ordered, m->drift / sqrt(m->ordered - 1), m->drift, usual}, 4);
}

static void
judge_growth(struct bench *b)
{
    const struct measure *m = &b->m;
    double log_e[2];
    struct pace_usual day, minute;

    if (b->h->persons.days < GROWTH_DAYS / 2 || b->h->days < GROWTH_DAYS ||
        !pace_usual(&b->peers->persons, &b->h->persons, b->climate->day % 7, &day) ||
        !pace_usual(&b->peers->minute, &b->h->minute, b->climate->day % 7, &minute))
        return;
    day.mean *= b->climate->surge[b->p->axis];
    minute.mean *= b->climate->surge[b->p->axis];
    log_e[0] = pace_evidence(&day, m->persons);
    log_e[1] = pace_evidence(&minute, m->minute);
    say(b, DETECTOR_GROWTH, log_mean(log_e, 2), m->persons / day.mean,
        (double[]){m->persons, day.mean, m->minute, minute.mean, day.peers}, 5);
}

static void
judge_novelty(struct bench *b)
{
    const struct measure *m = &b->m;
    struct share_usual u;

    if (b->p->axis != AXIS_ACCOUNT || b->h->days < PLACES_DAYS ||
        !share_usual(&b->peers->fresh, &b->h->fresh, &u))
        return;
    say(b, DETECTOR_NOVELTY, share_evidence(&u, m->fresh, m->places), m->fresh,
        (double[]){m->fresh, (double)b->day->fresh_places, mean_share(&u), u.peers}, 4);
}

static void
judge_waking(struct bench *b)
{
    const struct measure *m = &b->m;
    struct share_usual hours, gaps;
    double log_e[2];

    if (b->p->axis != AXIS_ACCOUNT || b->h->days < HOURS_DAYS || m->hours < 1 ||
        !share_usual(&b->peers->hours, &b->h->hours, &hours) ||
        !share_usual(&b->peers->gaps, &b->h->gaps, &gaps))
        return;
    log_e[0] = share_evidence(&hours, m->new_hours, m->hours);
    log_e[1] = share_evidence(&gaps, m->gap >= GAP_DAYS, 1);
    say(b, DETECTOR_WAKING, log_mean(log_e, 2), m->gap,
        (double[]){m->gap, m->new_hours, m->hours, mean_share(&hours), mean_share(&gaps)}, 5);
}

void
evidence_judge(struct principal *p, const struct peers *peers, const struct climate *c)
{
    struct bench b = {
        .p = p, .day = p->today, .h = p->history, .peers = peers, .climate = c};

    for (size_t i = 0; i < DETECTOR_COUNT; i++)
        b.day->log_e[i] = NAN;
    measure_day(p, c->day, &b.m);
    judge_misses(&b);
    judge_fanout(&b);
    judge_orphan(&b);
    judge_successor(&b);
    judge_drift(&b);
    judge_growth(&b);
    judge_novelty(&b);
    judge_waking(&b);
}

/* ---- learning ---- */

static void
learn_paces(const struct measure *m, uint8_t axis, struct peers *l, struct history *h,
            unsigned weekday)
{
    pace_learn(&l->persons, &h->persons, weekday, m->persons);
    pace_learn(&l->minute, &h->minute, weekday, m->minute);
    if (axis != AXIS_ACCOUNT && m->accounts > 0)
        pace_learn(&l->accounts, &h->accounts, weekday, m->accounts);
}

static void
learn_account(const struct measure *m, struct peers *l, struct history *h)
{
    if (h->days >= PLACES_DAYS)
        share_learn(&l->fresh, &h->fresh, m->fresh, m->places);
    if (h->days >= HOURS_DAYS && m->hours > 0) {
        share_learn(&l->hours, &h->hours, m->new_hours, m->hours);
        share_learn(&l->gaps, &h->gaps, m->gap >= GAP_DAYS, 1);
    }
}

void
evidence_learn(struct principal *p, struct peers *l, const struct climate *c)
{
    struct history *h = p->history;
    struct measure m;
    double x, n;

    measure_day(p, c->day, &m);
    if (m.asked >= 1)
        share_learn(&l->misses, &h->misses, m.missed, m.asked);
    if (c->logins && m.sampled >= 1)
        share_learn(&l->orphans, &h->orphans, m.orphans, m.sampled);
    if (m.requests >= 1) {
        context_of(&m, &x, &n);
        share_learn(&l->context, &h->context, x, n);
    }
    if (m.steps >= STEPS_MIN)
        share_learn(&l->beside, &h->beside, m.beside, m.steps);
    if (m.ordered >= DRIFT_MIN)
        share_learn(&l->drifts, &h->drifts, fabs(m.drift) > DRIFT_Z, 1);
    learn_paces(&m, p->axis, l, h, c->day % 7);
    if (p->axis == AXIS_ACCOUNT)
        learn_account(&m, l, h);
    h->known_hours |= p->today->hours;
}
