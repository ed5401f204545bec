/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is published stays so (but for publish_settle), and grows with what the principal goes on to
 * do. Principals of one axis whom the same detector found and who come from the same network (ASN)
 * are one finding; so are those who share persons out. Its numbers and first places are those of
 * the strongest of them. Named are that one and those who came first, in the order in which they
 * came: whoever knows a finding by who is named in it knows it again when others come, or become
 * stronger.
 */
#ifndef PASU_DETECT_PUBLISH_H
#define PASU_DETECT_PUBLISH_H

#include "detect/part.h"

struct published {
    struct principal *p;
    int64_t found;
    double log_fused;             /* the highest so far */
    uint32_t detectors;           /* bits: those that say so alone, or the one that says so most */
    int64_t said[DETECTOR_COUNT]; /* since when each of them does */
    uint16_t calm; /* day since which nothing is suspicious any more; 0: something is */
};

struct publisher {
    struct published *list;
    size_t count, room;
    struct finding *findings;
    size_t finding_count, finding_room;
    double threshold; /* natural log; what one more would have needed when it was last chosen */
};

/* Chooses among all that are tested; q and false_a_year as of struct detect_options. 0 or
 * PASU_E_NOMEM. */
PASU_MUST_USE int publish_choose(struct publisher *out, struct part *parts, double q,
                                 double false_a_year, int64_t now);
/* A day is over: who has been calm, or was not seen, for so many days is not published any more,
 * and begins anew. 0 days: nobody. */
void publish_settle(struct publisher *out, uint16_t day, unsigned days);
/* Makes out->findings from what is published. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int publish_findings(struct publisher *out);
void publish_release(struct publisher *out);

#endif
