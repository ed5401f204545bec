/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accounts for which a source read persons in a day, each with whether it had logged in before.
 * Exact up to ACCOUNTS_MOST, a uniform sample beyond (sample.h says how).
 */
#ifndef PASU_DETECT_ACCOUNTS_H
#define PASU_DETECT_ACCOUNTS_H

#include "base/attributes.h"

enum { ACCOUNTS_MOST = 256 };

struct accounts {
    uint64_t *hashes; /* sorted */
    uint8_t *orphan;  /* of each, whether none of its reads had a login before */
    uint64_t last;    /* added last; most come again and again */
    uint16_t count, capacity;
    bool full;
    bool last_orphan; /* and what is known of it */
};

/* 0 or PASU_E_NOMEM. *held grows, unless `tight` (as sample_add). */
PASU_MUST_USE int accounts_add(struct accounts *c, uint64_t account, bool orphan, bool tight,
                               size_t *held);
void accounts_release(struct accounts *c, size_t *held);
double accounts_distinct(const struct accounts *c);
/* Of the sample. */
size_t accounts_orphans(const struct accounts *c);

#endif
