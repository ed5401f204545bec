/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Set operations: what the columns of UNION, INTERSECT and EXCEPT carry.
 *
 * A row of UNION ALL is one of either side, never of both. So a table of one side and a table of
 * the other are paired, kind by kind: their pair has a bit in carry.tables (inner.arms says which
 * they are), and a row shows at most one person of each pair, however many arms there are. Tables
 * of the same name are paired first: where their columns show the same, they can share a hidden key
 * (plan_draft.c).
 *
 *     SELECT c.name, o.item FROM customers c JOIN orders o …   {c, c2}: one person a row
 *     UNION ALL SELECT c2.name, NULL FROM customers c2         {o}:     one person a row
 *
 * Groups are not paired: a row shows any number of their persons. Every other operation makes one
 * row of many; that of EXCEPT is of the left side alone, where that is a column that a mapping
 * names, as the server takes it from there. EXCEPT ALL takes what is equal from either
 * (nodeSetOp.c: the first row of a group), and need not be the same bytes.
 */
#ifndef PASU_POSTGRES_PLAN_UNION_H
#define PASU_POSTGRES_PLAN_UNION_H

#include "postgres/plan_lineage.h"

/* The columns of a query that is a set operation. */
void union_query(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
                 const PgQuery__SelectStmt *select, struct outputs *columns);
/* Column by column, what either carries; where the numbers differ it is an error, or a star that is
 * not known. `refers`: either may refer to rows around them, of which only what both show is
 * sure. */
void union_columns(struct plan_work *work, struct outputs *columns, const struct outputs *other,
                   bool refers);

/* All tables that a bit of carry.tables stands for, with the pairs among them. */
uint64_t union_tables(const struct plan_work *work, unsigned bit);
/* The bits by which a table can stand in a column: its own, and those of its pairs. */
uint64_t union_pairs(const struct plan_work *work, unsigned bit);

#endif
