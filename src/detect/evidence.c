/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/evidence.h"

#include "detect/measure.h"

enum {
    HOURS_DAYS = 10, /* before an hour of the day can be unusual */
    PLACES_DAYS = 3,
    SESSION_DAYS = 7,
    STRANGE_FROM = 5,   /* reads, and */
    GAP_DAYS = 30,      /* of silence, that are dormant */
    CONTEXT_MOST = 200, /* requests that are counted as separate ones */
    HELD_FROM = 10,     /* days of its own, and how many are held back */
    HELD_MOST = 40,
    HELD_MEAN = 8, /* who reads fewer a day has weeks of twice as many */
    FEW = 20,
    FEW_STEPS = 200, /* one of a hundred is chance among so many */
};
#define STRANGE 0.1 /* of all */
/* A z this large is a drift, and evidence this high an order, of which some principals have one
 * every day. */
#define DRIFT_Z    4.0
#define ORDER_SURE 6.9
/* A day makes what days usually say no higher by more. */
#define ORDER_RISES 1
/* What it costs to choose the hour of a share that rises and falls. */
#define HOUR_PRICE M_LN2

struct bench {
    struct principal *p;
    struct day *day;
    const struct history *h;
    const struct peers *peers;
    const struct climate *climate;
    struct measure m;
};

static void
say(struct bench *b, enum detector detector, const double *ways, size_t measures, double statistic,
    const double *numbers, size_t count)
{
    if ((b->climate->off & 1U << detector) != 0)
        return;
    for (size_t i = 0; i < DETECTOR_WAYS; i++)
        b->day->judged->ways[detector][i] = (float)ways[i % (measures * WAYS)];
    b->day->judged->log_e[detector] = log_mean(ways, measures * WAYS);
    b->day->judged->statistic[detector] = statistic;
    memcpy(b->day->judged->number[detector], numbers, count * sizeof(*numbers));
}

static double
mean_share(const struct share_usual *u)
{
    return u->a / (u->a + u->b);
}

/* What those usually do who do as much; where there are few of them, all. */
static bool
usual_share(const struct bench *b, enum shared which, double n, struct share_usual *u)
{
    const struct share_peers *peers = b->peers->shares[which], *of_class = &peers[class_of(n)];
    const struct share *own = &b->h->shares[which];
    struct share_peers all;

    if (of_class->days < SHARE_DAYS_MIN) {
        all = peers[CLASS_FEW];
        share_sum(&all, &peers[CLASS_MANY]);
        of_class = &all;
    }
    if (!share_usual(of_class, own, u))
        return false;
    if (which == SHARE_SESSION || which == SHARE_BARE)
        share_alone(own, u);
    else if (axis_is_shared(b->p->axis))
        share_by_own(own, u);
    return true;
}

/* *x and *n are set to what they were at the full hour when the share was highest (of many rather
 * than of few), unless it is now. */
static void
take_worst(struct bench *b, enum shared which, double *x, double *n)
{
    struct snapshot *worst = &b->day->judged->worst[which];
    const double few = which >= SHARE_SESSION && which <= SHARE_NEAR ? FEW_STEPS : FEW;

    if (*x / (*n + few) < worst->x / (worst->n + few)) {
        *x = worst->x;
        *n = worst->n;
    } else if (b->climate->full_hour) {
        *worst = (struct snapshot){.x = *x, .n = *n};
    }
}

/* The e-values of the worst x of n. False: not known yet what is usual. */
static bool
judge_share(struct bench *b, enum shared which, double *x, double *n, struct share_usual *u,
            double *ways)
{
    take_worst(b, which, x, n);
    if (!usual_share(b, which, *n, u))
        return false;
    share_ways(u, *x, *n, ways);
    for (size_t i = 0; i < WAYS; i++)
        ways[i] -= which <= SHARE_NEAR ? HOUR_PRICE : 0;
    return true;
}

static bool
usual_pace(const struct bench *b, enum paced which, struct pace_usual *u)
{
    if (!pace_usual(&b->peers->paces[which], &b->h->paces[which], b->climate->day % 7, u))
        return false;
    if (!axis_is_shared(b->p->axis))
        u->scales = NULL;
    u->mean *= b->climate->surge[b->p->axis];
    u->peers_mean *= b->climate->surge[b->p->axis];
    return true;
}

static double
peers_share(const struct share_usual *u)
{
    return u->peers_a / (u->peers_a + u->peers_b);
}

