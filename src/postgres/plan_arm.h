/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that is armed: triggers run without being called, with every write or every DDL. What they
 * can put out of sight counts when they are made, as if it were done then: to count it with each
 * write would end the budgets of whoever writes.
 */
#ifndef PASU_POSTGRES_PLAN_ARM_H
#define PASU_POSTGRES_PLAN_ARM_H

#include "postgres/plan_work.h"

/* Adds to what the statement keeps, and to what it can speak of, where it makes a trigger, an event
 * trigger or a function for one. work->names are not those of the statement afterwards. */
void arm_statement(struct plan_work *work, const PgQuery__Node *node,
                   struct plan_statement *statement);
/* What event triggers bring to a statement that they run with. */
void arm_events(const struct plan_work *work, struct plan_statement *statement);

#endif
