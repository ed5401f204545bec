/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which statistics a SELECT reads, where its condition says it:
 *
 *      SELECT most_common_vals FROM pg_stats WHERE tablename = 'products' AND attname IN ('title')
 *      SELECT stavalues1 FROM pg_statistic WHERE starelid = 'public.products'::regclass
 *
 * Their values are of that table, whichever schema it is in, and of these columns of it; not of
 * everything. Only where they are the only thing in FROM, the conditions are joined by AND, compare
 * with constants, and a table of that name is known. In a template the constants are parameters: it
 * says that it would rather have them (plan_statement.wants_constants).
 */
#ifndef PASU_POSTGRES_PLAN_STATISTICS_H
#define PASU_POSTGRES_PLAN_STATISTICS_H

#include "postgres/plan_work.h"

/* Before the names of a SELECT are looked at. */
void statistics_note(struct plan_work *work, const PgQuery__SelectStmt *select);
/* What these statistics hold; false where that is not known: everything. */
bool statistics_reach(const struct plan_work *work, const PgQuery__RangeVar *range,
                      struct reach *reach);
/* Adds it to the names; false where it is not known. */
bool statistics_add(struct plan_work *work, const PgQuery__RangeVar *range);

#endif
