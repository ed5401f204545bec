/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key queries: what a SELECT reads rows of, without what it does to them.
 *
 *     SELECT DISTINCT name FROM customers WHERE w ORDER BY name   SELECT name FROM customers WHERE
 * w SELECT name FROM a UNION SELECT email FROM b                one for each arm SELECT region,
 * max(name) FROM customers GROUP BY region     SELECT region, name FROM customers SELECT name FROM
 * customers ORDER BY name LIMIT 5            SELECT name, name FROM customers
 *
 * Exact: each row of them is in the statement's result, value for value, and nothing else is: they
 * differ in how often it is. Else what comes of the statement is of rows that they have, and not of
 * all of these: their columns are those that it names anywhere above its rows.
 *
 * They are asked besides the statement, so they must not fail where it does not: nothing is in them
 * but what cannot fail, whatever the rows are, and none of it can do anything. Nor can they read
 * other rows than it does: in a query within, LIMIT or DISTINCT ON leaves whichever come first.
 */
#ifndef PASU_POSTGRES_SHADOW_QUERY_H
#define PASU_POSTGRES_SHADOW_QUERY_H

#include "postgres/plan_work.h"

enum { SHADOW_QUERIES_MAX = 8 };

struct shadow_queries {
    PgQuery__SelectStmt *queries[SHADOW_QUERIES_MAX];
    size_t count;
    bool is_exact;
};

/* False where there are none. All of them are in work->memory; what they are made of is the tree's.
 */
bool shadow_queries_of(struct plan_work *work, const PgQuery__SelectStmt *select,
                       struct shadow_queries *queries);
/* In the place of one that is nothing but what comes of a query in its FROM: those of that query,
 * which are not exact. False where it is more. */
bool shadow_queries_within(struct plan_work *work, const PgQuery__SelectStmt *query,
                           struct shadow_queries *queries);
/* Whether nothing in a query can fail, or do anything. */
bool shadow_cannot_fail(struct plan_work *work, const PgQuery__SelectStmt *query);
/* Whether an expression, without queries of its own, is the same each time that it is asked of a
 * row; if it fails, it does so each time. */
bool shadow_is_steady(struct plan_work *work, const PgQuery__Node *expression);
/* The same of a key query, which also must read the rows that the statement reads. */
bool shadow_is_harmless(struct plan_work *work, const PgQuery__SelectStmt *query);

#endif
