/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a statement makes that other statements of its transaction can run, or write through, before
 * any snapshot shows it: functions, triggers, rules, views, defaults, operators, links between
 * tables. What comes of it, a transaction's statements say together (fresh.h).
 */
#ifndef PASU_POSTGRES_PLAN_FRESH_H
#define PASU_POSTGRES_PLAN_FRESH_H

#include "postgres/plan_build.h"

void fresh_statement(struct plan_work *work, const struct build *build, const PgQuery__Node *node,
                     struct plan_statement *statement);
/* What is made within another statement. */
void fresh_join(struct plan_statement *statement, const struct plan_statement *inner);

#endif
