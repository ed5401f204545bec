/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of functions that do one thing: look somebody up, and return or tell it.
 *
 *      SQL        SELECT …
 *      PL/pgSQL   [DECLARE n text;] BEGIN
 *                     SELECT x INTO n FROM …;  or  RETURN QUERY SELECT …;
 *                     RAISE NOTICE 'it is %', n;
 *                     RETURN n;
 *                 END
 *
 * In any order, with at most one query. What is anything else is not read at all.
 */
#ifndef PASU_POSTGRES_PLAN_CODE_H
#define PASU_POSTGRES_PLAN_CODE_H

#include "postgres/plan_work.h"

struct code {
    const PgQuery__SelectStmt *query; /* a tree of its own, which may be changed; NULL: none */
    bool is_returned;                 /* its rows, or its value, are the function's result */
    /* One RAISE tells the query's value, and no other says anything but constants: its text up to
     * the value and behind it. Else `tells_more`, where there are others. */
    bool is_told, tells_more;
    struct view before, after;
};

/* False where it is not understood, or a setting, a type or a query of the text means more. */
bool code_read(struct plan_work *work, const struct catalog_routine *routine, bool returns_set,
               struct code *code);

#endif
