/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that are read through: SELECT f(100007), SELECT name FROM f(100007).
 *
 * Where the snapshot shows one function of that name, whose text is a query of one table
 * (postgres/plan_code.h), its rows are the query's, and it is the query that pins persons, with the
 * call's arguments in the place of its own. That is a second reading of the statement
 * (plan_statement.read), beside the one in which the function can show all that its text names: it
 * holds as long as nothing has changed since the snapshot, which the gate knows.
 */
#ifndef PASU_POSTGRES_PLAN_CALL_H
#define PASU_POSTGRES_PLAN_CALL_H

#include "postgres/plan_inject.h"

/* Where a key can be hidden: in FROM, of that scope; injection NULL: nowhere. */
struct place {
    const struct scope *scope;
    struct injection *injection;
    const struct outputs *columns; /* of the result */
};

/* Of a SELECT that is planned otherwise; work->names are its own. Nothing where it is no such call.
 * Both readings have the same hidden columns. */
void call_read(struct plan_work *work, const PgQuery__SelectStmt *select, const struct place *place,
               struct plan_statement *statement);
/* The same of calls within a query, where that says more; then the injection is another one. */
void call_read_within(struct plan_work *work, const PgQuery__SelectStmt *select,
                      struct injection **injection, bool may_inject,
                      struct plan_statement *statement);
/* Whether a query is a function's, which stands for a call, and no text of the client's. */
bool call_is_text(const struct plan_work *work, const PgQuery__SelectStmt *select);
/* Whether a name is that of such a query's table. */
bool call_is_table(const struct plan_work *work, const PgQuery__RangeVar *range);
/* Of a DO and its text, which can be such a one, too. */
void call_read_block(struct plan_work *work, const PgQuery__DoStmt *block, const char *text,
                     struct plan_statement *statement);

#endif
