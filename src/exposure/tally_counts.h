/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one tally counts: its clock, and how many subjects, known and unknown, each window holds.
 *
 * The two long windows are sums over a histogram of days: how many subjects were last shown on each
 * of the last 180 days. Midnight empties the day that leaves and adds up anew; nothing else ever
 * goes through the histogram. Numbers of unknown persons come from outside and stick at UINT64_MAX.
 */
#ifndef PASU_EXPOSURE_TALLY_COUNTS_H
#define PASU_EXPOSURE_TALLY_COUNTS_H

#include "exposure/tally_stamp.h"

struct tally_counts {
    uint32_t now, day; /* local minute and day */
    uint16_t stamp;    /* of now */
    uint64_t known[TALLY_WINDOWS], unknown[TALLY_WINDOWS];
    uint64_t told[TALLY_WINDOWS];  /* alert limits below this have been told of */
    uint64_t days[DAYS_OF_WINDOW]; /* known, by day % DAYS_OF_WINDOW */
    uint64_t unknown_days[DAYS_OF_WINDOW];
    uint32_t moved[TALLY_WINDOWS]; /* values were put under others' keys: windows until then */
};

void counts_init(struct tally_counts *counts);
/* Moves the clock; it does not go back. True where a new day has begun. */
bool counts_advance(struct tally_counts *counts, uint32_t now);
/* The stamp of a minute not later than now; never where it is out of all windows. */
uint16_t counts_stamp(const struct tally_counts *counts, uint32_t at);
/* Subjects shown now, by the level that they had; they have left their days. */
void counts_add(struct tally_counts *counts, const uint64_t levels[TALLY_WINDOWS + 1]);
/* A subject's stamp becomes a later one, which need not be now. */
void counts_move(struct tally_counts *counts, uint16_t from, uint16_t to);
/* Persons without names, shown at a minute not later than now. */
void counts_add_unknown(struct tally_counts *counts, uint32_t at, uint64_t count);
/* How many more subjects each window may take. */
void counts_room(const struct tally_counts *counts, const uint64_t limits[TALLY_WINDOWS],
                 uint64_t room[TALLY_WINDOWS]);
/* Values were put under others' keys at a minute not later than now. */
void counts_move_values(struct tally_counts *counts, uint32_t at);
/* The longest window that holds more than its limit, and in which that was; -1. */
int8_t counts_passed(const struct tally_counts *counts, const uint64_t limits[TALLY_WINDOWS]);
/* What of the outcome concerns alerts: windows that hold more than `before`, and more than a limit
 * that had not been told of. */
void counts_alert(struct tally_counts *counts, const uint64_t before[TALLY_WINDOWS],
                  const struct tally_limits *limits, struct tally_outcome *outcome);

/* The sum, or where it is too large UINT64_MAX. */
static inline uint64_t
counts_plus(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* known + unknown. */
static inline uint64_t
counts_sum(const struct tally_counts *counts, enum tally_window window)
{
    return counts_plus(counts->known[window], counts->unknown[window]);
}

static inline uint64_t *
counts_day(struct tally_counts *counts, uint16_t stamp)
{
    return &counts->days[(counts->day + DAYS_OF_WINDOW - stamp_age(stamp)) % DAYS_OF_WINDOW];
}

/* A subject was last shown on the stamp's day, or is no more; never is no day. */
static inline void
counts_enter_day(struct tally_counts *counts, uint16_t stamp)
{
    if (stamp != STAMP_NEVER)
        ++*counts_day(counts, stamp);
}

static inline void
counts_leave_day(struct tally_counts *counts, uint16_t stamp)
{
    if (stamp != STAMP_NEVER)
        --*counts_day(counts, stamp);
}

#endif
