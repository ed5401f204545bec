/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The holidays of the configuration (`holidays`): which days are, and of which years that is known.
 * None is computed: which days are holidays a law says each year anew, and many go by the moon.
 *
 * Days are those of the gateway's time zone, counted from 1970-01-01 on. Immutable once made.
 */
#ifndef PASU_POLICY_HOLIDAYS_H
#define PASU_POLICY_HOLIDAYS_H

#include "config/load.h"

enum { HOLIDAY_YEAR_FIRST = 1970, HOLIDAY_YEARS = 230 };

struct holidays {
    uint64_t years[(HOLIDAY_YEARS + 63) / 64]; /* a bit each: it is known */
    uint32_t *days;                            /* ascending */
    size_t count;
};

/* Of a checked configuration. PASU_E_NOMEM. */
PASU_MUST_USE int holidays_make(struct holidays *holidays, const struct config *config);
void holidays_release(struct holidays *holidays);
/* Whether that day is one. */
bool holidays_have(const struct holidays *holidays, uint32_t day);
/* Whether the holidays of its year are known. */
bool holidays_know(const struct holidays *holidays, uint32_t day);
/* The year that the day is in. */
unsigned holidays_year(uint32_t day);
/* What is no fault, and not as who wrote it may think, at that moment (realtime ns): rules ask for
 * holidays of a year that is not listed, or soon will. Added to the list, with file and line. */
void holidays_warn(const struct config *config, int64_t now, struct config_faults *warnings);

#endif
