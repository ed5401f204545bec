/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows: what one of their functions shows of other rows than the one that it stands in, and the
 * keys of these rows, by the same function over the same window.
 *
 *     SELECT name, lag(name) OVER (ORDER BY id) FROM customers
 *     → ARRAY[lag(customers.id) OVER (ORDER BY id)]
 *
 * PostgreSQL takes windows that are written alike for one, so both are of the same row, also where
 * its order does not decide (transformWindowFuncCall). lag, lead, first_value, last_value and
 * nth_value show one row's value. sum, avg, min, max and string_agg show those of many: whose they
 * are is known where all rows of the frame are of one person (plan_one.h), which is asked for where
 * the window is divided by a key.
 *
 *     SELECT item, sum(amount) OVER (PARTITION BY customer_id) FROM orders
 *
 * Values are columns of one table of the top level's FROM, of the first five also what is made of
 * its columns alone. Where there are several windows, the
 * server can come to another order of the rows by which is named first: then nothing is added
 * unless there is an ORDER BY.
 */
#ifndef PASU_POSTGRES_PLAN_WINDOW_H
#define PASU_POSTGRES_PLAN_WINDOW_H

#include "postgres/plan_group.h"
#include "postgres/plan_scope.h"

/* The call that an item of a SELECT's list of targets is, of which it can be known whose values it
 * shows; NULL where it is none. `carry`: what the column carries that it shows. */
const PgQuery__FuncCall *window_call(struct plan_work *work, const struct scope *scope,
                                     const PgQuery__SelectStmt *select, size_t item,
                                     struct carry *carry);
/* The hidden columns of the persons of one table (place in work->direct) that it shows. False where
 * they cannot be had; then some may have been added in vain. */
bool window_take(struct plan_work *work, struct injection *injection, const struct scope *scope,
                 const PgQuery__SelectStmt *select, const PgQuery__FuncCall *call, size_t direct,
                 struct group_keys *keys);

#endif
