/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries in the list of targets: the keys of all whose values such a query gives, as an array that
 * the same query is asked for once more.
 *
 *     SELECT title, ARRAY(SELECT c.name FROM customers c WHERE c.grade = p.price) FROM products p
 *     → (SELECT array_agg("c"."id") FILTER (WHERE "c"."name" IS DISTINCT FROM NULL)
 *          FROM customers c WHERE c.grade = p.price)
 *
 * ARRAY(SELECT …), and queries that give one value, be it an aggregate (plan_group.h). Only of
 * tables and their joins, by conditions that are the same each time that they are asked, and not of
 * a query that takes some of its rows (LIMIT, DISTINCT, GROUP BY): which these are is not known.
 * Where a condition says whose rows they are, nothing need be asked (plan_given.h).
 */
#ifndef PASU_POSTGRES_PLAN_SUBLINK_H
#define PASU_POSTGRES_PLAN_SUBLINK_H

#include "postgres/plan_inject.h"

struct sublink {
    const PgQuery__SelectStmt *select;
    struct scope *scope; /* of its FROM */
    struct carry rows;   /* what its one column carries of rows, one by one */
    uint64_t tables;     /* their bits */
    bool is_array;
};

/* Looks at a query that is a target of another one. False where it is none whose rows can be asked
 * for again. */
bool sublink_read(struct plan_work *work, const struct scope *scope, const PgQuery__Node *value,
                  struct sublink *sublink);
/* Hidden columns of the result: the keys of a table of it (its bit), and of which table they are.
 * False where they cannot be had; then some may have been added in vain. */
bool sublink_take(struct plan_work *work, struct injection *injection,
                  const struct sublink *sublink, unsigned bit, int columns[2]);

#endif
