/* SPDX-License-Identifier: Apache-2.0 */
/* What detect.c holds, for the report that is made of it. */
#ifndef PASU_DETECT_STATE_H
#define PASU_DETECT_STATE_H

#include "detect/judge.h"
#include "detect/logins.h"
#include "detect/publish.h"
#include "detect/requests.h"
#include "detect/tiling.h"

enum { HOURS_PER_DAY = 24, WEEK = 7 };

struct detect {
    struct part parts[PARTS];
    struct peers peers[AXIS_COUNT];
    struct climate climate;
    struct first_day first[AXIS_COUNT];
    struct logins logins;
    struct publisher publisher;
    uint64_t secret[2]; /* the second is odd */
    uint64_t horizon[UINT8_MAX + 1], rising[UINT8_MAX + 1];
    double q, false_a_year;
    uint32_t off, axes;
    unsigned settle;
    int64_t hour; /* that is open, since 1970 */
    int64_t now;  /* the latest observation */
    size_t logins_held;
    struct requests requests[AXIS_COUNT]; /* for no person, on the open day */
    size_t requests_held, requests_limit;
    uint64_t uncounted; /* requests for which there was no room: those of the day are not all */
    bool are_all_counted;
    uint64_t taken, late;
    uint64_t seen[OBSERVED_COUNT],
        known[AXIS_COUNT]; /* of reads of persons: with that axis known */
    uint64_t numbered, placed;
    uint64_t session_logins, account_logins; /* reads that had one */
    bool by_session;                         /* sessions tell whether there was a login */
    uint32_t days;                           /* closed */
    enum tiling tiling;
    bool started;
};

static inline bool
detect_is_off(const struct detect *d, enum detector detector)
{
    return (d->off & 1U << detector) != 0;
}

/* Of reads some are in a session, and some are not. */
static inline bool
detect_tells_sessions(const struct detect *d)
{
    return d->known[AXIS_SESSION] > 0 &&
           d->known[AXIS_SESSION] < d->seen[OBSERVED_SHOWN] + d->seen[OBSERVED_MISS];
}

/* ---- report.c ---- */
/* Of what is published, with what could not be tested. */
void detect_report_make(const struct detect *d, struct detect_report *report);

#endif
