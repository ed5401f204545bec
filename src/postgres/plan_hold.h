/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that hold another one under a name: PREPARE, and DECLARE of a cursor. */
#ifndef PASU_POSTGRES_PLAN_HOLD_H
#define PASU_POSTGRES_PLAN_HOLD_H

#include "postgres/plan_build.h"

void hold_prepared(struct plan_work *work, const struct build *build,
                   const PgQuery__PrepareStmt *prepare, struct plan_statement *statement);
void hold_cursor(struct plan_work *work, const struct build *build,
                 const PgQuery__DeclareCursorStmt *cursor, struct plan_statement *statement);

#endif
