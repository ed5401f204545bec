/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges the principals of a part, and closes their day. What it needs of the other parts is given,
 * and what they all learn is put together by the caller, so that parts can be judged at the same
 * time.
 */
#ifndef PASU_DETECT_JUDGE_H
#define PASU_DETECT_JUDGE_H

#include "detect/evidence.h"
#include "detect/requests.h"

/* How much more than usual is read today: sums over those with a past of their own; and how many of
 * them read in sessions, or outside of any, unlike they usually do. */
struct surge {
    double seen, usual;
    size_t principals, strange;
};

void judge_surge(const struct part *part, const struct peers peers[AXIS_COUNT], uint16_t day,
                 struct surge surge[AXIS_COUNT]);
/* Only while the first day is open. */
void judge_first_day(const struct part *part, struct first_day first[AXIS_COUNT]);
/* Judges those that asked for a person since they were judged last, or (`all`) everybody with a
 * day. */
void judge_part(struct part *part, const struct peers peers[AXIS_COUNT], const struct climate *c,
                const struct requests requests[AXIS_COUNT], bool all);
/* The day is over: evidence is kept, part->learned is set, days are let go. */
void judge_close(struct part *part, const struct climate *c);

#endif
