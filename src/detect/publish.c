/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/publish.h"

#include "base/error.h"
#include "base/memory.h"
#include "detect/fusion.h"

#define HOPEFUL 2.3 /* with less than ten nobody is published, whatever the others are */

/* ---- choosing ---- */

struct candidates {
    struct principal **list;
    double *log_e;
    size_t count, room, tested;
};

static int
add_candidate(struct candidates *c, struct principal *p)
{
    if (c->count == c->room) {
        size_t room = c->room == 0 ? 64 : c->room * 2;
        struct principal **list = memory_resize(c->list, room, sizeof(*list));

        if (list == NULL)
            return PASU_E_NOMEM;
        c->list = list;
        c->room = room;
    }
    c->list[c->count++] = p;
    return 0;
}

static int
find_candidates(struct candidates *c, const struct part *parts)
{
    for (size_t n = 0; n < PARTS; n++)
        for (size_t i = 0; i < parts[n].count; i++) {
            struct principal *p = parts[n].principals[i];

            if (p == NULL || p->history == NULL)
                continue;
            c->tested++;
            if (!p->history->published && p->history->log_fused >= HOPEFUL &&
                add_candidate(c, p) < 0)
                return PASU_E_NOMEM;
        }
    return 0;
}

static int
by_evidence(const void *a, const void *b)
{
    const struct principal *p = *(struct principal *const *)a, *q = *(struct principal *const *)b;
    double x = p->history->log_fused, y = q->history->log_fused;

    if (x != y)
        return x < y ? 1 : -1;
    return (p->who > q->who) - (p->who < q->who);
}

/* Those that say so without the others, or who says so most. */
static uint32_t
who_says(const struct history *h, double least)
{
    uint32_t bits = 0;
    size_t most = 0;

    for (size_t i = 0; i < DETECTOR_COUNT; i++) {
        if (h->log_now[i] - log(DETECTOR_COUNT) >= least)
            bits |= 1U << i;
        if (h->log_now[i] > h->log_now[most])
            most = i;
    }
    return bits | 1U << most;
}

static void
add_detectors(struct published *item, uint32_t detectors, int64_t now)
{
    for (size_t i = 0; i < DETECTOR_COUNT; i++)
        if ((detectors & ~item->detectors) >> i & 1)
            item->said[i] = now;
    item->detectors |= detectors;
}

static int
publish(struct publisher *out, struct principal *p, double least, int64_t now)
{
    if (out->count == out->room) {
        size_t room = out->room == 0 ? 64 : out->room * 2;
        struct published *list = memory_resize(out->list, room, sizeof(*list));

        if (list == NULL)
            return PASU_E_NOMEM;
        out->list = list;
        out->room = room;
    }
    p->history->published = true;
    out->list[out->count] =
        (struct published){.p = p, .found = now, .log_fused = p->history->log_fused};
    add_detectors(&out->list[out->count++], who_says(p->history, least), now);
    return 0;
}

/* What is published already may have become worse. */
static void
refresh(struct publisher *out, double least, int64_t now)
{
    for (size_t i = 0; i < out->count; i++) {
        struct published *item = &out->list[i];

        if (item->p->history->log_fused > item->log_fused) {
            item->log_fused = item->p->history->log_fused;
            add_detectors(item, who_says(item->p->history, least), now);
        }
    }
}

/* Nobody of whom nothing is wrong comes to x or more in a year with a probability above 1/x
 * (fusion.h): of so many, no more than that are false on average. */
static double
bound(size_t tested, double false_a_year)
{
    return false_a_year > 0 ? log((double)(tested > 0 ? tested : 1) / false_a_year) : -INFINITY;
}

int
publish_choose(struct publisher *out, struct part *parts, double q, double false_a_year,
               int64_t now)
{
    struct candidates c = {0};
    double least = INFINITY;
    int r = find_candidates(&c, parts);

    out->threshold =
        fmax(log((double)(c.tested > 0 ? c.tested : 1) / (q * (double)(out->count + 1))),
             bound(c.tested, false_a_year));
    if (r < 0 || c.count == 0)
        goto out;
    qsort(c.list, c.count, sizeof(*c.list), by_evidence);
    if ((c.log_e = memory_new(c.count, sizeof(*c.log_e))) == NULL) {
        r = PASU_E_NOMEM;
        goto out;
    }
    for (size_t i = 0; i < c.count; i++)
        c.log_e[i] = c.list[i]->history->log_fused;
    least = fmax(fusion_choose(c.log_e, c.count, c.tested, out->count, q),
                 bound(c.tested, false_a_year));
    for (size_t i = 0; i < c.count && c.log_e[i] >= least && r == 0; i++)
        r = publish(out, c.list[i], least, now);
out:
    refresh(out, least < INFINITY ? least : out->threshold, now);
    memory_free(c.list);
    memory_free(c.log_e);
    return r;
}

