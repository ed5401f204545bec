/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries that stand in a statement as a constant, and are run by one of PostgreSQL's own
 * functions:
 *
 *      SELECT query_to_xml('SELECT title FROM products', true, false, '')
 *      SELECT word FROM ts_stat('SELECT to_tsvector(title) FROM products')
 *      SELECT table_to_xml('products', true, false, '')
 *
 * The session runs them itself, by the same path, role and dialect. What the call brings is what
 * the query's columns carry, of any number of persons, and not everything. Functions that give only
 * the schema of what the query would have bring nothing.
 *
 * Only where the constant surely is the text that is run (a string, or that as text or regclass),
 * it is one SELECT in a plain dialect, and nothing in it runs code, is a table that nobody knows,
 * or sets anything. Else it is what it was without: everything.
 */
#ifndef PASU_POSTGRES_PLAN_LITERAL_H
#define PASU_POSTGRES_PLAN_LITERAL_H

#include "postgres/plan_work.h"

/* Of a call and what its name alone says: puts right what it brings, and what it adds to the names
 * of the statement (work->names is used meanwhile, and put back). */
void literal_narrow(struct plan_work *work, const PgQuery__FuncCall *call,
                    struct function_facts *facts);
/* The same, with what the query's columns carry: added to `reach` in the place of facts->reach.
 * False where it is no such call. */
bool literal_reach(struct plan_work *work, const PgQuery__FuncCall *call, struct reach *reach);

#endif
