/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When each of many was there: on which days of a month, and in which part of each of these, as
 * bytes of the index (docs/spec/index.md, "When they were there").
 *
 *      on which day, or that there were several │ which several │ parts of the days
 *
 * Bytes are hostile: who reads checks what it touches. Pure.
 */
#ifndef PASU_BREACH_MOMENTS_H
#define PASU_BREACH_MOMENTS_H

#include "breach/days_bytes.h"
#include "breach/ordinals.h"

struct moments {
    struct ordinals days; /* of each a bit each day, at least one, */
    uint8_t *parts;       /* of each one's each day, one behind the other */
    size_t part_count, part_space;
};

/* What writing and reading use, and keeps its memory. Zeroed is empty. */
struct moments_scratch {
    uint8_t *numbers;
    size_t space;
    struct ordinals several, days;
};

void moments_release(struct moments *moments);
void moments_scratch_release(struct moments_scratch *scratch);
/* Empty, with its memory. */
void moments_clear(struct moments *moments);

/* The next one was there on those days, each of whose parts is at its number. PASU_E_NOMEM. */
PASU_MUST_USE int moments_add(struct moments *moments, uint32_t days,
                              const uint8_t by_day[DAYS_OF_MONTH]);
/* Who was there in several parts of a day, was in none alone: adds a part of a day to the others.
 */
void moments_note(uint32_t *days, uint8_t by_day[DAYS_OF_MONTH], unsigned day, uint8_t part);

/* Of at least one. PASU_E_NOMEM. */
PASU_MUST_USE int moments_write(const struct moments *moments, struct pack *pack,
                                struct moments_scratch *scratch);

struct moments_view {
    struct view days, several, parts;
};

/* All that is left. PASU_E_CORRUPT, as in all that follow. */
PASU_MUST_USE int moments_view_of(struct moments_view *view, struct reader *reader);
/* Appends those of so many, which are all. PASU_E_NOMEM. */
PASU_MUST_USE int moments_read(struct moments *moments, const struct moments_view *view,
                               size_t count, struct moments_scratch *scratch);
/* Of so many, which are all, the scratch's numbers: 1 of who was there on one of the days, else 0.
 * PASU_E_NOMEM. */
PASU_MUST_USE int moments_on(const struct moments_view *view, size_t count, uint32_t days,
                             struct moments_scratch *scratch);
/* Of the one at that place: the days, and the part of each. */
PASU_MUST_USE int moments_find(const struct moments_view *view, uint64_t place, uint32_t *days,
                               uint8_t by_day[DAYS_OF_MONTH]);

#endif
