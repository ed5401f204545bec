/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement does to what the names in other statements mean. */
#ifndef PASU_POSTGRES_PLAN_EFFECT_H
#define PASU_POSTGRES_PLAN_EFFECT_H

#include "postgres/plan_work.h"

/* Sets the statement's effect, is_own and makes, once all else is known of it. */
void effect_of(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement);

#endif
