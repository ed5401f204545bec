/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many different persons a selection of statements showed, of which kinds, by which fields, to
 * whom, and how sure that is.
 *
 * at_least is the size of the union of all persons that the records name: exact, however often one
 * was shown. at_most adds what each statement can have shown beyond the persons it names. These are
 * upper bounds of sets nobody knows, so they are added, never united: two bounds over the same
 * table may hold the same persons or not, and between two statements persons can have been deleted
 * and others added, so even "all there were" twice can be more than all there were once. The sum is
 * cut only at what is certain: a person is an ordinal, and of one kind there are at most 2³² of
 * them. How many statements were bounded, and the largest single bound, stand beside it, so that a
 * reader sees where the width comes from.
 *
 * Of a field, a person counts as certain where the record says it was shown, clear or masked, and
 * in none of its rows null; where it was null in some of the rows, the person counts in at_most
 * only. A field that was only ever null showed nothing of anybody: it is among the fields, with 0.
 */
#ifndef PASU_BREACH_SCOPE_H
#define PASU_BREACH_SCOPE_H

#include "breach/name_set.h"
#include "breach/selection.h"
#include "breach/sums.h"

struct interval {
    uint64_t at_least, at_most;
};

enum clarity { CLARITY_NONE, CLARITY_NULL, CLARITY_MASKED, CLARITY_CLEAR };

struct scope_field {
    struct persons *sure, *maybe; /* NULL: nobody */
    uint64_t unknown;
    enum clarity clarity; /* the strongest */
};

struct scope_kind {
    struct persons *shown;       /* NULL: nobody */
    bool has_numbers, has_texts; /* some of their keys are */
    uint64_t decoys;             /* that were shown, and left out: scope_leave_out */
    uint64_t unknown;
    uint64_t bounded;           /* statements with unknown persons */
    uint64_t largest_bound;     /* of one of them */
    struct scope_field *fields; /* by place in the book's names */
    size_t field_count;
};

struct scope {
    const struct selection *selection;
    struct scope_kind *kinds; /* by place in the book's names */
    size_t kind_count;
    struct name_set principals; /* of sessions that are known */
    int64_t first, last;        /* realtime ns; 0: nothing was selected */
    uint64_t statements, rows, misses;
    /* Statements of which at least a part lies in the selection, unlike `statements`, which counts
     * those that began in it. */
    uint64_t bounded, unattributed;
    uint64_t attributions[ATTRIBUTION_COUNT]; /* by their weakest */
    uint64_t flags[FLAG_COUNT];
};

/* A part of a statement, or of many that have the same parts but for the persons. */
struct scope_part {
    uint8_t kind, attribution;
    bool is_text, has_shown; /* part_has_shown */
    uint64_t clear, masked, null;
    const struct persons *shown; /* NULL: nobody is named */
    struct bound bound;
};

void scope_init(struct scope *scope, const struct selection *selection);
void scope_release(struct scope *scope);
/* A statement_fn of the selection; `arg` is the struct scope. PASU_E_NOMEM. */
PASU_MUST_USE int scope_take(void *arg, const struct statement *statement);

/* Statements with such parts, added up. 1: taken; 0: they do not show the field that is asked for;
 * PASU_E_NOMEM. The principals are added by scope_credit. */
PASU_MUST_USE int scope_count(struct scope *scope, struct lexicon *lexicon,
                              const struct scope_part *parts, size_t count,
                              const struct sums *sums);
/* A principal of what was taken. PASU_E_NOMEM. */
PASU_MUST_USE int scope_credit(struct scope *scope, const char *principal);
/* Whether scope_count takes the part. */
bool scope_wants(const struct scope *scope, const struct lexicon *lexicon,
                 const struct scope_part *part);

/* Once all is taken: these persons of a kind (its place in the book's names) are none, and are left
 * out of all numbers and lists; `decoys` counts those that were shown. Statements, rows and
 * principals stay. Upper bounds stay what they are: whom they hold nobody knows. PASU_E_NOMEM. */
PASU_MUST_USE int scope_leave_out(struct scope *scope, size_t kind, const struct persons *decoys);

/* By place in the book's names; what was never seen is nobody. */
struct interval scope_subjects(const struct scope *scope, size_t kind);
/* Over all kinds. */
struct interval scope_field_persons(const struct scope *scope, size_t field);
enum clarity scope_field_clarity(const struct scope *scope, size_t field);
/* "clear", "masked", "null"; "" for none. */
const char *clarity_text(enum clarity clarity);

#endif
