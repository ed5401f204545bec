/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools: groups of rows that come out of queries in FROM and WITH.
 *
 *     SELECT string_agg(n, ',') FROM (SELECT name AS n FROM customers) s
 *     → array_agg("s"."pasu_key_1") FILTER (WHERE "s"."n" IS DISTINCT FROM NULL
 *                                             AND "s"."pasu_key_2" IS DISTINCT FROM NULL)
 *
 * Such a group is like one of a table (plan_group.h), but that its rows' keys are handed on
 * (plan_key.h): that is done when it is known that they are wanted, and so is the writing. Of which
 * table a row is, it says itself; a row that is of another arm of a UNION ALL, or that an outer
 * join has left empty, is none of the pool's. Where the key is a column of the query anyway,
 * nothing is added to that: then the table is what its name means.
 */
#ifndef PASU_POSTGRES_PLAN_POOL_H
#define PASU_POSTGRES_PLAN_POOL_H

#include "postgres/plan_group_text.h"
#include "postgres/plan_peak.h"
#include "postgres/plan_scope.h"

struct pool {
    const struct scope *scope; /* of the FROM that it is of */
    uint64_t table;            /* its bit there */
    struct group_rows rows;
    struct peak peak; /* of which only those with that value are shown, if they are of one person */
    bool may_inline;  /* a view among them may be read through: in which order groups come of that
                         is not to be seen, or an ORDER BY has all of the targets */
};

/* The tables further inside that a value is made of, each by its own bit, whatever they are paired
 * with; 0: it is made of something else, too, or of none. */
uint64_t pool_tables(const struct plan_work *work, const struct carry *carry);
/* The entry of FROM that has a table's rows: it is that table, or has the rows of a query; NULL:
 * none. */
const struct entry *pool_entry(const struct plan_work *work, const struct scope *scope,
                               unsigned bit);
/* The rows of a table out of a query that an item of a SELECT's list of targets shows. False where
 * that is not known. */
bool pool_rows(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select,
               unsigned bit, const PgQuery__Node *value, struct pool *pool);

#endif
