/* SPDX-License-Identifier: Apache-2.0 */
#include "tally_model.h"

void
model_clear(struct model *m)
{
    m->now = 0;
    m->unknown_count = 0;
    for (size_t i = 0; i < MODEL_SUBJECTS; i++)
        m->last[i] = -1;
    for (size_t w = 0; w < TALLY_WINDOWS; w++)
        m->alerted[w] = INT64_MIN;
}

int64_t
model_start(uint32_t now, enum tally_window window)
{
    int64_t day = now / 1440;

    switch (window) {
    case TALLY_MINUTE:
        return now;
    case TALLY_HOUR:
        return (int64_t)(now / 60) * 60;
    case TALLY_DAY:
        return day * 1440;
    case TALLY_30_DAYS:
        return (day - 29) * 1440;
    default:
        return (day - 179) * 1440;
    }
}

void
model_count(const struct model *m, uint64_t known[TALLY_WINDOWS], uint64_t unknown[TALLY_WINDOWS])
{
    for (unsigned w = 0; w < TALLY_WINDOWS; w++) {
        int64_t start = model_start(m->now, (enum tally_window)w);

        known[w] = unknown[w] = 0;
        for (size_t i = 0; i < MODEL_SUBJECTS; i++)
            known[w] += m->last[i] >= 0 && m->last[i] >= start;
        for (size_t i = 0; i < m->unknown_count; i++)
            unknown[w] += m->unknown[i].at >= start ? m->unknown[i].count : 0;
    }
}

static void
sum_all(const struct model *m, uint64_t all[TALLY_WINDOWS])
{
    uint64_t unknown[TALLY_WINDOWS];

    model_count(m, all, unknown);
    for (unsigned w = 0; w < TALLY_WINDOWS; w++)
        all[w] += unknown[w];
}

/* The longest window with more than its limit, or -1. */
static int8_t
find_passed(const struct model *m, const uint64_t before[TALLY_WINDOWS],
            const struct tally_limits *limits)
{
    uint64_t all[TALLY_WINDOWS];
    int8_t found = -1;

    sum_all(m, all);
    for (unsigned w = 0; w < TALLY_WINDOWS; w++)
        if (all[w] > before[w] && all[w] > limits->block[w])
            found = (int8_t)w;
    return found;
}

static void
raise_alerts(struct model *m, const uint64_t before[TALLY_WINDOWS],
             const struct tally_limits *limits, struct tally_outcome *outcome)
{
    uint64_t all[TALLY_WINDOWS];

    sum_all(m, all);
    for (unsigned w = 0; w < TALLY_WINDOWS; w++) {
        int64_t start = model_start(m->now, (enum tally_window)w);
        uint64_t told = m->alerted[w] == start ? m->told[w] : 0;
        uint64_t last = limits->alert[w];

        if (limits->alert_last[w] > last)
            last = limits->alert_last[w];
        if (all[w] <= before[w] || all[w] <= limits->alert[w] || told > last)
            continue;
        outcome->alerts = (uint8_t)(outcome->alerts | 1U << w);
        outcome->alert_from[w] = told;
        outcome->alert_to[w] = all[w];
        m->alerted[w] = start;
        m->told[w] = all[w] < last + 1 ? all[w] : last + 1;
    }
}

static void
advance(struct model *m, uint32_t now)
{
    m->now = now > m->now ? now : m->now;
}

void
model_take(struct model *m, uint32_t now, const size_t *items, const bool *row_ends, size_t count,
           const struct tally_limits *limits, struct tally_outcome *outcome)
{
    static int64_t saved[MODEL_SUBJECTS];
    uint64_t before_all[TALLY_WINDOWS], before[TALLY_WINDOWS];

    advance(m, now);
    *outcome = (struct tally_outcome){.blocked_by = -1};
    sum_all(m, before_all);
    for (size_t i = 0; i < count;) {
        memcpy(saved, m->last, sizeof(saved));
        sum_all(m, before);
        do
            m->last[items[i]] = m->now;
        while (!row_ends[i++] && i < count);
        outcome->blocked_by = find_passed(m, before, limits);
        if (outcome->blocked_by >= 0) {
            memcpy(m->last, saved, sizeof(saved));
            break;
        }
        outcome->taken = i;
    }
    raise_alerts(m, before_all, limits, outcome);
}

static void
add_unknown(struct model *m, uint32_t at, uint64_t count)
{
    m->unknown[m->unknown_count].at = at;
    m->unknown[m->unknown_count++].count = count;
}

void
model_take_unknown(struct model *m, uint32_t now, uint64_t count, const struct tally_limits *limits,
                   struct tally_outcome *outcome)
{
    uint64_t before[TALLY_WINDOWS];

    advance(m, now);
    *outcome = (struct tally_outcome){.blocked_by = -1};
    sum_all(m, before);
    add_unknown(m, m->now, count);
    outcome->blocked_by = find_passed(m, before, limits);
    if (outcome->blocked_by >= 0)
        m->unknown_count--;
    else
        outcome->taken = count;
    raise_alerts(m, before, limits, outcome);
}

void
model_restore(struct model *m, uint32_t at, const size_t *items, size_t count, uint64_t unknown)
{
    advance(m, at);
    for (size_t i = 0; i < count; i++)
        if (m->last[items[i]] < at)
            m->last[items[i]] = at;
    add_unknown(m, at, unknown);
}
