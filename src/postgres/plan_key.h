/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of tables further inside: each query between such a table and the result hands its key on,
 * in a column that it has, or in a hidden one.
 *
 *     SELECT n FROM (SELECT name AS n FROM customers c) s
 *     SELECT "s"."pasu_key_1" AS "pasu_key_2", n
 *       FROM (SELECT name AS n, "c"."id" AS "pasu_key_1" FROM customers c) s
 *
 * Of UNION ALL each arm has all of the columns, null where it has not the table, nor one of those
 * that share the column with it. What a column of one comes from the server does not say: there the
 * rows say themselves of which table they are, in another hidden column.
 */
#ifndef PASU_POSTGRES_PLAN_KEY_H
#define PASU_POSTGRES_PLAN_KEY_H

#include "postgres/plan_inject.h"

struct taken_key {
    int key, origin; /* hidden columns of the result; -1: the server says of which table it is */
    const struct output *view; /* the column of a view that the key is, and whose OID it is that
                                  says of which table: as the server has it; or NULL */
    bool is_united;            /* a UNION ALL lies between: it has a type that all arms agree in */
};

/* The hidden columns by which a table (its bit of carry.tables) is known in the result of a query;
 * or several tables, of one relation and in different arms of a UNION ALL, in one column. False
 * where they cannot be had. */
bool key_take(struct plan_work *work, struct injection *injection, const struct query *query,
              uint64_t tables, struct taken_key *taken);
/* The same of a pool of the result's own FROM: its keys are an array. */
bool key_take_pool(struct plan_work *work, struct injection *injection, const struct pool *pool,
                   struct taken_key *taken);
/* Whether the statement can have what was added: nothing in it sees that there are more columns.
 * Stars that would are told to be written out. */
bool key_guard(struct plan_work *work, struct injection *injection);

#endif
