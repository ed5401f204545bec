/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that relations, columns and schemas get in place of others: marks that are known by the old
 * one move, and what the mapping says of who is losing it becomes a mark by OID, for the case that
 * no snapshot comes between (pasu starts anew).
 */
#ifndef PASU_POSTGRES_PLAN_RENAME_H
#define PASU_POSTGRES_PLAN_RENAME_H

#include "postgres/plan_scope.h"

/* ALTER … RENAME, ALTER … SET SCHEMA. */
void rename_statement(struct plan_work *work, const PgQuery__Node *node,
                      struct plan_statement *statement);
/* A command of ALTER TABLE: what a table has of its parent's mapping, or a column of what it is
 * made of, it keeps when they part. */
void rename_parts(struct plan_work *work, const PgQuery__RangeVar *range,
                  const PgQuery__AlterTableCmd *command);

#endif
