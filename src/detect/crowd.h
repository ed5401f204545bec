/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accounts for which a source read persons in a day, each with whether it had logged in before.
 * Exact up to CROWD_MOST, a uniform sample beyond (sample.h says how).
 */
#ifndef PASU_DETECT_CROWD_H
#define PASU_DETECT_CROWD_H

#include "base/attributes.h"

enum { CROWD_MOST = 256 };

struct crowd {
    uint64_t *hashes; /* sorted */
    uint8_t *orphan;  /* of each, whether none of its reads had a login before */
    uint16_t count, capacity;
    bool full;
};

/* 0 or PASU_E_NOMEM. *held grows. */
PASU_MUST_USE int peers_add(struct crowd *c, uint64_t account, bool orphan, size_t *held);
void peers_release(struct crowd *c, size_t *held);
double crowd_distinct(const struct crowd *c);
/* Of the sample. */
size_t crowd_orphans(const struct crowd *c);

#endif
