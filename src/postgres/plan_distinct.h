/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SELECT DISTINCT as the GROUP BY that it is: the same rows, to which an array of keys can be
 * added.
 *
 *     SELECT DISTINCT region, name FROM customers ORDER BY 2
 *     → SELECT array_agg(customers.id) …, region, name FROM customers GROUP BY 2, 3 ORDER BY 3
 *
 * Both compare values by the default equality of their types, and both are refused in the same
 * words where a type has none. What either takes and the other does not is left as it is: items of
 * ORDER BY that are no targets, FOR UPDATE, aggregates and groups of its own. LIMIT without ORDER
 * BY is, too: a server that chooses another order would choose other rows.
 *
 * Sources: PostgreSQL's parse_clause.c (transformDistinctClause, transformGroupClause).
 */
#ifndef PASU_POSTGRES_PLAN_DISTINCT_H
#define PASU_POSTGRES_PLAN_DISTINCT_H

#include "postgres/plan_scope.h"

/* DISTINCT without ON. */
bool distinct_is(const PgQuery__SelectStmt *select);
/* Such a one of rows, not of groups: each row stands for rows that agree in all of its columns. */
bool distinct_is_plain(const PgQuery__SelectStmt *select, const struct scope *scope);
/* Whether it can be a GROUP BY of all of its targets. */
bool distinct_can(struct plan_work *work, const PgQuery__SelectStmt *select,
                  const struct scope *scope);

#endif
