/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What conditions and comparisons tell of persons: work->has_probe, has_pin, has_test, and columns
 * that are given what they are compared with (plan_compare.c says when).
 */
#ifndef PASU_POSTGRES_PLAN_COMPARE_H
#define PASU_POSTGRES_PLAN_COMPARE_H

#include "postgres/plan_lineage.h"

/* One side of a comparison. */
struct side {
    struct carry carry;
    const struct reference *first, *end; /* the columns that it names */
    bool has_columns, has_constants;
    bool has_key;    /* one of the columns is one */
    bool is_stored;  /* of a query: nothing but keys and personal columns as they are */
    bool is_made_up; /* nothing that is stored anywhere, or one value of it */
    bool is_blank;   /* '' */
};

/* Fills in a zeroed side from its expression. */
void compare_look(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
                  struct side *side);
void compare_sides(struct plan_work *work, const struct scope *scope, bool is_equality,
                   const struct side sides[2]);
/* Whether an operator of that name says "equal" or "like". */
bool compare_is_equality(PgQuery__Node *const *names, size_t count);

/* Adds what an operator's operands carry. */
void compare_operator(struct plan_work *work, const struct scope *scope,
                      const PgQuery__AExpr *expression, struct carry *into);
/* Adds what the values of "CASE x WHEN a" carry, not the results. */
void compare_case(struct plan_work *work, const struct scope *scope,
                  const PgQuery__CaseExpr *expression, struct carry *into);
/* Adds what it carries that an expression is null: nothing for a stored value. */
void null_carry(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
                struct carry *into);

#endif
