/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Months of the index (docs/spec/index.md, "Months"), which have all days but the last one that the
 * ledger has come to. Each fact once: sums by principal, in diaries, and added up for all together;
 * who the persons were, and when they were there, in chunks of 2²⁰ ordinals.
 *
 *      month, principal      sums of each class on each day
 *      month, all            sums of each class
 *      month, all, class, part, shown, 0     persons 0 …, by principal
 *      month, all, class, part, shown, 1     persons 2²⁰ …, by principal
 */
#ifndef PASU_BREACH_INDEX_MONTH_H
#define PASU_BREACH_INDEX_MONTH_H

#include "breach/attendance.h"
#include "breach/diary.h"
#include "breach/index_key.h"

/* Adds units of days of one month, in any order, to what the index has of it; they lose their
 * persons. PASU_E_CORRUPT, PASU_E_NOMEM, … */
PASU_MUST_USE int index_month_add(struct index *index, const struct interner *classes,
                                  uint32_t month, struct unit *units, size_t count);

/* Of a chunk's value, what it is of. */
struct index_chunk {
    uint32_t class;
    unsigned part;
    bool is_missed;
    uint32_t first; /* the ordinal that its persons' are less by */
};

/* Gets each chunk of the month, of one class or (0) of all; its value is as of index_walk_stored.
 * Other than 0 ends all and is given on. PASU_E_CORRUPT. */
typedef int index_chunk_fn(void *arg, const struct index_chunk *chunk,
                           const struct index_stored *stored);
PASU_MUST_USE int index_month_chunks(struct index *index, uint32_t month, uint32_t class,
                                     index_chunk_fn *see, void *arg);

/* When a principal showed the person, or missed them: the days of the month, and the part of each.
 */
struct index_attended {
    uint32_t principal, days;
    uint8_t parts[DAYS_OF_MONTH];
};

/* Gets each principal who showed the person by a part of a class, or missed them. PASU_E_CORRUPT.
 */
typedef int index_attended_fn(void *arg, const struct index_attended *attended);
PASU_MUST_USE int index_month_find(struct index *index, uint32_t month, uint32_t class,
                                   unsigned part, uint32_t ordinal, index_attended_fn *see,
                                   void *arg);

/* Gets each class of a day of the month by principal: of one, or (0) of all, those that are not
 * known too. Of one who has done nothing there is none. PASU_E_CORRUPT. */
typedef int index_diary_fn(void *arg, uint32_t principal, unsigned day,
                           const struct unit_view *view);
PASU_MUST_USE int index_month_diaries(struct index *index, const struct interner *classes,
                                      uint32_t month, uint32_t principal, index_diary_fn *see,
                                      void *arg);

#endif
