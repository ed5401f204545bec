/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a page draws of the findings: of each one, persons and reads by day, from which countries,
 * and of which range of keys; made in the second reading. What is kept is bounded: of days the
 * first CHART_DAYS, of countries CHART_COUNTRIES. Of all findings together, how many persons each
 * country was shown: of the first CHART_PLACES - 1 countries, and of the others as if not known.
 */
#ifndef PASU_SCAN_CHART_H
#define PASU_SCAN_CHART_H

#include "detect/observation.h"

#include <stddef.h>

enum { CHART_DAYS = 800, CHART_COUNTRIES = 32, CHART_RANGES = 48, CHART_PLACES = 512 };

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

/* Persons that all findings' principals were shown in a country: each counts once. */
struct chart_place {
    uint16_t country; /* 0: not known, or one that has no room */
    uint64_t at_least, at_most;
    bool is_more; /* than at_most: there was no room to tell all persons apart */
};

struct chart {
    struct chart_row *rows; /* of each finding */
    size_t count;
    uint64_t width; /* of all ranges: keys in one */
    struct chart_place places[CHART_PLACES];
    size_t place_count; /* set by who counts persons (exact_end) */
};

/* PASU_E_NOMEM. */
PASU_MUST_USE int chart_init(struct chart *chart, size_t count);
void chart_release(struct chart *chart);
/* A read of a finding's that showed somebody; `persons` with this one. */
void chart_add(struct chart *chart, size_t finding, const struct observation *observation,
               uint64_t persons);

#endif
