/* SPDX-License-Identifier: Apache-2.0 */
/* The days that the maker of the index knows of, all of them, found by their number. Zeroed is
 * empty. */
#ifndef PASU_BREACH_INDEX_DAYS_H
#define PASU_BREACH_INDEX_DAYS_H

#include "breach/index_state.h"

struct index_days {
    struct map by; /* day → place */
    struct index_day *items;
    size_t count, space, last; /* the place of the one that was asked for last */
    int32_t newest;            /* where there is any */
};

void index_days_release(struct index_days *days);
/* What the index has of all. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int index_days_load(struct index_days *days, struct index *index);
/* Those that changed. */
PASU_MUST_USE int index_days_save(const struct index_days *days, struct index *index);
/* The day, or NULL; valid until one is added. */
struct index_day *index_days_find(struct index_days *days, int32_t number);
/* One that is not there, with its first record, and where who was known was noted last; NULL where
 * there is no memory. */
struct index_day *index_days_add(struct index_days *days, int32_t number, uint64_t from,
                                 struct index_noted noted);

#endif
