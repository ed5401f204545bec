/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/day.h"

/* Days from March 1st of year 0 to 1970-01-01, of four centuries, and what a year of each kind has;
 * a year that begins in March has its leap day at its end. */
enum { TO_EPOCH = 719468, CENTURIES = 146097 };

int32_t
month_begin(uint32_t month)
{
    uint32_t march = month % 12 < 2 ? month % 12 + 10 : month % 12 - 2;
    uint32_t year = month / 12 - (month % 12 < 2);
    uint32_t in_year = (153 * march + 2) / 5;
    uint32_t days = 365 * (year % 400) + year % 400 / 4 - year % 400 / 100 + in_year;

    return (int32_t)(year / 400 * CENTURIES + days) - TO_EPOCH;
}

uint32_t
month_of(int32_t day)
{
    uint32_t month = 12 * 1970 + (uint32_t)day / 31;

    while (month_begin(month + 1) <= day)
        month++;
    return month;
}
