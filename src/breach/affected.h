/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a selection of statements showed, person by person: which fields, how clearly, since when,
 * through whose access. What notices are made from; the persons are exactly those that scope.h
 * counts in at_least of the same selection.
 *
 * Of a field, what is certain and what is not are kept apart as scope.h does: a field that was null
 * in some of the rows that a record stands for is `maybe` of each person in it. Who could not be
 * named is known only as a number, of a kind, with the fields that can have been shown.
 *
 * Fields are bits, their places in the book's names. Memory: about a hundred bytes a person.
 */
#ifndef PASU_BREACH_AFFECTED_H
#define PASU_BREACH_AFFECTED_H

#include "breach/selection.h"

enum { AFFECTED_PRINCIPALS_MAX = 64 };

struct affected_person {
    uint32_t ordinal;
    uint32_t statements;
    uint64_t clear, masked, maybe, null; /* no bit is in two of them: the strongest counts */
    int64_t first, last;                 /* realtime ns */
    uint64_t principals;                 /* bits: places in the principals */
};

struct affected_kind {
    struct affected_person *items; /* in the order in which they were first named */
    size_t count, space;
    struct map places;   /* ordinal → place */
    bool has_numbers;    /* some of their keys are */
    uint64_t unknown;    /* at most so many more, whom nobody can name */
    uint64_t fields;     /* that can have been shown of those */
    int64_t first, last; /* of the statements that could not name all */
};

struct affected {
    const struct selection *selection;
    struct affected_kind *kinds; /* by place in the book's names */
    size_t kind_count;
    /* In the order in which they were met; those beyond the first 64 are left out. */
    char principals[AFFECTED_PRINCIPALS_MAX][NAME_SIZE];
    size_t principal_count;
};

void affected_init(struct affected *affected, const struct selection *selection);
void affected_release(struct affected *affected);
/* A statement_fn of the selection; `arg` is the struct affected. PASU_E_NOMEM; PASU_E_RANGE: there
 * are more than 64 names of fields. */
PASU_MUST_USE int affected_take(void *arg, const struct statement *statement);
/* NULL: nobody of that kind was shown, or can have been. */
const struct affected_kind *affected_kind(const struct affected *affected, const char *name);
/* NULL: not named. */
const struct affected_person *affected_person(const struct affected_kind *kind, uint32_t ordinal);

#endif
