/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stamp: when a subject was last shown, in 16 bits, as seen from one day (its container's). Older
 * days need no minutes, since no window of theirs is shorter than a day.
 *
 *      0                  never, or longer ago than any window
 *      1 … 1440           in minute 0 … 1439 of that day
 *      1441 … 1619        1 … 179 days before that day
 *
 * A stamp's level is the number of windows, from the shortest on, in which its subject does not
 * count: the windows are nested, so that is all there is to know about it. Showing the subject now
 * makes it count in exactly these.
 */
#ifndef PASU_EXPOSURE_TALLY_STAMP_H
#define PASU_EXPOSURE_TALLY_STAMP_H

#include "exposure/tally.h"

#include <assert.h>

enum {
    MINUTES_OF_HOUR = 60,
    MINUTES_OF_DAY = 1440,
    DAYS_OF_SHORT_WINDOW = 30,
    DAYS_OF_WINDOW = 180,
    STAMP_NEVER = 0,
    STAMP_LAST = MINUTES_OF_DAY + DAYS_OF_WINDOW - 1,
};

static_assert(TALLY_180_DAYS == TALLY_WINDOWS - 1, "levels follow the order of windows");

static inline uint16_t
stamp_of_minute(uint32_t minute)
{
    return (uint16_t)(1 + minute % MINUTES_OF_DAY);
}

/* `age` days before; never where that is out of all windows. */
static inline uint16_t
stamp_of_age(uint32_t age)
{
    return age < DAYS_OF_WINDOW ? (uint16_t)(MINUTES_OF_DAY + age) : STAMP_NEVER;
}

/* The stamp as seen from a day that is `days` (1 … DAYS_OF_WINDOW) later. */
static inline uint16_t
stamp_aged(uint16_t stamp, unsigned days)
{
    unsigned aged = (stamp > MINUTES_OF_DAY ? stamp : MINUTES_OF_DAY) + days;

    return stamp == STAMP_NEVER || aged > STAMP_LAST ? STAMP_NEVER : (uint16_t)aged;
}

/* Days before the container's day; of a stamp that is not never. */
static inline unsigned
stamp_age(uint16_t stamp)
{
    return stamp > MINUTES_OF_DAY ? stamp - (unsigned)MINUTES_OF_DAY : 0;
}

/* Whether a was later than b. */
static inline bool
stamp_is_later(uint16_t a, uint16_t b)
{
    unsigned rank_a = a > MINUTES_OF_DAY ? STAMP_LAST + 1U - a : a + (unsigned)(a > 0) * 1000U;
    unsigned rank_b = b > MINUTES_OF_DAY ? STAMP_LAST + 1U - b : b + (unsigned)(b > 0) * 1000U;

    return rank_a > rank_b;
}

/* Seen from the minute `now`, a stamp of the present day, which no stamp is later than. */
static inline unsigned
stamp_level(uint16_t stamp, uint16_t now)
{
    if (stamp == now)
        return TALLY_MINUTE;
    if (stamp == STAMP_NEVER)
        return TALLY_WINDOWS;
    if (stamp > MINUTES_OF_DAY)
        return stamp < MINUTES_OF_DAY + DAYS_OF_SHORT_WINDOW ? TALLY_30_DAYS : TALLY_180_DAYS;
    return (stamp - 1) / MINUTES_OF_HOUR == (now - 1) / MINUTES_OF_HOUR ? TALLY_HOUR : TALLY_DAY;
}

#endif
