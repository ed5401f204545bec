/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A holiday as a table of deadlines writes it (clock_table.h), computed for any year:
 *
 *      2025-01-09                that day alone
 *      January 1                 each year on that day
 *      January 1, observed       a Saturday's is the Friday before, a Sunday's the Monday after
 *      third Monday of January   first to fourth, or last
 *
 * Observed days are as in 5 U.S.C. 6103(b) and Executive Order 11582. Names of days and months are
 * English, whole, in any case. Days are counted since 1970-01-01, of the Gregorian calendar.
 */
#ifndef PASU_CLI_CLOCK_HOLIDAY_H
#define PASU_CLI_CLOCK_HOLIDAY_H

#include "base/error.h"

enum clock_holiday_form { HOLIDAY_ONCE, HOLIDAY_DATE, HOLIDAY_OBSERVED, HOLIDAY_WEEKDAY };

struct clock_holiday {
    enum clock_holiday_form form;
    uint8_t month;   /* 1 to 12 */
    uint8_t day;     /* a date: of the month, from 1 */
    uint8_t weekday; /* 0: Sunday */
    uint8_t nth;     /* 1 to 4; 5: the last one */
    int64_t once;    /* the day */
};

/* PASU_E_MALFORMED: it is none of these. */
PASU_MUST_USE int clock_holiday_parse(struct clock_holiday *holiday, const char *text);
/* Whether that day is one. */
bool clock_holiday_is(const struct clock_holiday *holiday, int64_t day);

#endif