static bool
is_settled(struct published *item, uint16_t day, unsigned days)
{
    const struct history *h = item->p->history;

    if (h->log_fused >= HOPEFUL)
        item->calm = 0;
    else if (item->calm == 0)
        item->calm = day;
    return day >= h->last_day + days || (item->calm != 0 && day >= item->calm + days);
}

void
publish_settle(struct publisher *out, uint16_t day, unsigned days)
{
    size_t left = 0;

    if (days == 0)
        return;
    for (size_t i = 0; i < out->count; i++) {
        struct history *h = out->list[i].p->history;

        if (is_settled(&out->list[i], day, days)) {
            h->published = false;
            h->since = 0;
            fusion_begin(h);
            h->evidence_count = 0;
        } else {
            out->list[left++] = out->list[i];
        }
    }
    out->count = left;
}

/* ---- findings ---- */

/* One principal in one finding. */
struct part_of_finding {
    const struct published *item;
    uint8_t detector;
};

/* Of those who share persons out: the numbers are the group's. */
static int
compare_groups(const struct principal *p, const struct principal *q)
{
    return memcmp(p->history->number[DETECTOR_TILING], q->history->number[DETECTOR_TILING],
                  sizeof(p->history->number[DETECTOR_TILING]));
}

static int
by_finding(const void *a, const void *b)
{
    const struct part_of_finding *x = a, *y = b;
    const struct principal *p = x->item->p, *q = y->item->p;

    if (x->detector != y->detector)
        return x->detector < y->detector ? -1 : 1;
    if (p->axis != q->axis)
        return p->axis < q->axis ? -1 : 1;
    if (x->detector == DETECTOR_TILING) {
        int group = compare_groups(p, q);

        if (group != 0)
            return group;
    } else if (p->asn != q->asn) {
        return p->asn < q->asn ? -1 : 1;
    }
    if (x->item->said[x->detector] != y->item->said[x->detector])
        return x->item->said[x->detector] < y->item->said[x->detector] ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item); /* the list's order stays */
}

/* Principals without a network, and those of the axes above it, stand alone. */
static bool
are_together(const struct part_of_finding *x, const struct part_of_finding *y)
{
    const struct principal *p = x->item->p, *q = y->item->p;

    if (x->detector == DETECTOR_TILING)
        return y->detector == x->detector && p->axis == q->axis && compare_groups(p, q) == 0;
    return x->detector == y->detector && p->axis == q->axis && p->asn != 0 && p->asn == q->asn &&
           p->axis != AXIS_ASN && p->axis != AXIS_AGENT && p->axis != AXIS_TOKEN;
}

static int
by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/*
 * The persons shown by all of them since it began: those whose hashes are known are at least so
 * many. Below the lowest of the hashes from which on a principal's are not all known, all are, so
 * that their number there tells how many there are in all.
 */
static int
count_persons(const struct part_of_finding *parts, size_t count, struct finding *f)
{
    uint64_t *hashes, limit = UINT64_MAX;
    size_t all = 0, below = 0, room = 0;

    for (size_t i = 0; i < count; i++)
        room += parts[i].item->p->life.count;
    if ((hashes = memory_new(room + 1, sizeof(*hashes))) == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct principal *p = parts[i].item->p;
        struct life *life = &p->life;
        uint16_t since = (uint16_t)(p->history->since / (INT64_C(86400) * 1000000000));

        life_settle(life);
        if (life_limit(life) < limit)
            limit = life_limit(life);
        for (size_t j = 0; j < life->capacity; j++)
            if (life->hashes[j] != 0 && life->days[j] >= since)
                hashes[all++] = life->hashes[j];
    }
    qsort(hashes, all, sizeof(*hashes), by_hash);
    for (size_t i = 0; i < all; i++)
        if (i == 0 || hashes[i] != hashes[i - 1]) {
            f->at_least++;
            below += hashes[i] <= limit;
        }
    f->about = f->at_least;
    if (limit != UINT64_MAX)
        f->about = (uint64_t)((double)below / ((double)limit / 0x1p64));
    f->about = f->about < f->at_least ? f->at_least : f->about;
    f->at_most = f->reads > f->at_least ? f->reads : f->at_least;
    f->about = f->about > f->at_most ? f->at_most : f->about;
    f->at_most = sum_limited(f->at_most, f->bound);
    memory_free(hashes);
    return 0;
}

