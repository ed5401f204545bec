/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one principal did in a month, day by day, but for whom they were shown: the sums of each
 * class of statements, and whether a part named anybody. In memory a unit each day
 * (breach/index_unit.h), whose persons are elsewhere; and as bytes of the index
 * (docs/spec/index.md, "Diaries").
 */
#ifndef PASU_BREACH_DIARY_H
#define PASU_BREACH_DIARY_H

#include "breach/days_bytes.h"
#include "breach/index_unit.h"

struct diary {
    struct unit days[DAYS_OF_MONTH];
};

void diary_release(struct diary *diary);
/* Adds a unit of that day. PASU_E_NOMEM. */
PASU_MUST_USE int diary_add(struct diary *diary, unsigned day, const struct unit *unit);
/* Adds what bytes hold; `first` is the first day of the month. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int diary_read(struct diary *diary, struct view bytes, const struct interner *classes,
                             int32_t first);
/* PASU_E_NOMEM */
PASU_MUST_USE int diary_write(struct diary *diary, struct pack *pack, int32_t first);

/* One class on one day after the other. */
struct diary_walk {
    struct reader reader;
    const struct interner *classes;
    int32_t first;
    size_t left;   /* classes */
    uint32_t days; /* that are left of the class */
    uint32_t class;
    size_t part_count;
    uint32_t shown[INDEX_PARTS_MAX], missed[INDEX_PARTS_MAX]; /* days, of each part */
};

void diary_walk_begin(struct diary_walk *walk, struct view bytes, const struct interner *classes,
                      int32_t first);
/* 1: a class on a day of the month, from 0 on; a set is not empty where the part named somebody,
 * and no more; 0: the end; PASU_E_CORRUPT. */
PASU_MUST_USE int diary_walk_next(struct diary_walk *walk, unsigned *day, struct unit_view *view);

#endif
