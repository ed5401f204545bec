/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many persons a finding's principals were shown, exactly, and what the principals are called:
 * by reading the logs once more, now that it is known whom to look for.
 *
 * Of each finding two sets are kept: persons of whom an answer says that they were shown, each key
 * counted once however it is written; and those of whom one may have been, each spelling counted.
 * The first is at_least, the second at_most. Keys that are whole numbers below 2³² are kept as
 * bitmaps, others as hashes, of at most EXACT_HASHES a finding; beyond that the interval is what is
 * known without them.
 *
 * One thread.
 */
#ifndef PASU_SCAN_EXACT_H
#define PASU_SCAN_EXACT_H

#include "detect/detect.h"
#include "scan/chart.h"
#include "scan/observe.h"

enum { EXACT_HASHES = 1 << 20 };

struct exact;

/* A finding, and what is found out about it. */
struct exact_finding {
    const struct finding *finding;
    char (*names)[OBSERVE_NAME]; /* of finding->principal; "" where no line tells it */
    uint64_t at_least, at_most;
    uint64_t fields;
};

/* The findings must outlive it. PASU_E_NOMEM. */
PASU_MUST_USE int exact_new(struct exact **slot, const struct finding *findings, size_t count);
void exact_free(struct exact *exact);
/* Whether an observation is of one of the principals: a block_want_fn of `exact`, which nobody
 * changes meanwhile. */
bool exact_wants(const void *exact, const struct observation *observation);
/* An observation of theirs. *wanted_axes: those (1 << axis) on which a name is wanted of its line.
 */
PASU_MUST_USE int exact_add(struct exact *exact, const struct observation *observation,
                            const struct observed_more *more, unsigned *wanted_axes);
void exact_name(struct exact *exact, const struct observation *observation, enum axis axis,
                const char *name);
/* All was read, or (is_all false) not all: then the interval is widened by what detect knows. The
 * findings, in their order; they are `exact`'s. */
const struct exact_finding *exact_end(struct exact *exact, bool is_all);
/* What was added, by day and the like; a read that is of several principals of one finding counts
 * for each of them. */
const struct chart *exact_chart(const struct exact *exact);

#endif