static void
add_principal(struct finding *f, const struct part_of_finding *part)
{
    const struct published *item = part->item;
    const struct principal *p = item->p;
    const struct history *h = p->history;
    int64_t since = h->since != 0 ? h->since : p->first;

    if (f->principals < FINDING_PRINCIPALS)
        f->principal[f->principals++] = (struct finding_principal){.who = p->who, .axis = p->axis};
    f->together++;
    f->reads += p->reads - h->reads_before;
    f->misses += p->misses - h->misses_before;
    f->bound = sum_limited(f->bound, p->bound - h->bound_before);
    f->fields |= h->since != 0 ? h->fields_since : p->fields;
    f->first = f->first == 0 || since < f->first ? since : f->first;
    f->last = p->last > f->last ? p->last : f->last;
    f->found = f->found == 0 || item->found < f->found ? item->found : f->found;
}

static void
add_places(struct finding *f, const struct history *h, size_t most)
{
    for (size_t i = 0; i < h->evidence_count && i < most && f->places < FINDING_PLACES; i++)
        f->place[f->places++] = h->evidence[i];
}

/* Where the strongest is; behind those that are named it comes to be the last of them. */
static size_t
find_strongest(struct part_of_finding *parts, size_t count)
{
    struct part_of_finding strongest;
    size_t at = 0, last = FINDING_PRINCIPALS - 1;

    for (size_t i = 1; i < count; i++)
        if (parts[i].item->log_fused > parts[at].item->log_fused)
            at = i;
    if (at <= last)
        return at;
    strongest = parts[at];
    parts[at] = parts[last];
    parts[last] = strongest;
    return last;
}

static int
make_finding(struct part_of_finding *parts, size_t count, struct finding *f)
{
    const size_t strongest = find_strongest(parts, count);
    const struct published *best = parts[strongest].item;
    const struct history *h = best->p->history;
    uint8_t detector = parts[0].detector;

    *f = (struct finding){
        .detector = detector,
        .numbers = FINDING_NUMBERS,
        .statistic = h->statistic[detector],
        .log10_e = h->log_now[detector] / M_LN10,
        .log10_fused = best->log_fused / M_LN10,
    };
    memcpy(f->number, h->number[detector], sizeof(f->number));
    add_places(f, h, FINDING_PLACES);
    for (size_t i = 0; i < count; i++) {
        add_principal(f, &parts[i]);
        if (i != strongest)
            add_places(f, parts[i].item->p->history, 1);
    }
    return count_persons(parts, count, f);
}

static int
by_fused(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;

    if (x->log10_fused != y->log10_fused)
        return x->log10_fused < y->log10_fused ? 1 : -1;
    if (x->detector != y->detector)
        return x->detector < y->detector ? -1 : 1;
    return (x->principal[0].who > y->principal[0].who) -
           (x->principal[0].who < y->principal[0].who);
}

static int
room_for_findings(struct publisher *out, size_t count)
{
    struct finding *findings;

    if (count <= out->finding_room)
        return 0;
    if ((findings = memory_resize(out->findings, count, sizeof(*findings))) == NULL)
        return PASU_E_NOMEM;
    out->findings = findings;
    out->finding_room = count;
    return 0;
}

int
publish_findings(struct publisher *out)
{
    struct part_of_finding *all = memory_new(out->count * DETECTOR_COUNT + 1, sizeof(*all));
    size_t count = 0;
    int r = 0;

    out->finding_count = 0;
    if (all == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < out->count; i++)
        for (uint8_t d = 0; d < DETECTOR_COUNT; d++)
            if (out->list[i].detectors & 1U << d)
                all[count++] = (struct part_of_finding){.item = &out->list[i], .detector = d};
    qsort(all, count, sizeof(*all), by_finding);
    if (count > 0)
        r = room_for_findings(out, count);
    for (size_t from = 0, to; from < count && r == 0; from = to) {
        for (to = from + 1; to < count && are_together(&all[from], &all[to]); to++)
            continue;
        r = make_finding(&all[from], to - from, &out->findings[out->finding_count++]);
    }
    if (r == 0 && out->finding_count > 1)
        qsort(out->findings, out->finding_count, sizeof(*out->findings), by_fused);
    memory_free(all);
    return r;
}

void
publish_release(struct publisher *out)
{
    memory_free(out->list);
    memory_free(out->findings);
    *out = (struct publisher){0};
}
