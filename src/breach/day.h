/* SPDX-License-Identifier: Apache-2.0 */
/* Days and months, of UTC: what the index counts in. Days from 1970-01-01 on; months as 12 × year +
 * month, from 0 on (a date's first month of year 1970 is 12 × 1970). */
#ifndef PASU_BREACH_DAY_H
#define PASU_BREACH_DAY_H

#include "base/os.h"

#define DAY (24 * 3600 * NANOSECONDS_PER_SECOND)

/* Of a time in nanoseconds since 1970; negative before. */
static inline int32_t
day_of(int64_t time)
{
    return (int32_t)(time / DAY - (time % DAY < 0));
}

/* Days that have times, from here to there. */
#define DAY_FIRST ((int32_t)(INT64_MIN / DAY) - 1)
#define DAY_LAST  ((int32_t)(INT64_MAX / DAY))

static inline bool
day_is_one(int32_t day)
{
    return day >= DAY_FIRST && day <= DAY_LAST;
}

/* When it begins; where there is no such time, the first or the last that there is. */
static inline int64_t
day_begin(int32_t day)
{
    int64_t begin;

    if (__builtin_mul_overflow((int64_t)day, DAY, &begin))
        return day < 0 ? INT64_MIN : INT64_MAX;
    return begin;
}

/* Days are cut into parts, so that of what a day's records say only some need be read. */
enum { DAY_PARTS = 7, DAY_PART_NONE = 7 };

/* The part of its day. */
static inline unsigned
day_part_of(int64_t time)
{
    int64_t in_day = time % DAY < 0 ? time % DAY + DAY : time % DAY;
    int64_t part = in_day / (DAY / DAY_PARTS);

    return part < DAY_PARTS ? (unsigned)part : DAY_PARTS - 1;
}

/* The month of a day, not before 1970; and the first day of a month. */
uint32_t month_of(int32_t day);
int32_t month_begin(uint32_t month);

#endif
