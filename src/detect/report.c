/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/state.h"

static void
cannot(const struct detect *d, struct detect_report *report, enum detector detector,
       const char *reason)
{
    if (reason != NULL && !detect_is_off(d, detector))
        report->untestable[report->untestable_count++] =
            (struct untestable){.detector = (uint8_t)detector, .reason = reason};
}

static const char *
why_no_orphans(const struct detect *d)
{
    if (d->logins.overflown)
        return "more accounts have logged in than fit into the memory that may be used";
    if (d->seen[OBSERVED_LOGIN] == 0 && d->seen[OBSERVED_OTHER] == 0)
        return "there is no login in it, and no request but those for persons";
    if (d->seen[OBSERVED_LOGIN] == 0)
        return "there is no login in it: only the pages around a read can be judged";
    if (d->known[AXIS_ACCOUNT] == 0 && d->known[AXIS_SESSION] == 0)
        return "no read tells its account or session: it cannot be joined with a login";
    return NULL;
}

/* Whether on some axis somebody was not judged, and could not be today either. */
static bool
lacks_peers(const struct detect *d, bool is_walk)
{
    for (size_t axis = 0; axis < AXIS_COUNT; axis++) {
        const struct share_peers(*shares)[CLASSES] = d->peers[axis].shares;
        bool was_unjudged = false;

        for (size_t i = 0; i < PARTS; i++)
            was_unjudged |=
                is_walk ? d->parts[i].unjudged_walk[axis] : d->parts[i].unjudged_order[axis];
        if (was_unjudged &&
            (is_walk ? shares[SHARE_BESIDE][CLASS_FEW].days + shares[SHARE_BESIDE][CLASS_MANY].days
                     : fmax(shares[SHARE_DRIFTS][CLASS_FEW].days,
                            shares[SHARE_ORDERS][CLASS_FEW].days)) < SHARE_DAYS_MIN)
            return true;
    }
    return false;
}

static void
find_untestable(const struct detect *d, struct detect_report *report)
{
    bool accounts = d->known[AXIS_ACCOUNT] > 0;
    uint64_t persons = d->seen[OBSERVED_SHOWN] + d->seen[OBSERVED_MISS];

    for (size_t i = 0; i < DETECTOR_COUNT; i++)
        if (detect_is_off(d, (enum detector)i))
            report->untestable[report->untestable_count++] =
                (struct untestable){.detector = (uint8_t)i, .reason = "it is switched off"};
    if (persons == 0 || d->days == 0) {
        for (size_t i = 0; i < DETECTOR_COUNT; i++)
            cannot(d, report, (enum detector)i,
                   persons == 0 ? "nobody's data is asked for in it"
                                : "it is less than a day: there is nothing to compare with");
        return;
    }
    if (d->days < WEEK)
        cannot(d, report, DETECTOR_GROWTH, "it is less than a week: nobody has a past yet");
    if (d->numbered == 0) {
        cannot(d, report, DETECTOR_SUCCESSOR, "no person's key is a whole number");
        cannot(d, report, DETECTOR_DRIFT, "no person's key is a whole number");
    } else {
        if (lacks_peers(d, true))
            cannot(d, report, DETECTOR_SUCCESSOR,
                   "somebody asked for 64 persons or more in a day, and too few beside them ever "
                   "did to know what is usual");
        if (lacks_peers(d, false))
            cannot(d, report, DETECTOR_DRIFT,
                   "somebody asked for 50 persons or more in a day, and too few beside them ever "
                   "did to know what is usual");
    }
    if (!accounts)
        cannot(d, report, DETECTOR_FANOUT, "no read tells its account");
    cannot(d, report, DETECTOR_ORPHAN, why_no_orphans(d));
    if (d->seen[OBSERVED_MISS] == 0)
        cannot(d, report, DETECTOR_MISSES, "no request for somebody who does not exist is in it");
    if (d->tiling == TILING_FEW)
        cannot(d, report, DETECTOR_TILING,
               "it is less than a week, or too few principals were shown the same persons");
    if (d->tiling == TILING_CUSTOM)
        cannot(d, report, DETECTOR_TILING, "principals share persons out by custom");
    if (d->days < WEEK)
        cannot(d, report, DETECTOR_COVERAGE, "it is less than a week");
    if (!accounts || (d->placed == 0 && d->known[AXIS_AGENT] == 0 && !detect_tells_sessions(d)))
        cannot(d, report, DETECTOR_NOVELTY,
               "accounts, with country, network, program or session, are not known");
    if (!accounts || d->days < 30)
        cannot(d, report, DETECTOR_WAKING,
               accounts ? "it is less than 30 days" : "no read tells its account");
}

void
detect_report_make(const struct detect *d, struct detect_report *report)
{
    *report = (struct detect_report){
        .findings = d->publisher.findings,
        .finding_count = d->publisher.finding_count,
        .observations = d->taken,
        .late = d->late,
        .forgotten = d->uncounted,
        .memory = d->logins_held + d->requests_held,
        .threshold = d->publisher.threshold / M_LN10,
        .login_days = d->logins.window / (HOURS_PER_DAY * 60),
    };
    for (size_t i = 0; i < PARTS; i++) {
        const struct part *part = &d->parts[i];

        for (size_t axis = 0; axis < AXIS_COUNT; axis++)
            report->principals += part->tables[axis].count;
        report->tested += part->tested;
        report->forgotten += part->forgotten;
        report->memory += part->held;
        for (size_t j = 0; j < part->count; j++) {
            const struct principal *p = part->principals[j];

            report->sketched += p != NULL && p->life.sketch != NULL && p->life.count < LIFE_MOST;
            report->unfollowed += p != NULL && p->unfollowed;
        }
    }
    find_untestable(d, report);
}
