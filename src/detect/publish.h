/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is published stays published, and grows with what the principal goes on to do. Principals of
 * one axis whom the same detector found and who come from the same network (ASN) are one finding;
 * so are those who share persons out.
 */
#ifndef PASU_DETECT_PUBLISH_H
#define PASU_DETECT_PUBLISH_H

#include "detect/part.h"

struct published {
    struct principal *p;
    int64_t found;
    double log_fused;   /* the highest so far */
    uint32_t detectors; /* bits: those that say so alone, or the one that says so most */
};

struct publisher {
    struct published *list;
    size_t count, room;
    struct finding *findings;
    size_t finding_count, finding_room;
    double threshold; /* natural log; what one more would have needed when it was last chosen */
};

/* Chooses among all that are tested. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int publish_choose(struct publisher *out, struct part *parts, double q, int64_t now);
/* Makes out->findings from what is published. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int publish_findings(struct publisher *out);
void publish_release(struct publisher *out);

#endif
