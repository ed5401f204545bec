/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who was there on which days of a month, and in which part of each day: persons of one chunk of
 * ordinals, by one principal and part of a class. In memory while it is made, and as bytes of the
 * index (docs/spec/index.md, "Chunks"), which are read without opening all of them.
 *
 *      persons │ when each was there
 *
 * Ordinals are less the chunk's first. Bytes are hostile: who reads checks what it touches. Pure.
 */
#ifndef PASU_BREACH_ATTENDANCE_H
#define PASU_BREACH_ATTENDANCE_H

#include "breach/marked.h"
#include "breach/moments.h"
#include "breach/person_bytes.h"

struct attendance {
    struct ordinals persons; /* rising */
    struct moments moments;
};

void attendance_release(struct attendance *attendance);
/* Empty, with its memory. */
void attendance_clear(struct attendance *attendance);

/* Of a day and the part of it, as marked.h has it. */
static inline unsigned
attendance_mark(unsigned day, unsigned part)
{
    return day << 3 | part;
}

/* Appends marked ordinals, which rise, of each less `base`. PASU_E_NOMEM. */
PASU_MUST_USE int attendance_add(struct attendance *attendance, const uint64_t *items, size_t count,
                                 uint32_t base);
/* Both together into an empty one. PASU_E_NOMEM. */
PASU_MUST_USE int attendance_unite(struct attendance *both, const struct attendance *one,
                                   const struct attendance *other);
/* PASU_E_NOMEM */
PASU_MUST_USE int attendance_write(const struct attendance *attendance, struct pack *pack,
                                   struct moments_scratch *scratch);

struct attendance_view {
    struct view persons;
    struct moments_view moments;
};

/* PASU_E_CORRUPT, as in all that follow. */
PASU_MUST_USE int attendance_view_of(struct attendance_view *view, struct view bytes);
/* All of it into an empty one. PASU_E_NOMEM. */
PASU_MUST_USE int attendance_read(struct attendance *attendance, const struct attendance_view *view,
                                  struct moments_scratch *scratch);
/* Appends those who were there on one of the days, each plus `base`. PASU_E_NOMEM. */
PASU_MUST_USE int attendance_list(const struct attendance_view *view, uint32_t days, uint32_t base,
                                  struct ordinals *persons, struct moments_scratch *scratch);
/* Of one person: the days, 0: they are not in it; and the part of each of these. */
PASU_MUST_USE int attendance_find(const struct attendance_view *view, uint32_t ordinal,
                                  uint32_t *days, uint8_t by_day[DAYS_OF_MONTH]);

#endif
