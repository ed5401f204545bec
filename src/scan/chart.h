/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a page draws of the findings: of each one, persons and reads by day, from which countries,
 * and of which range of keys; made in the second reading. What is kept is bounded: of days the
 * first CHART_DAYS, of countries CHART_COUNTRIES.
 */
#ifndef PASU_SCAN_CHART_H
#define PASU_SCAN_CHART_H

#include "detect/observation.h"

#include <stddef.h>

enum { CHART_DAYS = 800, CHART_COUNTRIES = 32, CHART_RANGES = 48 };

struct chart_day {
    int32_t day;      /* since 1970 */
    uint64_t reads;   /* that showed somebody */
    uint64_t persons; /* different ones, up to this day */
};

struct chart_country {
    uint16_t country; /* as in an observation; 0: not known, or one that has no room */
    uint64_t reads;
};

struct chart_row {
    struct chart_day days[CHART_DAYS]; /* in order */
    size_t day_count;
    struct chart_country countries[CHART_COUNTRIES];
    size_t country_count;
    uint64_t ranges[CHART_RANGES]; /* reads of keys from i × width on */
};

struct chart {
    struct chart_row *rows; /* of each finding */
    size_t count;
    uint64_t width; /* of all ranges: keys in one */
};

/* PASU_E_NOMEM. */
PASU_MUST_USE int chart_init(struct chart *chart, size_t count);
void chart_release(struct chart *chart);
/* A read of a finding's that showed somebody; `persons` with this one. */
void chart_add(struct chart *chart, size_t finding, const struct observation *observation,
               uint64_t persons);

#endif
