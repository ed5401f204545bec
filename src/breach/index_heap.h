/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The units that are being made: found by day and principal, and written out in order of their
 * keys, each added to what the index has of it already. Zeroed is empty.
 */
#ifndef PASU_BREACH_INDEX_HEAP_H
#define PASU_BREACH_INDEX_HEAP_H

#include "breach/index_group.h"
#include "breach/index_key.h"
#include "breach/index_names.h"

enum { INDEX_GATHERED = 4 << 20 }; /* persons; then they are written */

struct index_heap {
    struct unit *units;
    size_t count, space;
    struct index_recent {     /* by principal: the last one asked for */
        uint32_t when, place; /* 1-based */
    } * recent;
    size_t recent_count;
    struct map places; /* of all */
    size_t persons;
    struct ordinals months; /* in which something was written */
    uint64_t month_rows;    /* of a principal, from which on it has a unit of the month */
    struct ordinals scratch;
    struct unit_scratch unit_scratch;
};

void index_heap_release(struct index_heap *heap);
/* Adds a statement. PASU_E_NOMEM. */
PASU_MUST_USE int index_heap_add(struct index_heap *heap, int32_t day, uint32_t class,
                                 const struct index_group *group);
/* Writes and forgets all; of what units hold only these classes are asked. */
PASU_MUST_USE int index_heap_write(struct index_heap *heap, const struct interner *classes,
                                   struct index *index);
/* Makes the units of the months in which something was written, of those before `over`, from their
 * days. */
PASU_MUST_USE int index_heap_months(struct index_heap *heap, const struct index_names *names,
                                    struct index *index, uint32_t over);

#endif
