/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents and arrays that a statement makes of values, and what it then takes of them: one part,
 * which shows nothing of the others, or how many there are, which shows no value.
 */
#ifndef PASU_POSTGRES_PLAN_DOCUMENT_H
#define PASU_POSTGRES_PLAN_DOCUMENT_H

#include "postgres/plan_lineage.h"

/* Whether an operator takes a part: ->, ->>, #>, #>>. */
bool document_is_part(const PgQuery__AExpr *expression);
/* Adds what such an operator gives, be it nothing: "to_jsonb(c) ->> 'name'" is c.name, and
 * "json_build_object('a', x) -> 'a'" is x. False where that is not known; nothing was added then.
 */
bool document_part(struct plan_work *work, const struct scope *scope,
                   const PgQuery__AExpr *expression, struct carry *into);
/* Whether all that it takes parts of is one value as it stands in a column. */
bool document_is_stored(struct plan_work *work, const struct scope *scope,
                        const PgQuery__Node *node);
/* Whether a value is all of one value as it stands in a column, or what a function makes of it that
 * begins and ends with something of it. */
bool document_is_whole(struct plan_work *work, const struct scope *scope,
                       const PgQuery__Node *node);
/* Whether a function takes a piece of a text that was put together of several: "left(a || b, 5)"
 * need not show b. */
bool document_is_cut(struct plan_work *work, const struct scope *scope,
                     const PgQuery__FuncCall *call);
/* How many columns rows have that are the parts of a document, and what they are called; 0: it is
 * none of PostgreSQL's own functions that make such. */
size_t document_rows(const struct plan_work *work, const PgQuery__FuncCall *call,
                     const char *const **columns);
/* Whether a call of FUNCTION_EXTENT is as good as count(*): "array_length(array_agg(name), 1)", but
 * not the second dimension, which is that of what was gathered. */
bool document_is_count(const struct plan_work *work, const PgQuery__FuncCall *call);

#endif
