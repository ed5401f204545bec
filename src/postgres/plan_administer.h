/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What administrators do: which PLAN_ADMINISTERS flags a statement has. By its kind
 * (plan_administer.def); by what it says, where that makes the difference (ALTER TABLE … OWNER TO,
 * SECURITY DEFINER, triggers and policies of personal tables); by the functions that it calls
 * (administer_function.def); and by the words of code that it runs (administer.h).
 *
 * What an application does with tables of its own is nothing of the kind: CREATE TABLE, indexes,
 * views, functions with their caller's rights, triggers on tables that show nobody.
 */
#ifndef PASU_POSTGRES_PLAN_ADMINISTER_H
#define PASU_POSTGRES_PLAN_ADMINISTER_H

#include "postgres/plan_work.h"

/* Last of all, when its names are known (work->names). */
void administer_statement(struct plan_work *work, const PgQuery__Node *node,
                          struct plan_statement *statement);
/* The whole text, which is not understood. */
void administer_unparsed(struct plan_work *work, struct plan_statement *statement);
/* A call of set_config that can change the role. */
void administer_setting(struct plan_work *work, const PgQuery__FuncCall *call);

#endif
