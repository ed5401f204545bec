/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The units that are being made, by day and principal, and written out, each added to what the
 * index has of it already: days before the last one that the ledger has come to (`newest`) go into
 * their months (breach/index_month.h), the last one stays units of its own. Zeroed is empty.
 */
#ifndef PASU_BREACH_INDEX_HEAP_H
#define PASU_BREACH_INDEX_HEAP_H

#include "breach/index_group.h"
#include "breach/index_key.h"
#include "breach/index_names.h"

enum { INDEX_GATHERED = 8 << 20 }; /* persons; then they are written */

struct index_heap {
    struct unit *units;
    size_t count, space;
    struct index_recent {     /* by principal: the last one asked for */
        uint32_t when, place; /* 1-based */
    } * recent;
    size_t recent_count;
    struct map places; /* of all */
    size_t persons;
    int32_t newest;      /* the day, and how many principals have names: the maker says so, */
    uint32_t principals; /* before it is written */
    int32_t oldest;      /* of the units, where there are any */
    struct unit_scratch unit_scratch;
};

void index_heap_release(struct index_heap *heap);
/* Adds a statement. PASU_E_NOMEM. */
PASU_MUST_USE int index_heap_add(struct index_heap *heap, int32_t day, uint32_t class,
                                 const struct index_group *group);
/* Moves the units of days before `day` into another heap, which is empty. PASU_E_NOMEM, where all
 * stays as it is. */
PASU_MUST_USE int index_heap_move(struct index_heap *heap, int32_t day, struct index_heap *to);
/* Writes and forgets all; of what units hold only these classes are asked. What the index has of
 * days that are not the last any more goes into their months, too. */
PASU_MUST_USE int index_heap_write(struct index_heap *heap, const struct interner *classes,
                                   struct index *index);

#endif
