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
 * Not each column of a group shows all of its rows: min(name) shows one of them, nobody knows
 * whose. Proven are what all rows of a group have alike (no aggregate in it), and PostgreSQL's own
 * aggregates that put each value into the result, of arguments of which it is known when they are
 * null.
 */
#ifndef PASU_POSTGRES_PLAN_GROUP_H
#define PASU_POSTGRES_PLAN_GROUP_H

#include "postgres/plan_inject.h"
#include "postgres/plan_scope.h"

/* Whether the rows of a SELECT are groups to which columns can be added. */
bool group_can(struct plan_work *work, const PgQuery__SelectStmt *select,
               const struct scope *scope);

/* Whether a value is the same in all rows of a group: nothing in it is an aggregate, or can be. */
bool group_is_alike(const struct plan_work *work, const PgQuery__Node *value);

/* Hidden columns of the result, by their places. */
struct group_keys {
    int keys;   /* the array */
    int origin; /* the OID of the table of one of its rows; null where the array is; -1: none */
};
/*
 * Those of the persons of whom an item of the list of targets shows something, of one table of FROM
 * (place in work->direct). False where it is not known who they are, or the columns cannot be had;
 * then some may have been added in vain.
 */
bool group_take(struct plan_work *work, struct injection *injection, const struct scope *scope,
                size_t direct, const PgQuery__Node *target, struct group_keys *keys);

/* The same of a table of FROM of a query further inside (its bit, one of CARRY_OWN_MAX): how the
 * columns are written there. */
struct group_within {
    const char *keys, *origin; /* origin NULL: none */
    bool is_aggregate;         /* the item is one: part of it shows not all of them */
};
bool group_within(struct plan_work *work, const struct scope *scope, unsigned bit,
                  const PgQuery__Node *target, struct group_within *within);

#endif
