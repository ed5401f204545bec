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
 *      or       n := (SELECT …);   RETURN (SELECT …);   SELECT … INTO x, y (all of OUT, TABLE)
 *               FOR r IN SELECT … LOOP a := r.x; b := r.y; RETURN NEXT; END LOOP;
 *               EXECUTE 'SELECT … $1' [INTO n] USING k, also after RETURN QUERY and FOR … IN
 *
 * In any order, with at most one query, the text of which is a constant, and which is given nothing
 * but the function's arguments as they are; the row goes into a value, a record, a row of the table
 * that is read, or the result's columns. What is anything else is not read at all.
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
