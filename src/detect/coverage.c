/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/coverage.h"

#include "base/error.h"
#include "base/memory.h"
#include "detect/fusion.h"

#define DAY_LENGTH (INT64_C(86400) * 1000000000)
/* No peers are taken for more alike than 45 %, nor for less than that. */
#define SHAPE_MOST  5.0
#define SHAPE_LEAST 0.05
#define CAUTION     0.6
/* How often somebody's numbers are not as those of the peers that were found. */
#define UNLIKE       0.02
#define UNLIKE_ALIKE 1e-6
/* Peers from the same place: no two of them have been there, say, four times as long as the other.
 */
#define NEAR_MOST 8.0
enum {
    TRIM = 2,
    COMPARED = 2048, /* of an axis, evenly chosen where there are more */
    DAYS_MIN = 7,
};

enum { FEATURES = 4 };

/* All of the axis who are not published. */
struct everybody {
    struct pace_usual usual;
    struct scales scales;
};

struct fellow {
    struct principal *p;
    double feature[FEATURES];
    double persons;
};

static int
compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct pace_usual
coverage_usual(double *persons, size_t count, size_t trim)
{
    double sum = 0, squares = 0, n = (double)(count - 2 * trim), mean, variance;
    struct pace_usual usual = {0};

    qsort(persons, count, sizeof(*persons), compare_numbers);
    for (size_t i = trim; i < count - trim; i++)
        sum += persons[i];
    mean = sum / n;
    for (size_t i = trim; i < count - trim; i++)
        squares += (persons[i] - mean) * (persons[i] - mean);
    /* What is left out of twenty would have added as much again, for a bell. */
    variance = (trim > 0 ? 2 : 1) * squares / (n - 1);
    usual.mean = mean > 1 ? mean : 1;
    usual.shape = SHAPE_MOST;
    if (variance > usual.mean)
        usual.shape = limited(CAUTION * usual.mean * usual.mean / (variance - usual.mean),
                              SHAPE_LEAST, SHAPE_MOST);
    return usual;
}

static struct fellow
fellow_of(struct principal *p, uint16_t today)
{
    const struct history *h = p->history;
    const struct share *context = &h->shares[SHARE_CONTEXT];
    double age = today - (double)(p->first / DAY_LENGTH) + 1;

    return (struct fellow){
        .p = p,
        .feature = {2 * log2(age), 4 * (double)h->days / age,
                    __builtin_popcount(h->known_hours) / 4.0,
                    context->n > 0 ? 4 * (double)context->x / (double)context->n : 0},
        .persons = life_distinct(&p->life),
    };
}

/* Keeps the nearest of those that are offered, farthest first. */
struct nearest {
    double distance[COVERAGE_PEERS], persons[COVERAGE_PEERS];
    size_t count;
};

static void
offer(struct nearest *near, double distance, double persons)
{
    size_t at = 0;

    if (near->count == COVERAGE_PEERS) {
        if (distance >= near->distance[0])
            return;
        while (at + 1 < COVERAGE_PEERS && near->distance[at + 1] > distance) {
            near->distance[at] = near->distance[at + 1];
            near->persons[at] = near->persons[at + 1];
            at++;
        }
    } else {
        for (at = near->count++; at > 0 && near->distance[at - 1] < distance; at--) {
            near->distance[at] = near->distance[at - 1];
            near->persons[at] = near->persons[at - 1];
        }
    }
    near->distance[at] = distance;
    near->persons[at] = persons;
}

static bool
are_alike(const struct principal *p, const struct principal *q)
{
    return (p->asn != 0 || p->agent != 0) && p->asn == q->asn && p->agent == q->agent;
}

static void
find_nearest(struct nearest *near, const struct fellow *who, const struct fellow *others,
             size_t count, bool alike)
{
    near->count = 0;
    for (size_t i = 0; i < count; i++) {
        double distance = 0;

        if (others[i].p == who->p || others[i].p->history->published ||
            (alike && !are_alike(others[i].p, who->p)))
            continue;
        for (size_t f = 0; f < FEATURES; f++)
            distance +=
                (others[i].feature[f] - who->feature[f]) * (others[i].feature[f] - who->feature[f]);
        if (!alike || distance <= NEAR_MOST)
            offer(near, distance, others[i].persons);
    }
}

static void
judge(const struct fellow *who, const struct fellow *others, size_t count,
      const struct everybody *all)
{
    struct scales others_scales = all->scales;
    struct nearest near;
    struct history *h = who->p->history;
    struct pace_usual usual;
    double log_e, unlike = UNLIKE_ALIKE;

    find_nearest(&near, who, others, count, true);
    if (near.count < COVERAGE_PEERS) {
        unlike = UNLIKE;
        find_nearest(&near, who, others, count, false);
    }
    if (near.count < COVERAGE_PEERS)
        return;
    usual = coverage_usual(near.persons, near.count, TRIM);
    usual.peers_mean = all->usual.mean;
    usual.peers_shape = all->usual.shape;
    if (!h->published)
        scales_add(&others_scales, who->persons, -1);
    usual.scales = axis_is_shared(who->p->axis) ? &others_scales : NULL;
    usual.unlike = unlike;
    usual.own = true;
    log_e = pace_evidence(&usual, who->persons);
    fusion_set(h, DETECTOR_COVERAGE, log_e);
    h->statistic[DETECTOR_COVERAGE] = who->persons / near.persons[COVERAGE_PEERS / 2];
    memcpy(h->number[DETECTOR_COVERAGE],
           (double[]){who->persons, near.persons[COVERAGE_PEERS / 2],
                      near.persons[COVERAGE_PEERS - 1], COVERAGE_PEERS},
           4 * sizeof(double));
}

/* On all of its days one account came from there. */
static bool
is_one_account(const struct principal *p)
{
    const struct pace *accounts = &p->history->paces[PACE_ACCOUNTS];

    return p->axis != AXIS_ACCOUNT && accounts->days > 0 && accounts->sum <= accounts->days;
}

int
coverage_judge(struct principal **list, size_t count, uint16_t today, bool accounts)
{
    size_t step = (count + COMPARED - 1) / COMPARED, kept = 0, unpublished = 0;
    struct everybody all = {0};
    struct fellow *others = NULL;
    double *persons = NULL;
    int r = PASU_E_NOMEM;

    if (count <= COVERAGE_PEERS)
        return 0;
    if ((others = memory_new(COMPARED, sizeof(*others))) == NULL ||
        (persons = memory_new(COMPARED, sizeof(*persons))) == NULL)
        goto out;
    r = 0;
    for (size_t i = 0; i < count; i += step) {
        others[kept] = fellow_of(list[i], today);
        if (!list[i]->history->published)
            persons[unpublished++] = others[kept].persons;
        kept++;
    }
    if (unpublished <= COVERAGE_PEERS)
        goto out;
    all.usual = coverage_usual(persons, unpublished, 0);
    for (size_t i = 0; i < count; i++)
        if (!list[i]->history->published)
            scales_add(&all.scales, life_distinct(&list[i]->life), 1);
    for (size_t i = 0; i < count; i++) {
        struct fellow who;

        if (list[i]->life.count < COVERAGE_MIN || list[i]->history->days < DAYS_MIN ||
            (accounts && is_one_account(list[i])))
            continue;
        who = fellow_of(list[i], today);
        judge(&who, others, kept, &all);
    }
out:
    memory_free(others);
    memory_free(persons);
    return r;
}
