/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/tiling.h"

#include "base/error.h"
#include "base/memory.h"
#include "detect/fusion.h"

enum {
    PERSONS_MIN = 32,
    SHARED_MIN = 16, /* of the sample that can be compared */
    CANDIDATES_MOST = 512,
    CANDIDATES_MIN = 8,
    SEEDS = 64,
    GROUP_MOST = 64,
};
/* With less in common by chance nothing can be too little. */
#define MEAN_MIN 5.0
/* Those who read at other times have other persons to read: so much less in common is no plan. */
#define OTHER_TIMES 0.95
/* Where pairs vary so many times as much as by chance, it is by custom. */
#define CUSTOM 20.0

struct reader {
    struct principal *p;
    double persons;
    double n; /* persons of the sample that can be compared */
};

struct held {
    uint64_t hash;
    uint32_t reader;
};

struct tiles {
    struct reader *readers;
    struct held *held;
    uint16_t *common;        /* readers × readers */
    double *shared, *chance; /* of each reader with the group: persons in common, and by chance */
    bool *member;
    size_t count, held_count;
    double omega;
};

static int
by_persons(const void *a, const void *b)
{
    const struct reader *x = a, *y = b;

    if (x->persons != y->persons)
        return x->persons < y->persons ? 1 : -1;
    return (x->p->who > y->p->who) - (x->p->who < y->p->who);
}

static int
by_hash(const void *a, const void *b)
{
    const struct held *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->reader > y->reader) - (x->reader < y->reader);
}

/* That a Poisson variable is x or less, at most (Chernoff). */
static double
log_lower_tail(double x, double mean)
{
    return x < mean ? -(mean - x + (x > 0 ? x * log(x / mean) : 0)) : 0;
}

double
tiling_log_p(double x, double mean, double spread, size_t size, size_t all)
{
    double g = (double)size, k = (double)all;
    /* How many groups of that size there are, and how many sizes. */
    double groups = -log(k + 1) - log_beta(k - g + 1, g + 1) + log(k);

    return fmin(log_lower_tail(x, mean) / spread + groups, 0);
}

/* Families and offices share an address, and are shown themselves: nobody else comes from there. */
static bool
is_home(const struct principal *p)
{
    return p->history->paces[PACE_ACCOUNTS].sum > p->history->paces[PACE_PERSONS].sum / 2;
}

/* The readers, and below which hash the samples of all of them are whole. */
static uint64_t
choose_readers(struct tiles *t, struct principal **list, size_t count)
{
    uint64_t limit = UINT64_MAX;

    for (size_t i = 0; i < count; i++)
        if (list[i]->life.count >= PERSONS_MIN && !list[i]->history->published && !is_home(list[i]))
            t->readers[t->count++] =
                (struct reader){.p = list[i], .persons = life_distinct(&list[i]->life)};
    qsort(t->readers, t->count, sizeof(*t->readers), by_persons);
    if (t->count > CANDIDATES_MOST)
        t->count = CANDIDATES_MOST;
    for (size_t i = 0; i < t->count; i++) {
        struct life *l = &t->readers[i].p->life;

        life_settle(l);
        if (life_limit(l) < limit)
            limit = life_limit(l);
    }
    return limit;
}

static void
hold_persons(struct tiles *t, uint64_t limit)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->count; i++) {
        struct reader r = t->readers[i];
        const struct life *l = &r.p->life;
        size_t n = 0;

        for (size_t j = 0; j < l->capacity; j++)
            n += l->hashes[j] != 0 && l->hashes[j] <= limit;
        if (n < SHARED_MIN)
            continue;
        r.n = (double)n;
        for (size_t j = 0; j < l->capacity; j++)
            if (l->hashes[j] != 0 && l->hashes[j] <= limit)
                t->held[t->held_count++] =
                    (struct held){.hash = l->hashes[j], .reader = (uint32_t)kept};
        t->readers[kept++] = r;
    }
    t->count = kept;
    qsort(t->held, t->held_count, sizeof(*t->held), by_hash);
}

static void
count_common(struct tiles *t)
{
    for (size_t from = 0, to; from < t->held_count; from = to) {
        for (to = from + 1; to < t->held_count && t->held[to].hash == t->held[from].hash; to++)
            continue;
        for (size_t i = from; i < to; i++)
            for (size_t j = from; j < to; j++)
                t->common[t->held[i].reader * t->count + t->held[j].reader]++;
    }
}

