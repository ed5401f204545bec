/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNION, INTERSECT and EXCEPT as the GROUP BY that they are: the same rows, to which arrays of keys
 * can be added.
 *
 *     SELECT name FROM a UNION SELECT name FROM b ORDER BY 1
 *
 *     SELECT "u"."c1" AS "name"
 *       FROM (SELECT "c1", 1 FROM (SELECT name FROM a) AS "a" ("c1")
 *             UNION ALL
 *             SELECT "c1", 2 FROM (SELECT name FROM b) AS "a" ("c1")) AS "u" ("c1", "s")
 *      GROUP BY 1 ORDER BY 1
 *
 * and of INTERSECT HAVING min("s") = 1 AND max("s") = 2, of EXCEPT HAVING max("s") = 1. This text
 * is planned like any other (plan_pool.h), and is sent with the keys that come of that.
 *
 * Only where it cannot be told from the client's (plan_distinct.h): ORDER BY has all columns, whose
 * values are the same bytes where they are equal, and of one type in all arms (or text and
 * varchar), so that no error names the operation: columns, constants, and what PostgreSQL's own
 * functions that cannot fail make of these; the names of the columns are known; no arm takes some
 * of its rows only, and nothing is called that is not known. One SELECT as a text of its own; with
 * INTERSECT and EXCEPT two arms, with UNION any number. Of EXCEPT the keys say nothing of whose
 * values the rows are not: only where they need not (plan_union.c).
 */
#ifndef PASU_POSTGRES_PLAN_SETOP_H
#define PASU_POSTGRES_PLAN_SETOP_H

#include "postgres/plan_work.h"

/* Of a text that is one SELECT whose columns are strict (work->has_strict_columns): its plan gets
 * hidden columns, where that helps. */
void setop_apply(struct plan_work *work, const PgQuery__ParseResult *tree, struct plan *plan);

#endif
