/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unit of the index: what one principal was shown on one day (or all principals in a month, where
 * the persons are kept elsewhere), class by class of statements: sums, and per part the persons. In
 * memory while it is made; as bytes (docs/spec/index.md) in the file; and read again class by
 * class, sets unopened.
 */
#ifndef PASU_BREACH_INDEX_UNIT_H
#define PASU_BREACH_INDEX_UNIT_H

#include "breach/index_class.h"
#include "breach/marked.h"
#include "breach/person_bytes.h"
#include "breach/sums.h"

struct unit_part {
    struct bound bound;
    struct marked shown, missed;          /* by parts of the day */
    bool is_shown_apart, is_missed_apart; /* somebody, but they are kept elsewhere */
};

struct unit_class {
    uint32_t class;
    struct sums sums;
    struct unit_part *parts; /* as many as the class has */
    size_t part_count;
    struct ordinals principals; /* of all together */
};

struct unit {
    uint32_t when, principal; /* the key */
    struct unit_class *classes;
    size_t count, space;
};

void unit_release(struct unit *unit);
/* The class in it, added where it is not there; NULL without memory. */
struct unit_class *unit_class_at(struct unit *unit, uint32_t class, size_t part_count);
/* Adds all of another one but its persons, who are kept elsewhere: that there are some.
 * PASU_E_NOMEM. */
PASU_MUST_USE int unit_add_sums(struct unit *unit, const struct unit *more);
/* What writing and reading use, and keeps their memory. Zeroed is empty. */
struct unit_scratch {
    struct ordinals ordinals;
    struct marked sorted;
    uint8_t *parts; /* of the day */
    size_t space;
};

void unit_scratch_release(struct unit_scratch *scratch);
/* Sorts its sets and writes it, with in which part of the day each person was there.
 * PASU_E_NOMEM. */
PASU_MUST_USE int unit_write(struct unit *unit, struct pack *pack, struct unit_scratch *scratch);
/* Adds what bytes hold. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int unit_read(struct unit *unit, struct view bytes, const struct interner *classes,
                            struct unit_scratch *scratch);

/* One class of a unit's bytes; what is borrowed is valid as long as they are. */
struct unit_view {
    uint32_t class;
    size_t part_count;
    struct sums sums;
    struct reader principals; /* numbers, */
    size_t principal_count;
    struct bound bounds[INDEX_PARTS_MAX];
    struct view shown[INDEX_PARTS_MAX], missed[INDEX_PARTS_MAX];
    struct view shown_when[INDEX_PARTS_MAX], missed_when[INDEX_PARTS_MAX]; /* parts of the day */
};

struct unit_walk {
    struct reader reader;
    size_t left;
    const struct interner *classes;
};

void unit_walk_begin(struct unit_walk *walk, struct view bytes, const struct interner *classes);
/* 1: the next class; 0: the end; PASU_E_CORRUPT. */
PASU_MUST_USE int unit_walk_next(struct unit_walk *walk, struct unit_view *view);
/* Adds a class as unit_add_sums does, with its principals. PASU_E_NOMEM. */
PASU_MUST_USE int unit_add_view(struct unit *unit, const struct unit_view *view);
/* Appends whose they were: of a unit of one principal (0: not) that one, else those it names.
 * PASU_E_NOMEM. */
PASU_MUST_USE int unit_view_principals(const struct unit_view *view, uint32_t principal,
                                       struct ordinals *principals);

#endif
