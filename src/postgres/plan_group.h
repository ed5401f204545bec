/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups: a row that stands for many rows of a table, and the keys of all whose values it shows, as
 * a hidden array.
 *
 *     SELECT region, string_agg(name, ',') FROM customers GROUP BY region
 *     → array_agg(customers.id) FILTER (WHERE customers.name IS DISTINCT FROM NULL)
 *
 * A row of DISTINCT is a group, too: of rows that are alike in all of its columns
 * (plan_distinct.h). Groups further inside hand their arrays on (plan_within.h).
 *
 * Not each column of a group shows all of its rows: min(name) shows one of them (plan_peak.h).
 * Proven are what all rows of a group have alike (no aggregate in it), and PostgreSQL's own
 * aggregates that put each value into the result, of arguments of which it is known when they are
 * null, or that they never are (objects and rows that are made of columns).
 *
 * Whose what else can stand there is, is known where all that it is made of is of one person
 * (plan_one.h).
 */
#ifndef PASU_POSTGRES_PLAN_GROUP_H
#define PASU_POSTGRES_PLAN_GROUP_H

#include "postgres/plan_inject.h"
#include "postgres/plan_scope.h"

/* Whether the rows of a SELECT are groups to which columns can be added. */
bool group_can(struct plan_work *work, const PgQuery__SelectStmt *select,
               const struct scope *scope);

/* Whether they are groups of several kinds, by GROUPING SETS and the like. */
bool group_has_sets(const PgQuery__SelectStmt *select);
/* Whether a condition can stand in the text once more, before the first and asked of no rows but
 * those that it is asked of: it is the same when it is asked again, and no parameter's type is
 * another one by that. */
bool group_is_steady(struct plan_work *work, const PgQuery__Node *condition);
/* How the condition is written that an aggregate's FILTER has; NULL: none. False where it need not
 * be the same when it is asked again, or cannot be written. */
bool group_filter(struct plan_work *work, const struct scope *scope, const PgQuery__FuncCall *call,
                  const char **filter);
/* How the only argument of a call is written, in parentheses, to stand in the same list once more;
 * NULL: it cannot be. */
const char *group_argument(struct plan_work *work, const PgQuery__FuncCall *call);
/* Whether all columns in it are those of tables, as they are stored, or of functions in FROM: what
 * a query in FROM, a view or VALUES computes is computed anew each time that it is looked at. Nor
 * are they times, which compare by settings. */
bool group_is_fixed(struct plan_work *work, const struct scope *scope,
                    const ProtobufCMessage *node);

/* Whether a value is the same in all rows of a group: nothing in it is an aggregate, or can be. */
bool group_is_alike(const struct plan_work *work, const PgQuery__Node *value);

/* Hidden columns of the result, by their places. */
struct group_keys {
    int keys;    /* the array */
    int origin;  /* the OID of the table of one of its rows; null where there is none; -1: none */
    bool is_one; /* the array is of one person, or null where the rows are of several */
};
/*
 * Those of the persons of whom an item of a SELECT's list of targets shows something, of one table
 * of FROM (place in work->direct). False where it is not known who they are, or the columns cannot
 * be had; then some may have been added in vain.
 */
bool group_take(struct plan_work *work, struct injection *injection, const struct scope *scope,
                const PgQuery__SelectStmt *select, size_t direct, size_t item,
                struct group_keys *keys);

/* The same of a table of FROM of that query further inside (its bit, one of CARRY_OWN_MAX): how the
 * columns are written there. */
struct group_within {
    const char *keys, *origin; /* origin NULL: none */
    const struct pool *pool;   /* of rows that come out of a query: both are NULL */
    bool is_aggregate;         /* the item is one: part of it shows not all of them */
    bool is_one;               /* as in struct group_keys */
};
bool group_within(struct plan_work *work, const struct query *query, unsigned bit,
                  const PgQuery__Node *target, struct group_within *within);

#endif
