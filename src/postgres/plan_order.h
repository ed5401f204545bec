/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which order rows of queries further inside come, and what of a statement can see it.
 *
 * Who is given more columns can be planned otherwise: a GROUP BY that was hashed is sorted, and
 * its rows come in another order, where none is told. What is read of them then, of a LIMIT, a
 * window or an aggregate, is something else.
 */
#ifndef PASU_POSTGRES_PLAN_ORDER_H
#define PASU_POSTGRES_PLAN_ORDER_H

#include "postgres/plan_work.h"

/* Whether any query depends on the order in which the groups of another one come. */
bool order_is_seen(const struct plan_work *work, const PgQuery__SelectStmt *select);
/* Whether a query in its FROM or WITH takes some of its rows only. */
bool order_has_cut(const PgQuery__SelectStmt *select);
/* Whether rows of a DISTINCT, be it the statement's or one further inside, are handed on one by
 * one, in their order, up to the result. Where the statement is cut, also that nothing in it fails,
 * so that it does not matter how far it is run. */
bool order_is_kept(struct plan_work *work, const PgQuery__SelectStmt *select);

#endif
