/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/judge.h"

#include "detect/fusion.h"
#include "detect/measure.h"

enum { SURGE_DAYS = 7, SURGE_MOST = 4 };

void
judge_surge(const struct part *part, const struct peers peers[AXIS_COUNT], uint16_t day,
            struct surge surge[AXIS_COUNT])
{
    for (size_t i = 0; i < part->open_count; i++) {
        const struct principal *p = part->open[i];
        struct surge *s = &surge[p->axis];
        struct pace_usual u;
        double persons;

        if (p->history == NULL || p->history->published ||
            p->history->paces[PACE_PERSONS].days < SURGE_DAYS ||
            !pace_usual(&peers[p->axis].paces[PACE_PERSONS], &p->history->paces[PACE_PERSONS],
                        day % 7, &u))
            continue;
        sample_settle(&p->today->asked);
        persons = sample_distinct(&p->today->asked);
        s->seen += limited(persons, 0, SURGE_MOST * u.mean);
        s->usual += u.mean;
        s->principals++;
        s->strange += evidence_is_strange(p);
    }
}

void
judge_first_day(const struct part *part, struct first_day first[AXIS_COUNT])
{
    for (size_t i = 0; i < part->open_count; i++)
        evidence_first_day(&first[part->open[i]->axis], part->open[i]);
}

/* Of the lines that are known, those of the persons with the lowest hashes, the lowest first. */
static void
keep_places(struct history *h, const struct sample *asked)
{
    uint64_t lowest[FINDING_PLACES];
    size_t count = 0;

    for (size_t i = 0; i < asked->count; i++) {
        const struct sample_read *read = &asked->reads[i];
        size_t at;

        if ((count == FINDING_PLACES && asked->hashes[i] > lowest[count - 1]) ||
            read->file == UINT32_MAX)
            continue;
        count += count < FINDING_PLACES;
        for (at = count - 1; at > 0 && lowest[at - 1] > asked->hashes[i]; at--) {
            lowest[at] = lowest[at - 1];
            h->evidence[at] = h->evidence[at - 1];
        }
        lowest[at] = asked->hashes[i];
        h->evidence[at] = (struct finding_place){.file = read->file, .offset = read->offset};
    }
    h->evidence_count = (uint8_t)count;
}

static void
keep_evidence(struct history *h, const struct day *day)
{
    double most = -INFINITY;

    for (size_t i = 0; i < DETECTOR_COUNT; i++) {
        if (isnan(day->judged->log_e[i]))
            continue;
        if (day->judged->log_e[i] >= h->log_best[i]) {
            h->log_best[i] = day->judged->log_e[i];
            h->statistic[i] = day->judged->statistic[i];
            memcpy(h->number[i], day->judged->number[i], sizeof(h->number[i]));
        }
        most = day->judged->log_e[i] > most ? day->judged->log_e[i] : most;
    }
    if (h->evidence_count > 0 && most < h->log_evidence)
        return;
    h->log_evidence = most;
    keep_places(h, &day->asked);
}

/* What is suspicious began today, unless it did before. */
static void
note_since(struct principal *p)
{
    struct history *h = p->history;
    const struct day *day = p->today;
    bool suspicious = false;

    for (size_t i = 0; i < DETECTOR_COUNT; i++)
        suspicious |= day->judged->log_e[i] >= EVIDENCE_SUSPICIOUS; /* false for NAN */
    if (!suspicious || h->since != 0)
        return;
    h->since = h->days == 0 ? p->first : day->first;
    h->reads_before = h->days == 0 ? 0 : p->reads - (day->attempts - day->misses);
    h->misses_before = h->days == 0 ? 0 : p->misses - day->misses;
    h->bound_before = h->days == 0 ? 0 : p->bound - day->bound;
    h->fields_since = h->days == 0 ? p->fields : day->fields;
}

static void
judge(struct principal *p, const struct peers peers[AXIS_COUNT], const struct climate *c)
{
    evidence_judge(p, &peers[p->axis], c);
    note_since(p);
    keep_evidence(p->history, p->today);
    fusion_judge(p->history, p->today);
    p->touched = false;
}

/* For want of peers who do as much, not of fields. */
static void
note_unjudged(struct part *part, const struct principal *p)
{
    const struct day *day = p->today;
    const struct walk *walk = p->history->walk;

    part->unjudged_order[p->axis] |=
        isnan(day->judged->log_e[DETECTOR_DRIFT]) && day->asked.count >= DRIFT_MIN;
    part->unjudged_walk[p->axis] |=
        isnan(day->judged->log_e[DETECTOR_SUCCESSOR]) && walk != NULL && walk->steps >= STEPS_MIN;
}

void
judge_part(struct part *part, const struct peers peers[AXIS_COUNT], const struct climate *c,
           const struct requests requests[AXIS_COUNT], bool all)
{
    for (size_t i = 0; i < part->open_count; i++) {
        struct principal *p = part->open[i];

        if (p->history == NULL || !(all || p->touched))
            continue;
        p->today->others = requests_of(&requests[p->axis], p->key);
        judge(p, peers, c);
        note_unjudged(part, p);
    }
}

static void
close_day(struct principal *p, struct peers learned[AXIS_COUNT], const struct climate *c)
{
    struct history *h = p->history;
    bool alarming = false, calm = true;

    for (size_t i = 0; i < DETECTOR_COUNT; i++) {
        alarming |= p->today->judged->log_e[i] >= EVIDENCE_ALARMING;
        fusion_step(h, (enum detector)i, fusion_ways(p->today, (enum detector)i));
        calm &= fusion_with(h, (enum detector)i, NULL) < EVIDENCE_SUSPICIOUS - M_LN2;
    }
    if (!alarming && !h->published)
        evidence_learn(p, &learned[p->axis], c);
    if (calm && !h->published)
        h->since = 0;
    if (h->walk != NULL)
        walk_end_day(h->walk);
    h->days++;
    h->last_day = c->day;
    fusion_judge(h, NULL);
}

void
judge_close(struct part *part, const struct climate *c)
{
    memset(part->learned, 0, sizeof(part->learned));
    for (size_t axis = 0; axis < AXIS_COUNT; axis++)
        evidence_learn_singles(&part->singles[axis], &part->learned[axis], c);
    memset(part->singles, 0, sizeof(part->singles));
    for (size_t i = 0; i < part->open_count; i++) {
        if (part->open[i]->history != NULL)
            close_day(part->open[i], part->learned, c);
        principal_end_day(part->open[i], &part->held);
    }
    part->open_count = 0;
}
