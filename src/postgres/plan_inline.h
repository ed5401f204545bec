/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views read through: a view that does not show the key is read, in the text that is sent, by its
 * own definition, into which the key is added (plan_key.h). What is sent proves itself, whenever it
 * is run, be it long after it was prepared:
 *
 *     SELECT who FROM v
 *     SELECT "v"."pasu_key_…", who FROM (
 *         SELECT "d".* FROM (SELECT name AS who, "customers"."id" AS "pasu_key_…"
 *                              FROM public.customers) AS "d" WHERE <nothing has changed>
 *         UNION ALL
 *         SELECT "v"."who", NULL FROM v AS "v" WHERE NOT <nothing has changed>) AS "v"
 *
 * The server runs one arm or the other. It finds out which by the catalog as the statement's own
 * snapshot has it: the view's rule has the version that was read, the names in the definition are
 * those of the same tables and columns, no policy is on one, and v can be nothing else. So it holds
 * in READ COMMITTED alone: under an older snapshot rows come from the view itself, without keys.
 * Both arms name what they read, which is locked before that snapshot is taken; the second has the
 * view checked for what its owner and the role may do, and is the client's own name for it.
 *
 * Only where both arms surely give the same rows, and neither more rights are needed nor less:
 *   - a definition is FROM, inner and outer joins, WHERE and a list of columns, all of expressions
 *     that cannot fail and mean the same whoever reads them (accepts_*), over mapped tables that
 *     the role may read, without policies, or over such views;
 *   - no view in it has options (security_barrier, security_invoker, a check);
 *   - the statement is a SELECT without UNION and its like, FOR UPDATE or names of three parts, and
 *     up to its result each FROM has nothing but the view, or the query that reads it;
 *   - it is no cursor's: with a second arm no row could be changed WHERE CURRENT OF it;
 *   - nothing in it can see that the view has more columns (plan_guard.c).
 *
 * What it names must keep its name: a table or column behind it that somebody renames makes an
 * error of what was prepared before, as a key does that is renamed. Never a result of something
 * else.
 *
 * What the server says of where the result's columns come from, it says of the whole: nothing. The
 * plan has what it says of a view's columns (plan_statement.origins).
 */
#ifndef PASU_POSTGRES_PLAN_INLINE_H
#define PASU_POSTGRES_PLAN_INLINE_H

#include "postgres/plan_inject.h"

/* The definition of the view that an entry reads, as a query that columns can be added to: made of
 * what was found in it. NULL: it cannot be read through. */
const struct query *inline_query(struct plan_work *work, const struct entry *entry,
                                 const struct outputs *columns);
/* Once it is known which columns are added: the views that are read through are the injection's,
 * and where the server would say that their columns come from the statement's. */
void inline_settle(struct plan_work *work, struct injection *injection,
                   const struct outputs *columns, struct plan_statement *statement);
/* Puts the definitions of all views that it reads through in their places. False where that cannot
 * be done. */
bool inline_apply(struct plan_work *work, const struct injection *injection,
                  struct rewrite *rewrite);

/* Whether a definition can read that column of a relation; NULL: any can. */
bool inline_reads(const struct catalog_relation *relation, const struct catalog_column *column,
                  const PgQuery__SelectStmt *reader);

/* ---- plan_inline_text.c ---- */

/* The query that stands for what an entry reads, to be put in parentheses; NULL where it cannot be
 * written. */
const char *inline_text(struct plan_work *work, const struct injection *injection,
                        const struct entry *entry);
/* The token behind the name that a RangeVar begins with in the text at hand; NULL where it is not
 * written as such. */
const struct sql_token *inline_name_end(const struct plan_work *work,
                                        const PgQuery__RangeVar *range);

/* A name that stands for a view, and the query that is put there. */
struct replacement {
    struct replacement *next;
    const PgQuery__RangeVar *range;
    const char *query;
};

/* Puts the queries in the text at hand; looks at the tree of what comes of that alone. */
bool inline_replace(struct plan_work *work, const struct replacement *replacements,
                    struct rewrite *rewrite);

#endif
