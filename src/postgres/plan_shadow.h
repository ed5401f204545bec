/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shadow: keys that are asked for as a whole, of a SELECT whose rows have no place for them
 * (DISTINCT, UNION, min, LIMIT of groups …).
 *
 *     SELECT DISTINCT name FROM customers WHERE w
 *
 *     SELECT CASE WHEN row_number() OVER () = 1 THEN
 *              (SELECT array_cat(ARRAY[count, tables], the first keys)
 *                 FROM (SELECT DISTINCT key, table FROM (SELECT id, tableoid, name FROM customers
 * WHERE w) WHERE table IS NOT NULL AND name IS DISTINCT FROM NULL)) END AS pasu_key_1, shown.* FROM
 * (SELECT DISTINCT name FROM customers WHERE w) AS shown
 *
 * One statement, and so one snapshot, in whatever transaction, by the same role and settings, with
 * the same parameters; the answer is a hidden column of the first row. The client's text stands in
 * it as it is. Where it has no rows, nothing is asked.
 *
 * What a hidden column has is an array of texts, of one table each:
 *
 *     1    how many different keys there are
 *     2    the OIDs of the tables that they are of, with commas between them
 *     3 …  the keys; null: rows without one. At most PLAN_SHADOW_KEYS of them
 *
 * Only where all that the statement shows would be bound, the role may read the keys, and nothing
 * in the key query (shadow_query.h) can fail or do anything. Tables alone: of views nothing is
 * asked, nor where row-level security calls what can do something.
 */
#ifndef PASU_POSTGRES_PLAN_SHADOW_H
#define PASU_POSTGRES_PLAN_SHADOW_H

#include "postgres/plan_work.h"

/* Of a text that is one SELECT: its plan gets hidden columns, where that helps. */
void shadow_apply(struct plan_work *work, const PgQuery__ParseResult *tree, struct plan *plan);

/* Whether a SELECT, its tables and what acts on them do nothing that the snapshot does not show. */
bool shadow_is_pure(const struct plan_statement *s);

#endif