static void
judge_misses(struct bench *b)
{
    double x = b->m.missed, n = b->m.asked, ways[WAYS];
    struct share_usual u;

    if (judge_share(b, SHARE_MISSES, &x, &n, &u, ways))
        say(b, DETECTOR_MISSES, ways, 1, x / n, (double[]){x, n, mean_share(&u), peers_share(&u)},
            4);
}

static void
judge_fanout(struct bench *b)
{
    double accounts = b->m.accounts, ways[WAYS];
    struct pace_usual u;

    if (b->p->axis == AXIS_ACCOUNT || accounts < 1 || !usual_pace(b, PACE_ACCOUNTS, &u))
        return;
    pace_ways(&u, accounts, ways);
    say(b, DETECTOR_FANOUT, ways, 1, accounts, (double[]){accounts, u.mean, u.peers_mean}, 3);
}

/* x of n, as of CONTEXT_MOST at most: those of a visit are not independent. */
static void
few_of(double x, double n, double *few_x, double *few_n)
{
    *few_n = n < CONTEXT_MOST ? n : CONTEXT_MOST;
    *few_x = limited(rint(x * (*few_n / n)), 0, *few_n);
}

static void
judge_orphan(struct bench *b)
{
    const struct measure *m = &b->m;
    double ways[2 * WAYS], ox = m->orphans, on = m->sampled, cx, cn;
    struct share_usual u;
    double numbers[] = {0, 0, NAN, 0, 0, NAN};
    size_t count = 0;

    if (b->climate->logins && on >= 1 && judge_share(b, SHARE_ORPHANS, &ox, &on, &u, ways)) {
        count++;
        memcpy(numbers, (double[]){ox, on, mean_share(&u)}, 3 * sizeof(*numbers));
    }
    few_of(m->attempts, m->requests, &cx, &cn);
    if (b->climate->others && (b->p->axis == AXIS_ADDRESS || b->p->axis == AXIS_ACCOUNT) &&
        judge_share(b, SHARE_CONTEXT, &cx, &cn, &u, ways + count * WAYS)) {
        count++;
        memcpy(numbers + 3, (double[]){cx, cn, mean_share(&u)}, 3 * sizeof(*numbers));
    }
    if (count > 0)
        say(b, DETECTOR_ORPHAN, ways, count, numbers[1] > 0 ? ox / on : cx / cn, numbers,
            COUNT_OF(numbers));
}

static void
judge_successor(struct bench *b)
{
    double x = b->m.beside, near = b->m.near, n = b->m.steps, m = n, ways[2 * WAYS];
    struct share_usual u, v;

    bool beside_known, near_known;

    if (n < STEPS_MIN)
        return;
    /* Both, as what is usual of either is learned of what was looked at. */
    beside_known = judge_share(b, SHARE_BESIDE, &x, &n, &u, ways);
    near_known = judge_share(b, SHARE_NEAR, &near, &m, &v, ways + WAYS);
    if (!beside_known || !near_known)
        return;
    if (log_mean(ways, WAYS) >= log_mean(ways + WAYS, WAYS))
        say(b, DETECTOR_SUCCESSOR, ways, 2, x / n,
            (double[]){x, n, mean_share(&u), peers_share(&u), WALK_DEPTH}, 5);
    else
        say(b, DETECTOR_SUCCESSOR, ways, 2, near / m,
            (double[]){near, m, mean_share(&v), peers_share(&v), WALK_NEAR}, 5);
}

/*
 * How often the principal reads in order: what it did, and its peers as long as it has no past.
 */
static double
usual_order(const struct bench *b, enum shared which)
{
    const struct share_peers *peers = &b->peers->shares[which][CLASS_FEW];
    const struct share *own = &b->h->shares[which];
    double usual = (peers->ratio + 0.01) / (peers->days + 1);

    return (usual + (double)own->x) / (1 + (double)own->n);
}

/* Today it reads in order with a probability of `usual`, whatever the reason; else the order is by
 * chance. An e-value of that mixture is 1 / (usual + (1 - usual) / e). */
static double
but_for_usual(double usual, double log_e)
{
    return -log_add(log(usual), log1p(-usual) - log_e);
}

/* Of all persons of the day's sample, at each of 24 hours. log of the e-value; *usual stays 0 where
 * it cannot be judged. */
