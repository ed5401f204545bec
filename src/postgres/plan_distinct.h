/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SELECT DISTINCT as the GROUP BY that it is: the same rows, to which an array of keys can be
 * added.
 *
 *     SELECT DISTINCT region, name FROM customers ORDER BY 2, 1
 *     → SELECT array_agg(customers.id) …, region, name FROM customers GROUP BY 2, 3 ORDER BY 3, 2
 *
 * Both compare values by the default equality of their types. But the server hashes or sorts as it
 * likes, and for the one otherwise than for the other; so it is done only where that cannot be
 * seen:
 *
 *   - ORDER BY has all columns but constants, so that there is one order of the rows; those of a
 *     query further inside are handed on to the result in it (plan_order.h);
 *   - values that are equal are the same bytes: no numeric, no float, no character(n), no type of a
 *     user's, no collation that is not deterministic;
 *   - what is computed is of PostgreSQL's own functions that cannot fail, and where LIMIT can end
 * it early nothing else in the statement can;
 *   - no cursor is declared of it that may go back, or may not, as the server's choice allows.
 *
 * What it reads need not be in any order: queries inside of which LIMIT, DISTINCT ON or a window
 * takes some rows are planned by themselves, before the server knows how it will group. They are
 * told what share of their rows is wanted, which is all for DISTINCT as for GROUP BY, and get no
 * column here: keys are taken of tables in the DISTINCT's own FROM alone.
 *
 * What either takes and the other does not is left as it is: items of ORDER BY that are no targets,
 * FOR UPDATE, aggregates and groups of its own.
 *
 * Sources: PostgreSQL's parse_clause.c (transformDistinctClause, transformGroupClause),
 * allpaths.c (set_subquery_pathlist), subselect.c (SS_process_ctes, build_subplan).
 */
#ifndef PASU_POSTGRES_PLAN_DISTINCT_H
#define PASU_POSTGRES_PLAN_DISTINCT_H

#include "postgres/plan_scope.h"

/* DISTINCT without ON. */
bool distinct_is(const PgQuery__SelectStmt *select);
/* Such a one of rows, not of groups: each row stands for rows that agree in all of its columns. */
bool distinct_is_plain(const PgQuery__SelectStmt *select, const struct scope *scope);
/* Whether it is DISTINCT ON, of expressions and numbers of targets that stand by themselves, with
 * an ORDER BY. */
bool distinct_is_on(const PgQuery__SelectStmt *select);
/* Such a one whose ORDER BY decides which row it takes, or else all that is shown of it: by a
 * unique key of the only table, or by all of the targets. Of rows that are alike to it the server
 * takes any, and with more columns it can be another one. */
bool distinct_is_decided(struct plan_work *work, const PgQuery__SelectStmt *select,
                         const struct scope *scope);
/* Whether it can be a GROUP BY of all of its targets. */
bool distinct_can(struct plan_work *work, const PgQuery__SelectStmt *select,
                  const struct scope *scope);

/* Whether ORDER BY has all of its targets, by their numbers or names. */
bool distinct_is_ordered(const PgQuery__SelectStmt *select);

/* The type of a column of which values that are equal are the same bytes; 0: they need not be. */
uint32_t distinct_strict_type(const struct catalog_relation *relation, int16_t attribute);
/* Whether they are. */
bool distinct_is_strict(const struct catalog_relation *relation, int16_t attribute);

/* The type of an expression that is no more than columns of such types and what is made of them
 * without failing; 0: it is something else. A constant has that of a text, or a whole number. */
uint32_t distinct_type_of(struct plan_work *work, const struct scope *scope,
                          const PgQuery__Node *node);
/* That of a column of a set operation whose arms have these; 0: it cannot be told. */
uint32_t distinct_common_type(uint32_t a, uint32_t b);

/* Of a GROUP BY: whether rows of a group have the same bytes in all that it is made by, so that it
 * does not matter of which of them they are taken. */
bool distinct_are_groups(struct plan_work *work, const PgQuery__SelectStmt *select,
                         const struct scope *scope);

#endif
