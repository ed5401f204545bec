/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/tally_counts.h"

void
counts_init(struct tally_counts *counts)
{
    memset(counts, 0, sizeof(*counts));
    counts->stamp = stamp_of_minute(0);
}

static uint64_t
sum_days(const uint64_t days[DAYS_OF_WINDOW], uint32_t today, unsigned count)
{
    uint64_t all = 0;

    for (unsigned age = 0; age < count; age++)
        all = counts_plus(all, days[(today + DAYS_OF_WINDOW - age) % DAYS_OF_WINDOW]);
    return all;
}

/* Days that were skipped held nothing; the places they take in the histogram are emptied. */
static void
begin_day(struct tally_counts *c, uint32_t day)
{
    uint32_t passed = day - c->day < DAYS_OF_WINDOW ? day - c->day : DAYS_OF_WINDOW;

    for (uint32_t i = 0; i < passed; i++) {
        c->days[(day - i) % DAYS_OF_WINDOW] = 0;
        c->unknown_days[(day - i) % DAYS_OF_WINDOW] = 0;
    }
    c->day = day;
    c->known[TALLY_30_DAYS] = sum_days(c->days, day, DAYS_OF_SHORT_WINDOW);
    c->known[TALLY_180_DAYS] = sum_days(c->days, day, DAYS_OF_WINDOW);
    c->unknown[TALLY_30_DAYS] = sum_days(c->unknown_days, day, DAYS_OF_SHORT_WINDOW);
    c->unknown[TALLY_180_DAYS] = sum_days(c->unknown_days, day, DAYS_OF_WINDOW);
}

/* Empties the windows up to `last`: another minute, hour or day has begun. */
static void
restart(struct tally_counts *c, enum tally_window last)
{
    for (unsigned w = 0; w <= (unsigned)last; w++)
        c->known[w] = c->unknown[w] = c->told[w] = 0;
}

bool
counts_advance(struct tally_counts *c, uint32_t now)
{
    uint32_t before = c->now;

    if (now <= before)
        return false;
    c->now = now;
    c->stamp = stamp_of_minute(now);
    if (now / MINUTES_OF_DAY == before / MINUTES_OF_DAY) {
        restart(c, now / MINUTES_OF_HOUR == before / MINUTES_OF_HOUR ? TALLY_MINUTE : TALLY_HOUR);
        return false;
    }
    restart(c, TALLY_DAY);
    /* The long windows move at midnight: what they still hold too many of is told once a day. */
    memset(c->told, 0, sizeof(c->told));
    begin_day(c, now / MINUTES_OF_DAY);
    return true;
}

uint16_t
counts_stamp(const struct tally_counts *c, uint32_t at)
{
    uint32_t age = c->day - at / MINUTES_OF_DAY;

    return age == 0 ? stamp_of_minute(at) : stamp_of_age(age);
}

void
counts_add(struct tally_counts *c, const uint64_t levels[TALLY_WINDOWS + 1])
{
    uint64_t fresh = 0;

    for (int w = TALLY_WINDOWS - 1; w >= 0; w--) {
        fresh += levels[w + 1];
        c->known[w] += fresh;
    }
    *counts_day(c, c->stamp) += fresh;
}

void
counts_move(struct tally_counts *c, uint16_t from, uint16_t to)
{
    for (unsigned w = stamp_level(to, c->stamp); w < stamp_level(from, c->stamp); w++)
        c->known[w]++;
    counts_leave_day(c, from);
    counts_enter_day(c, to);
}

void
counts_add_unknown(struct tally_counts *c, uint32_t at, uint64_t count)
{
    uint16_t stamp = counts_stamp(c, at);
    uint64_t *day;

    if (stamp == STAMP_NEVER)
        return;
    for (unsigned w = stamp_level(stamp, c->stamp); w < TALLY_WINDOWS; w++)
        c->unknown[w] = counts_plus(c->unknown[w], count);
    day = &c->unknown_days[at / MINUTES_OF_DAY % DAYS_OF_WINDOW];
    *day = counts_plus(*day, count);
}

void
counts_room(const struct tally_counts *c, const uint64_t limits[TALLY_WINDOWS],
            uint64_t room[TALLY_WINDOWS])
{
    for (unsigned w = 0; w < TALLY_WINDOWS; w++) {
        uint64_t taken = counts_sum(c, (enum tally_window)w);

        if (limits[w] == UINT64_MAX)
            room[w] = UINT64_MAX;
        else
            room[w] = limits[w] > taken ? limits[w] - taken : 0;
    }
}

void
counts_move_values(struct tally_counts *c, uint32_t at)
{
    static const uint32_t lengths[TALLY_WINDOWS] = {1, MINUTES_OF_HOUR, MINUTES_OF_DAY,
                                                    MINUTES_OF_DAY * DAYS_OF_SHORT_WINDOW,
                                                    MINUTES_OF_DAY * DAYS_OF_WINDOW};

    for (unsigned w = 0; w < TALLY_WINDOWS; w++) {
        uint32_t step = lengths[w] < MINUTES_OF_DAY ? lengths[w] : MINUTES_OF_DAY;
        uint32_t end = at / step * step + lengths[w];

        if (end > c->moved[w])
            c->moved[w] = end;
    }
}

int8_t
counts_passed(const struct tally_counts *c, const uint64_t limits[TALLY_WINDOWS])
{
    for (int w = TALLY_WINDOWS - 1; w >= 0; w--)
        if (c->now < c->moved[w] && counts_sum(c, (enum tally_window)w) > limits[w])
            return (int8_t)w;
    return -1;
}

/* Told is what lies up to the largest limit, no more: a larger one can come with other settings. */
void
counts_alert(struct tally_counts *c, const uint64_t before[TALLY_WINDOWS],
             const struct tally_limits *limits, struct tally_outcome *outcome)
{
    for (unsigned w = 0; w < TALLY_WINDOWS; w++) {
        uint64_t first = limits->alert[w], last = limits->alert_last[w];
        uint64_t all = counts_sum(c, (enum tally_window)w);

        if (PASU_LIKELY(all <= first || all <= before[w]))
            continue;
        if (last < first)
            last = first;
        if (c->told[w] > last)
            continue;
        outcome->alerts = (uint8_t)(outcome->alerts | 1U << w);
        outcome->alert_from[w] = c->told[w];
        outcome->alert_to[w] = all;
        c->told[w] = all > last ? last + 1 : all;
    }
}