static double
judge_rank(struct bench *b, double *z, double *usual)
{
    measure_order(b->day, &b->m);
    *z = b->m.drift;
    if (b->m.ordered < DRIFT_MIN)
        return 0;
    if (fabs(b->day->judged->drift) > fabs(*z))
        *z = b->day->judged->drift;
    else if (b->climate->full_hour)
        b->day->judged->drift = *z;
    if (b->peers->shares[SHARE_DRIFTS][CLASS_FEW].days < SHARE_DAYS_MIN)
        return 0;
    *usual = usual_order(b, SHARE_DRIFTS);
    return but_for_usual(*usual, log_calibrated(fmin(log_two_sided(*z) + log(24), 0)));
}

/* Where days usually speak for an order a little (as lists on a screen have one), that is taken
 * off, twice: then an evidence whose variance is twice its mean is one on average. */
static double
usually_spoken(const struct history *h)
{
    return 2 * (double)h->order_sum / (1 + (double)h->order_days);
}

/* Of those whose numbers are close to each other. */
static bool
judge_stretches(struct bench *b, double ways[WAYS], double *usual)
{
    struct walk *walk = b->h->walk;
    double off = usually_spoken(b->h);

    if (walk != NULL && b->climate->full_hour)
        walk_look(walk, b->climate->day_ends);
    if (walk == NULL || walk->looked == 0 ||
        b->peers->shares[SHARE_ORDERS][CLASS_FEW].days < SHARE_DAYS_MIN)
        return false;
    *usual = usual_order(b, SHARE_ORDERS);
    for (size_t i = 0; i < WAYS; i++)
        ways[i] = but_for_usual(*usual, walk->order[i] - off);
    return true;
}

static void
judge_drift(struct bench *b)
{
    double ways[2 * WAYS] = {0}, z = 0, usual = 0, stretches_usual = 0;
    double rank = judge_rank(b, &z, &usual);
    bool stretches = judge_stretches(b, ways + WAYS, &stretches_usual);

    if (usual <= 0 && !stretches)
        return;
    for (size_t i = 0; i < WAYS; i++) {
        ways[i] = rank;
        ways[WAYS + i] = stretches ? ways[WAYS + i] : rank;
    }
    if (stretches && log_mean(ways + WAYS, WAYS) >= rank)
        say(b, DETECTOR_DRIFT, ways, 2, b->h->walk->longest,
            (double[]){b->h->walk->looked, NAN, b->h->walk->longest, stretches_usual,
                       log_mean(b->h->walk->order, WAYS) / M_LN10},
            5);
    else
        say(b, DETECTOR_DRIFT, ways, 2, z,
            (double[]){b->m.ordered, z / sqrt(b->m.ordered - 1), z, usual, 0}, 5);
}

void
evidence_first_day(struct first_day *first, const struct principal *p)
{
    double x = p->today->minute_most;
    struct pace nobody = {0};

    pace_learn(&first->minute, &nobody, 0, x);
    for (size_t i = 0; i < COUNT_OF(first->most); i++)
        if (x > first->most[i]) {
            double less = first->most[i];

            first->most[i] = x;
            x = less;
        }
}

static void
leave_out(struct pace_peers *peers, double x)
{
    peers->days -= 1;
    peers->sum -= x;
    peers->pairs -= x * (x - 1);
}

static void
judge_first_day(struct bench *b)
{
    const struct first_day *first = &b->climate->first[b->p->axis];
    struct pace_peers others = first->minute;
    double x = b->m.minute, ways[WAYS];
    struct pace nobody = {0};
    struct pace_usual u;
    size_t self = 0;

    leave_out(&others, x);
    while (self < 2 && first->most[self] > x)
        self++;
    for (size_t i = 0; i < 3; i++)
        if (i != self)
            leave_out(&others, first->most[i]);
    if (!pace_usual(&others, &nobody, 0, &u))
        return;
    u.scales = NULL; /* of so few hours they tell nothing */
    pace_ways(&u, x, ways);
    say(b, DETECTOR_GROWTH, ways, 1, x / u.mean,
        (double[]){b->m.persons, NAN, x, u.mean, others.days}, 5);
}

static void
judge_growth(struct bench *b)
{
    const struct measure *m = &b->m;
    double ways[2 * WAYS];
    struct pace_usual day, minute;

    if (b->climate->first != NULL) {
        if (b->p->axis <= AXIS_ADDRESS)
            judge_first_day(b);
        return;
    }
    if (!usual_pace(b, PACE_PERSONS, &day) || !usual_pace(b, PACE_MINUTE, &minute))
        return;
    pace_ways(&day, m->persons, ways);
    pace_ways(&minute, m->minute, ways + WAYS);
    say(b, DETECTOR_GROWTH, ways, 2, m->persons / day.mean,
        (double[]){m->persons, day.mean, m->minute, minute.mean, day.peers_mean}, 5);
}

