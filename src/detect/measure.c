/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/measure.h"

void
measure_order(const struct day *day, struct measure *m)
{
    const struct sample *asked = &day->asked;
    double times[SAMPLE_MOST], numbers[SAMPLE_MOST];
    uint16_t order[SAMPLE_MOST];
    size_t count = 0;

    for (size_t i = 0; i < asked->count; i++) {
        const struct sample_read *read = &asked->reads[i];

        if (read->number == NUMBER_NONE)
            continue;
        times[count] = read->second;
        numbers[count++] = (double)read->number;
    }
    m->ordered = (double)count;
    m->drift = count >= DRIFT_MIN ? rank_correlation(times, numbers, order, count) : 0;
}

/* Who reads beside an account without one is one more, whom nobody knows by name. */
static double
count_accounts(const struct day *day)
{
    return accounts_distinct(&day->accounts) + (day->accounts.count > 0 && day->nameless > 0);
}

void
measure_day(const struct principal *p, uint16_t today, struct measure *m)
{
    const struct day *day = p->today;
    const struct history *h = p->history;

    sample_settle(&p->today->asked);
    *m = (struct measure){
        .asked = day->asked.count,
        .persons = sample_distinct(&day->asked),
        .accounts = count_accounts(day),
        .sampled = day->accounts.count,
        .orphans = (double)accounts_orphans(&day->accounts),
        .requests = (double)day->requests + (double)day->others,
        .attempts = day->attempts,
        .bare = day->bare,
        .minute = day->minute_most,
        .fresh = __builtin_popcount(day->fresh_places),
        .places = FRESH_KINDS,
        .hours = __builtin_popcount(day->hours),
        .new_hours = __builtin_popcount(day->hours & ~h->known_hours),
        .gap = h->last_day != 0 ? today - h->last_day : 0,
    };
    for (size_t i = 0; i < day->asked.count && p->misses > 0; i++)
        m->missed += day->asked.reads[i].flags == READ_MISSED;
    if (h->walk != NULL) {
        m->steps = h->walk->steps;
        m->beside = h->walk->beside;
        m->near = h->walk->near;
    }
}
