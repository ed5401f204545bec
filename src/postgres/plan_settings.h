/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which settings a statement sets, as far as it says so itself: SET and RESET with a constant,
 * DISCARD ALL, and set_config as a column of a SELECT. What functions set is not known.
 */
#ifndef PASU_POSTGRES_PLAN_SETTINGS_H
#define PASU_POSTGRES_PLAN_SETTINGS_H

#include "postgres/plan_work.h"

/* Adds them to the statement. */
void settings_statement(struct plan_work *work, const PgQuery__Node *node,
                        struct plan_statement *statement);

#endif
