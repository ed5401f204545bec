/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Months of the index (docs/spec/index.md, "Months"), which are made of their days and only make
 * answers faster: a unit of all principals together, whose persons are kept apart, in chunks of
 * 2²⁰ ordinals, with the days on which each was there; and units of those principals whose days
 * would take long to read.
 *
 *      month, all            sums of each class
 *      month, all, class, part, shown, 0     persons 0 …, their days
 *      month, all, class, part, shown, 1     persons 2²⁰ …, their days
 */
#ifndef PASU_BREACH_INDEX_MONTH_H
#define PASU_BREACH_INDEX_MONTH_H

#include "breach/index_key.h"
#include "breach/index_names.h"
#include "breach/index_unit.h"

/* Makes the units of a month from its days; of one principal where that has so many rows in it.
 * PASU_E_CORRUPT, PASU_E_NOMEM, …  */
PASU_MUST_USE int index_month_write(struct index *index, const struct index_names *names,
                                    uint32_t month, uint64_t own_rows);

/* Gets the persons of each chunk of the month, who were shown, as person_bytes.h has them;
 * borrowed. Other than 0 ends all and is given on. PASU_E_CORRUPT. */
typedef int index_chunk_fn(void *arg, uint32_t class, unsigned part, struct view persons);
PASU_MUST_USE int index_month_shown(struct index *index, uint32_t month, index_chunk_fn *see,
                                    void *arg);
/* On which days of the month somebody was shown the person by a part of a class, or sought them: a
 * bit each, the lowest the first. PASU_E_CORRUPT. */
PASU_MUST_USE int index_month_days(struct index *index, uint32_t month, uint32_t class,
                                   unsigned part, uint32_t ordinal, uint32_t *days);

#endif
