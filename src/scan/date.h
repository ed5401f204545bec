/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of the calendar, as logs write them. Pure. */
#ifndef PASU_SCAN_DATE_H
#define PASU_SCAN_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Days since 1970-01-01 of a year from 1970 on and a month from 1 to 12 (Howard Hinnant:
 * chrono-Compatible Low-Level Date Algorithms). False: the month has no such day. */
static inline bool
date_days(unsigned year, unsigned month, unsigned day, int64_t *days)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    unsigned from_march = (month + 9) % 12, y = year - (month <= 2);
    unsigned era = y / 400, of_era = y % 400;
    unsigned of_year = (153 * from_march + 2) / 5 + day - 1;

    *days = (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    return day <= lengths[month - 1] + (unsigned)(month == 2 && is_leap);
}

#endif
