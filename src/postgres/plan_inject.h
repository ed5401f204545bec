/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hidden columns: edits of the text by which a SELECT returns the keys of the rows that it shows.
 *
 * The new text is parsed again and compared with the old one: it is used only if it is the same
 * statement with exactly these columns more before the others.
 */
#ifndef PASU_POSTGRES_PLAN_INJECT_H
#define PASU_POSTGRES_PLAN_INJECT_H

#include "postgres/plan_scope.h"

struct edit {
    struct edit *next;
    uint32_t at, removed;
    const char *inserted;
};

struct hidden {
    const struct entry *entry;
    int16_t attribute;
    const char *column; /* its name there */
};

/* One statement's. */
struct injection {
    struct injection *next; /* those of the text, in the order of its statements */
    const PgQuery__SelectStmt *select;
    struct hidden hidden[PLAN_HIDDEN_MAX];
    size_t count;
};

struct injections {
    struct injection *first, *last;
};

/* Begins one, or NULL where this SELECT can have none. */
struct injection *injection_begin(struct plan_work *work, const PgQuery__SelectStmt *select);
/* The hidden column with that key, made if it is not there; -1 where it cannot be had. */
int injection_add(struct plan_work *work, struct injection *injection, const struct scope *scope,
                  const struct entry *entry, int16_t attribute);
void injections_append(struct plan_work *work, struct injections *injections,
                       struct injection *injection);
/* Makes the plan's new text and edits. False where the result is not what it should be, or there is
 * no memory: then nothing may be hidden. */
bool injections_apply(struct plan_work *work, const struct injections *injections,
                      struct plan *plan);

#endif
