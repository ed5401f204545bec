/* SPDX-License-Identifier: Apache-2.0 */
/* Ordinals as they come, each with a small number: on which day of a month, in which part of a day
 * somebody was there. Zeroed is empty. */
#ifndef PASU_BREACH_MARKED_H
#define PASU_BREACH_MARKED_H

#include "base/error.h"

enum { MARK_BITS = 8 };

struct marked {
    uint64_t *items; /* ordinal, then MARK_BITS for the mark */
    size_t count, space;
};

static inline uint32_t
marked_ordinal(uint64_t item)
{
    return (uint32_t)(item >> MARK_BITS);
}
static inline unsigned
marked_mark(uint64_t item)
{
    return item & ((1 << MARK_BITS) - 1);
}

void marked_release(struct marked *marked);
/* PASU_E_NOMEM. */
PASU_MUST_USE int marked_add(struct marked *marked, const uint32_t *ordinals, size_t count,
                             unsigned mark);
/* Those of another one, each mark with these bits more, which it has not. PASU_E_NOMEM. */
PASU_MUST_USE int marked_append(struct marked *marked, const struct marked *more, unsigned bits);
/* By ordinals; those of one ordinal stay as they came. `scratch` is used and may grow.
 * PASU_E_NOMEM. */
PASU_MUST_USE int marked_sort(struct marked *marked, struct marked *scratch);

#endif