/*
 * A key that has always been used without a session, and now is in one as well; or an account that
 * has always been logged in, and now is used without. How many sessions a person has in a day, and
 * how long, is habit, and changes; which of the two it is hardly ever does.
 */
static bool
judge_sessions(struct bench *b, double ways[WAYS], double numbers[FINDING_NUMBERS])
{
    const struct share *own = &b->h->shares[SHARE_BARE];
    const bool is_bare = own->x * 2 < own->n; /* would be unusual */
    enum shared which = is_bare ? SHARE_BARE : SHARE_SESSION;
    double x, n, other_x, other_n;
    struct share_usual u;

    few_of(is_bare ? b->m.bare : b->m.attempts - b->m.bare, b->m.attempts, &x, &n);
    few_of(is_bare ? b->m.attempts - b->m.bare : b->m.bare, b->m.attempts, &other_x, &other_n);
    take_worst(b, is_bare ? SHARE_SESSION : SHARE_BARE, &other_x, &other_n);
    if (!b->climate->sessions || b->h->days < SESSION_DAYS) {
        take_worst(b, which, &x, &n);
        return false;
    }
    if (!judge_share(b, which, &x, &n, &u, ways))
        return false;
    memcpy(numbers, (double[]){x, NAN, n, mean_share(&u), is_bare, peers_share(&u)},
           FINDING_NUMBERS * sizeof(*numbers));
    return true;
}

static void
judge_novelty(struct bench *b)
{
    double x = b->m.fresh, n = b->m.places, ways[2 * WAYS], sessions[FINDING_NUMBERS];
    struct share_usual u;
    bool by_session;

    if (b->p->axis != AXIS_ACCOUNT)
        return;
    by_session = judge_sessions(b, ways + WAYS, sessions);
    if (b->h->days < PLACES_DAYS || !judge_share(b, SHARE_FRESH, &x, &n, &u, ways))
        return;
    if (by_session && log_mean(ways + WAYS, WAYS) > log_mean(ways, WAYS))
        say(b, DETECTOR_NOVELTY, ways, 2, sessions[0] / sessions[2], sessions, FINDING_NUMBERS);
    else
        say(b, DETECTOR_NOVELTY, ways, by_session ? 2 : 1, x,
            (double[]){x, (double)b->day->fresh_places, mean_share(&u), peers_share(&u)}, 4);
}

static void
judge_waking(struct bench *b)
{
    const struct measure *m = &b->m;
    double ways[2 * WAYS], x = m->new_hours, n = m->hours, gap = m->gap >= GAP_DAYS, one = 1;
    struct share_usual hours, gaps;
    bool hours_known, gaps_known;

    if (b->p->axis != AXIS_ACCOUNT || b->h->days < HOURS_DAYS || n < 1)
        return;
    hours_known = judge_share(b, SHARE_HOURS, &x, &n, &hours, ways);
    gaps_known = judge_share(b, SHARE_GAPS, &gap, &one, &gaps, ways + WAYS);
    if (!hours_known || !gaps_known)
        return;
    say(b, DETECTOR_WAKING, ways, 2, m->gap,
        (double[]){m->gap, x, n, mean_share(&hours), mean_share(&gaps)}, 5);
}

/* What one account does today from where others may have been is judged as that account's: it may
 * be another one's desk today, and is nothing unusual for who sits there. So is what it does in a
 * session of its own, from the session's first day on: who is new among sessions of one person each
 * may be who has long been known to read a hundred. */
static bool
is_one_account(const struct bench *b)
{
    return b->climate->accounts && b->p->axis != AXIS_ACCOUNT && b->m.accounts == 1 &&
           (b->h->days > 0 || b->p->axis == AXIS_SESSION);
}

void
evidence_judge(struct principal *p, const struct peers *peers, const struct climate *c)
{
    struct bench b = {.p = p, .day = p->today, .h = p->history, .peers = peers, .climate = c};

    for (size_t i = 0; i < DETECTOR_COUNT; i++)
        b.day->judged->log_e[i] = NAN;
    measure_day(p, c->day, &b.m);
    judge_fanout(&b);
    judge_orphan(&b);
    if (is_one_account(&b))
        return;
    judge_misses(&b);
    judge_successor(&b);
    judge_drift(&b);
    judge_growth(&b);
    judge_novelty(&b);
    judge_waking(&b);
}

/* ---- learning ---- */