/* Sets ω, of all pairs. */
static void
measure_omega(struct tiles *t)
{
    double common = 0, products = 0;

    for (size_t i = 0; i < t->count; i++)
        for (size_t j = 0; j < i; j++) {
            common += t->common[i * t->count + j];
            products += t->readers[i].n * t->readers[j].n;
        }
    t->omega = common / products;
}

struct group {
    size_t member[GROUP_MOST];
    size_t size;
    double common, mean, log_p;
    double custom; /* how much more pairs vary that are not both in it than by chance, 1: not */
};

static void
take_in(struct tiles *t, struct group *g, size_t who)
{
    g->common += t->shared[who];
    g->mean += t->chance[who];
    for (size_t i = 0; i < t->count; i++) {
        t->shared[i] += t->common[who * t->count + i];
        t->chance[i] += t->omega * t->readers[who].n * t->readers[i].n;
    }
    t->member[who] = true;
    g->member[g->size++] = who;
}

/* Who has, with the group, least in common for what it would be by chance; t->count: nobody less.
 */
static size_t
find_next(const struct tiles *t)
{
    size_t next = t->count;
    double least = 0;

    for (size_t i = 0; i < t->count; i++) {
        double tail = t->member[i] ? 0 : log_lower_tail(t->shared[i], t->chance[i]);

        if (tail < least) {
            least = tail;
            next = i;
        }
    }
    return next;
}

/* Grows a group from one; *best becomes it where it is the least likely so far. */
static void
grow(struct tiles *t, size_t seed, struct group *best)
{
    struct group g = {.log_p = 0};

    memset(t->shared, 0, t->count * sizeof(*t->shared));
    memset(t->chance, 0, t->count * sizeof(*t->chance));
    memset(t->member, 0, t->count * sizeof(*t->member));
    take_in(t, &g, seed);
    while (g.size < GROUP_MOST) {
        size_t next = find_next(t);

        if (next == t->count)
            break;
        take_in(t, &g, next);
        g.log_p = tiling_log_p(g.common, g.mean, 1, g.size, t->count);
        if (g.mean >= MEAN_MIN && g.log_p < best->log_p)
            *best = g;
    }
}

/* Pairs of one in the group and one out of it (`across`), or of two out of it. */
struct pairs {
    double common, products, squares, count;
};

static struct pairs
pairs_of(const struct tiles *t, bool across)
{
    struct pairs p = {0};
    double omega;

    for (int squares = 0; squares < 2; squares++) {
        omega = p.products > 0 ? p.common / p.products : 0;
        for (size_t i = 0; i < t->count; i++)
            for (size_t j = 0; j < i; j++) {
                double product = t->readers[i].n * t->readers[j].n;
                double common = t->common[i * t->count + j], off = common - omega * product;

                if (t->member[i] + t->member[j] != (across ? 1 : 0))
                    continue;
                if (squares == 0) {
                    p.common += common;
                    p.products += product;
                    p.count++;
                } else if (omega > 0) {
                    p.squares += off * off / (omega * product);
                }
            }
    }
    return p;
}

static double
excess_of(const struct pairs *p)
{
    return p->count > 1 ? p->squares / (p->count - 1) : 1;
}

/*
 * The variance of what the group has in common, less what it would have, beside that of a Poisson
 * variable: persons whom many read count in many pairs at once. Each person's influence on it (its
 * derivative by the person's weight) is squared and summed.
 */
static double
variance_of_persons(const struct tiles *t, const struct group *g, const struct pairs *across,
                    double omega)
{
    double inside = 0, outside = 0, variance = 0, products = g->mean / t->omega;

    for (size_t i = 0; i < t->count; i++)
        *(t->member[i] ? &inside : &outside) += t->readers[i].n;
    for (size_t from = 0, to; from < t->held_count; from = to) {
        double in = 0, out = 0, influence;

        for (to = from; to < t->held_count && t->held[to].hash == t->held[from].hash; to++)
            *(t->member[t->held[to].reader] ? &in : &out) += 1;
        influence = in * out / across->common - in / inside - out / outside;
        influence = in * (in - 1) / 2 - omega * (inside * in + products * influence);
        variance += influence * influence;
    }
    return variance;
}

/*
 * How unlikely the group is, given that it is compared with those out of it: what its pairs have in
 * common is expected to be as with others, or as between all, whichever is less, and to vary as the
 * other pairs do and as persons do.
 */
