/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates that show some rows of a group, or part of them: whose these are is known where they
 * are of one person. The hidden array then has that one key; it is null where they are of several,
 * who are bound.
 *
 * Whatever PostgreSQL's own functions make of a group (an aggregate with FILTER, part of one) is
 * made of its rows and of nothing else. Those of a group that is made by a key, or by
 * what shows a person, are often of one:
 *
 *     SELECT c.name, max(o.item) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY
 * c.id → CASE WHEN count(o.customer_id) = count(o.tableoid) AND min(o.customer_id) =
 * max(o.customer_id) THEN ARRAY[min(o.customer_id)] END
 *
 * The least and the greatest value of a whole table are those of the rows that have it, which are
 * looked up again, in the same statement and so in the same snapshot:
 *
 *     SELECT min(name) FROM customers
 *     → (SELECT CASE WHEN count(k) = count(*) AND min(k) = max(k) THEN ARRAY[min(k)] END
 *          FROM (SELECT id AS k FROM customers p WHERE p.name = min(customers.name)) q)
 *
 * where values that are equal are the same bytes (plan_distinct.h), and the rows are the table's
 * own (p.tableoid), not those of one that inherits. The table is then read twice, unless there is
 * an index.
 */
#ifndef PASU_POSTGRES_PLAN_ONE_H
#define PASU_POSTGRES_PLAN_ONE_H

#include "postgres/plan_scope.h"

/* Whether keys can be compared so: whole numbers. */
bool one_has_key(const struct catalog_show *show);
/* Whether a value of a group is made of its rows alone, and these can well be of one person. */
bool one_may_be(struct plan_work *work, const struct scope *scope,
                const PgQuery__SelectStmt *select, const struct catalog_show *show,
                const PgQuery__Node *value);
/* How the array is written, of a key and its row's table OID; NULL where there is no memory. */
const char *one_write(struct plan_work *work, const char *key, const char *tableoid);
/* Whether a value is min or max of a column of the one table, as a whole, that the SELECT reads. */
bool one_is_extreme(struct plan_work *work, const struct scope *scope,
                    const PgQuery__SelectStmt *select, const struct entry *entry,
                    const PgQuery__Node *value);
/* The array of such a one; NULL where the role may not read the key, or a name cannot be written.
 */
const char *one_write_extreme(struct plan_work *work, const struct scope *scope,
                              const struct entry *entry, const struct catalog_show *show,
                              const PgQuery__Node *value);

#endif
