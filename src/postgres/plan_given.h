/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of which all rows that a value can be made of are of one person, however many there are
 * and whatever is made of them: a condition compares their key with a constant, or with a column of
 * the row that a query in an expression is run for.
 *
 *     SELECT (SELECT c.name FROM customers c WHERE c.id = o.customer_id) FROM orders o
 *     → o.customer_id, 'customers'::regclass::oid
 *     SELECT (SELECT json_agg(o.item) FROM orders o WHERE o.customer_id = c.id) FROM customers c
 *     → c.id, 'orders'::regclass::oid
 *     SELECT max(amount) FROM orders WHERE customer_id = $1
 *     → 'orders'::regclass::oid; the key is the pin
 *
 * The condition holds for every row that is read, and its "=" is PostgreSQL's own, of whole numbers
 * or uuids: so the column is the key. What the table's name means in the statement the server says
 * by the second column. Where nobody has that key, the value is null, or of something else: then
 * nobody is named.
 *
 * Not so of arms of UNION ALL, of rows that are groups or aggregates of those that the queries are
 * run for (there would be many), and of queries that read others, whose rows have keys of their
 * own.
 */
#ifndef PASU_POSTGRES_PLAN_GIVEN_H
#define PASU_POSTGRES_PLAN_GIVEN_H

#include "postgres/plan_shape.h"

/* The key of a table further inside (its bit). False where it is not known so; then some columns
 * may have been added in vain. */
bool given_inner(struct plan_work *work, const struct shape *shape, unsigned bit,
                 struct plan_part *part);
/* The same of a table of the top level, whose rows are aggregated to one and whose key is pinned.
 */
bool given_direct(struct plan_work *work, const struct shape *shape, size_t direct,
                  struct plan_part *part);
/* Whether all rows of a table of FROM are of one person, each time that the query is run. */
bool given_is_of_one(struct plan_work *work, const struct scope *scope, const struct entry *entry);
/* Columns of a query further inside whose rows are groups: what they carry of its tables is one
 * person's each time that it is run. False where that is not known, and they are as before. */
bool given_columns(struct plan_work *work, const struct scope *scope,
                   const PgQuery__SelectStmt *select, struct outputs *columns);

#endif