static void
weigh(struct tiles *t, struct group *g)
{
    struct pairs across, outside;
    double omega, spread;

    memset(t->member, 0, t->count * sizeof(*t->member));
    for (size_t i = 0; i < g->size; i++)
        t->member[g->member[i]] = true;
    across = pairs_of(t, true);
    outside = pairs_of(t, false);
    g->log_p = 0;
    g->custom = fmax(1, fmax(excess_of(&across), excess_of(&outside)));
    if (across.common <= 0 || g->custom > CUSTOM)
        return;
    omega = fmin(t->omega, across.common / across.products);
    spread = variance_of_persons(t, g, &across, omega);
    g->mean *= omega / t->omega;
    spread = g->custom * (1 + spread / g->mean);
    if (g->mean >= MEAN_MIN)
        g->log_p = tiling_log_p(g->common, OTHER_TIMES * g->mean, spread, g->size, t->count);
}

/* An account is judged among all, and among those from where it is: each counts as one half. */
static void
blame(struct tiles *t, const struct group *g)
{
    double sum = 0, log_e = log_calibrated(g->log_p) - M_LN2;

    for (size_t i = 0; i < g->size; i++)
        sum += t->readers[g->member[i]].n;
    for (size_t i = 0; i < g->size; i++) {
        struct history *h = t->readers[g->member[i]].p->history;

        if (log_e <= fusion_with(h, DETECTOR_TILING, NULL))
            continue;
        fusion_set(h, DETECTOR_TILING, log_e);
        h->statistic[DETECTOR_TILING] = g->mean > 0 ? g->common / g->mean : 0;
        memcpy(h->number[DETECTOR_TILING], (double[]){(double)g->size, sum, g->common, g->mean},
               4 * sizeof(double));
    }
}

static int
room_for(struct tiles *t)
{
    t->common = memory_new(t->count * t->count, sizeof(*t->common));
    t->shared = memory_new(t->count, sizeof(*t->shared));
    t->chance = memory_new(t->count, sizeof(*t->chance));
    t->member = memory_new(t->count, sizeof(*t->member));
    return t->common == NULL || t->shared == NULL || t->chance == NULL || t->member == NULL
               ? PASU_E_NOMEM
               : 0;
}

static int
judge(struct tiles *t)
{
    struct group best = {.log_p = 0};

    count_common(t);
    measure_omega(t);
    for (size_t seed = 0; seed < t->count && seed < SEEDS; seed++)
        grow(t, seed, &best);
    if (best.log_p >= 0)
        return TILING_JUDGED;
    weigh(t, &best);
    if (best.custom > CUSTOM)
        return TILING_CUSTOM;
    if (best.log_p < 0)
        blame(t, &best);
    return TILING_JUDGED;
}

static int
judge_set(struct principal **list, size_t count)
{
    struct tiles t = {0};
    size_t held = 0;
    uint64_t limit;
    int r = PASU_E_NOMEM;

    if ((t.readers = memory_new(count + 1, sizeof(*t.readers))) == NULL)
        goto out;
    limit = choose_readers(&t, list, count);
    for (size_t i = 0; i < t.count; i++)
        held += t.readers[i].p->life.count;
    if ((t.held = memory_new(held + 1, sizeof(*t.held))) == NULL)
        goto out;
    hold_persons(&t, limit);
    r = TILING_FEW;
    if (t.count >= CANDIDATES_MIN && (r = room_for(&t)) == 0)
        r = judge(&t);
out:
    memory_free(t.readers);
    memory_free(t.held);
    memory_free(t.common);
    memory_free(t.shared);
    memory_free(t.chance);
    memory_free(t.member);
    return r;
}

static int
by_place(const void *a, const void *b)
{
    const struct principal *p = *(struct principal *const *)a, *q = *(struct principal *const *)b;

    if (p->asn != q->asn)
        return p->asn < q->asn ? -1 : 1;
    if (p->agent != q->agent)
        return p->agent < q->agent ? -1 : 1;
    return (p->who > q->who) - (p->who < q->who);
}

static bool
are_alike(const struct principal *p, const struct principal *q)
{
    return p->asn == q->asn && p->agent == q->agent;
}

int
tiling_judge(struct principal **list, size_t count)
{
    int r, judged;

    qsort(list, count, sizeof(*list), by_place);
    for (size_t i = 0; i < count; i++)
        fusion_set(list[i]->history, DETECTOR_TILING, -M_LN2);
    if ((judged = judge_set(list, count)) < 0)
        return judged;
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && are_alike(list[from], list[to]); to++)
            continue;
        if (to - from < CANDIDATES_MIN || to - from == count)
            continue;
        if ((r = judge_set(list + from, to - from)) < 0)
            return r;
        judged = r > judged ? r : judged;
    }
    return judged;
}
