/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the errors of a query can speak of, where that is less than all that it touches.
 *
 * The server computes what a query of one table selects from rows only that its WHERE lets through.
 * Where WHERE fixes the key, and says nothing else of what is personal, no value of another person
 * is computed with, and no error can have one in it. That does not hold of conditions: the server
 * may look at any row with one of them before it looks with the others. But where nothing gathers
 * values of several rows, an error has those of one.
 */
#ifndef PASU_POSTGRES_PLAN_WORDS_H
#define PASU_POSTGRES_PLAN_WORDS_H

#include "postgres/plan_scope.h"

/* Of a SELECT whose parts are known, and the scope of its FROM (may be NULL). work->names are its
 * own. */
void words_select(struct plan_work *work, struct scope *scope, const PgQuery__SelectStmt *select,
                  struct plan_statement *statement);
/* How many persons of a kind a row of a table shows at most, as it is mapped. */
uint8_t words_persons_of_row(const struct catalog_relation *relation);
/* Whether all of a query's nodes are of the kinds that compute with the row at hand, or with
 * nothing: no query inside, no WITH, no grouping. */
bool words_are_plain(const PgQuery__SelectStmt *select);
/* The only table of a query, where no other of that name is known and its rows are its own: no
 * policy acts when it is read, no other server keeps them, and it holds nothing but what its
 * mapping says. NULL where there is none. */
const struct catalog_relation *words_table(struct plan_work *work, const struct scope *scope,
                                           const PgQuery__SelectStmt *select);
/* Of what is named: nothing runs but PostgreSQL's own, and that reads nothing by itself. */
bool words_runs_nothing(const struct plan_work *work);

#endif