/*
 * Who reads twice as many from some day on would soon be taken for one who always did. The days
 * since Page's sum (1954) of the evidence for twice as many was 0 are those that may be meant: they
 * are held back until it is 0 again, as it soon is where they are chance. Who has no past of its
 * own yet, who reads few, and who has read more for very long and is not published for it, is
 * learned at once.
 */
static void
learn_pace(struct principal *p, struct peers *l, enum paced which, unsigned weekday, double x)
{
    struct history *h = p->history;
    struct pace *own = &h->paces[which], *held = &h->held[which], past = *own;

    if (h->doubt > 0 && own->days >= HELD_FROM && held->days < HELD_MOST &&
        h->paces[PACE_PERSONS].sum >= HELD_MEAN * h->paces[PACE_PERSONS].days) {
        pace_learn(&l->paces[which], &past, weekday, x);
        held->sum += (float)x;
        held->days += 1;
        return;
    }
    if (held->days > 0)
        pace_catch_up(own, held);
    pace_learn(&l->paces[which], own, weekday, x);
}

static void
doubt(struct history *h, const struct day *day)
{
    if (!isnan(day->judged->log_e[DETECTOR_GROWTH]))
        h->doubt = fmaxf(0, h->doubt + day->judged->ways[DETECTOR_GROWTH][PACE_WAY_TWICE]);
}

bool
evidence_is_strange(const struct principal *p)
{
    const struct share *own = &p->history->shares[SHARE_BARE];
    const struct day *day = p->today;
    double off =
        (double)own->n < 1 ? 0 : fabs(day->bare - day->attempts * (double)own->x / (double)own->n);

    return off >= STRANGE_FROM && off > STRANGE * day->attempts;
}

/* What one account alone begins to do in part is not learned: it would teach how much others may
 * vary. Who changes over to what its peers do says nothing, and is. */
static bool
is_taught(const struct principal *p, enum shared which, const struct climate *c)
{
    return (which != SHARE_SESSION && which != SHARE_BARE) || !c->sessions ||
           !evidence_is_strange(p) ||
           !(p->today->judged->log_e[DETECTOR_NOVELTY] >= EVIDENCE_SUSPICIOUS);
}

void
evidence_learn(struct principal *p, struct peers *l, const struct climate *c)
{
    struct history *h = p->history;
    const struct day *day = p->today;
    const unsigned weekday = c->day % 7;
    struct measure m;

    measure_day(p, c->day, &m);
    measure_order(day, &m);
    for (size_t i = 0; i < SHARES; i++)
        if (day->judged->worst[i].n > 0 && is_taught(p, (enum shared)i, c))
            share_learn(&l->shares[i][class_of(day->judged->worst[i].n)], &h->shares[i],
                        day->judged->worst[i].x, day->judged->worst[i].n);
    if (m.ordered >= DRIFT_MIN)
        share_learn(&l->shares[SHARE_DRIFTS][CLASS_FEW], &h->shares[SHARE_DRIFTS],
                    fabs(day->judged->drift) > DRIFT_Z, 1);
    if (h->walk != NULL && h->walk->looked > 0) {
        double order = log_mean(h->walk->order, WAYS);

        share_learn(&l->shares[SHARE_ORDERS][CLASS_FEW], &h->shares[SHARE_ORDERS],
                    order > ORDER_SURE, 1);
        h->order_sum += (float)limited(order, 0, usually_spoken(h) + ORDER_RISES);
        h->order_days++;
    }
    doubt(h, day);
    learn_pace(p, l, PACE_PERSONS, weekday, m.persons);
    learn_pace(p, l, PACE_MINUTE, weekday, m.minute);
    if (p->axis != AXIS_ACCOUNT && m.accounts > 0)
        pace_learn(&l->paces[PACE_ACCOUNTS], &h->paces[PACE_ACCOUNTS], weekday, m.accounts);
    h->known_hours |= day->hours;
}

void
evidence_learn_singles(const struct singles *s, struct peers *l, const struct climate *c)
{
    share_learn_singles(&l->shares[SHARE_MISSES][CLASS_FEW], (double)s->missed, (double)s->count);
    if (c->logins)
        share_learn_singles(&l->shares[SHARE_ORPHANS][CLASS_FEW], (double)s->orphans,
                            (double)s->accounts);
    pace_learn_singles(&l->paces[PACE_PERSONS], (double)s->count);
    pace_learn_singles(&l->paces[PACE_MINUTE], (double)s->count);
    pace_learn_singles(&l->paces[PACE_ACCOUNTS], (double)s->accounts);
}
