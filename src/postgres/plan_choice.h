/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of which one is taken: CASE, COALESCE, GREATEST, LEAST. All that they are made of is
 * carried; certain (struct certainty in reach.h) is only what is, whichever is taken.
 */
#ifndef PASU_POSTGRES_PLAN_CHOICE_H
#define PASU_POSTGRES_PLAN_CHOICE_H

#include "postgres/plan_lineage.h"

/* VALUE carries one result: the value itself, or whether it is null. */
void choice_case(struct plan_work *work, const struct scope *scope,
                 const PgQuery__CaseExpr *expression, carry_fn *value, struct carry *into);
/* The first one surely shows whom it is of: by its value, or by being null. */
void choice_coalesce(struct plan_work *work, const struct scope *scope,
                     const PgQuery__CoalesceExpr *expression, struct carry *into);
void choice_extreme(struct plan_work *work, const struct scope *scope,
                    const PgQuery__MinMaxExpr *expression, struct carry *into);

#endif
