/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hidden columns: keys that a statement returns besides what the client has asked for, of the rows
 * that it shows. Each is added to the list of targets it belongs to: before the others where the
 * rows are the statement's result, behind them further inside, where their places count.
 */
#ifndef PASU_POSTGRES_PLAN_INJECT_H
#define PASU_POSTGRES_PLAN_INJECT_H

#include "postgres/plan_rewrite.h"
#include "postgres/plan_scope.h"

struct hidden {
    const char *expression; /* as it is written: "c"."id" */
    size_t number;          /* its name is PREFIX and that */
};

/* The columns that one list of targets gets. */
struct addition {
    struct addition *next;
    struct target_list list;
    const PgQuery__SelectStmt *select; /* whose ORDER BY counts the result's columns; or NULL */
    bool is_result;                    /* they come first */
    struct hidden hidden[PLAN_HIDDEN_MAX];
    size_t count;
};

/* One statement's. */
struct injection {
    struct injection *next; /* those of the text, in the order of its statements */
    struct addition *additions;
    struct addition *result;
    size_t numbers; /* names given */
};

struct injections {
    struct injection *first, *last;
};

/* Begins one, or NULL where this SELECT can have none. */
struct injection *injection_begin(struct plan_work *work, const PgQuery__SelectStmt *select);
/* The hidden column of the result with that key, made if it is not there; -1 where it cannot be
 * had. */
int injection_add(struct plan_work *work, struct injection *injection, const struct scope *scope,
                  const struct entry *entry, int16_t attribute);
/* The same of any expression; it must neither fail nor change what the statement does. */
int injection_add_expression(struct injection *injection, struct addition *addition,
                             const char *expression);
/* How many columns the result has before the client's. */
static inline size_t
injection_count(const struct injection *injection)
{
    return injection && injection->result ? injection->result->count : 0;
}
void injections_append(struct plan_work *work, struct injections *injections,
                       struct injection *injection);
/* Makes the plan's new text and edits. `tree` is the client's text's. False where the result is not
 * what it should be, or there is no memory: then nothing may be hidden. */
bool injections_apply(struct plan_work *work, const struct injections *injections,
                      const PgQuery__ParseResult *tree, struct plan *plan);

#endif
