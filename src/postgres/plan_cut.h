/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions that take a part of a value: an element of an array, a field of a row, so many
 * characters of a text. Of what was put together of several values the part need not show each:
 *
 *     (ARRAY[name, region])[2]    (to_jsonb(c)::text)::varchar(8)
 */
#ifndef PASU_POSTGRES_PLAN_CUT_H
#define PASU_POSTGRES_PLAN_CUT_H

#include "postgres/plan_lineage.h"

/* Adds what they carry. */
void cut_indirection(struct plan_work *work, const struct scope *scope,
                     const PgQuery__AIndirection *indirection, struct carry *into);
void cut_cast(struct plan_work *work, const struct scope *scope, const PgQuery__TypeCast *cast,
              struct carry *into);

#endif
