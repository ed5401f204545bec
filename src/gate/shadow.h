/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that are asked for together with a statement (postgres/plan_shadow.h): they come with the
 * first row of its result, and are those of all of them.
 *
 * Before that row leaves, each of them counts in the tally, by name where there are not too many.
 * A person was shown once the rows were: that all of them will be is known where the whole result
 * is in hand. So what is exact is held back until it is, up to SHADOW_HOLD_MAX bytes; then they are
 * named. Of a longer result, one that is fetched in portions, or that ends with an error, the
 * record says how many persons there can be in it, and names none.
 *
 * Where the first row does not bring them, or brings other than what can be read, the result counts
 * as it would without.
 */
#ifndef PASU_GATE_SHADOW_H
#define PASU_GATE_SHADOW_H

#include "gate/answer.h"

enum { SHADOW_HOLD_MAX = 256 << 10 };

/* Whether the rows at `at` wait for the rest of their result. */
bool shadow_waits(struct observer *observer, const uint8_t *at, size_t have);
/* The first row of a batch of such a result, a whole DataRow; where it will stand in the outgoing
 * bytes. 0; the errors of ordinal_of. */
PASU_MUST_USE int shadow_take(struct answering *answering, const uint8_t *message, size_t length,
                              uint32_t start);
/* The result is over, or nothing more of it will come for now. */
void shadow_end(struct observer *observer);

/* Of a part whose source is SOURCE_SHADOW, in the batch gathered: persons beyond those that are
 * named, out of `all`; whether the record names those in the gather; whether they are counted by
 * name, be they named or not; and whether it is known that there is nobody. */
uint64_t shadow_unknown(const struct observer *observer, const struct gather *gather, size_t part,
                        uint64_t all);
bool shadow_is_named(const struct observer *observer, const struct gather *gather, size_t part);
static inline bool
shadow_is_known(const struct gather *gather, size_t part)
{
    return gather->shadowed >> part & 1;
}

#endif
