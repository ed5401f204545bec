/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks: personal values that a statement writes where no mapping names them. The snapshot after
 * that takes them into account, or what was copied could be read by everybody.
 */
#ifndef PASU_POSTGRES_PLAN_MARK_H
#define PASU_POSTGRES_PLAN_MARK_H

#include "postgres/plan_scope.h"

/* All that a carry is of, by kind. */
struct reach carry_reach(const struct plan_work *work, const struct carry *carry);
/* Notes what is written to a column (`name`, NULL: any) of a table and is not what its mapping says
 * of it. */
void mark_written(struct plan_work *work, const struct entry *target, const char *name,
                  const struct carry *written);
/* Notes that a relation holds at least that; `rows`: by rows of which that is known, or NULL. */
void mark_relation(struct plan_work *work, const PgQuery__RangeVar *range,
                   const struct catalog_relation *relation, const struct reach *reach,
                   const struct mark_rows *rows);
/* Notes that it is in the target, though its mapping names it: the keys there do not say whose. */
void mark_target(struct plan_work *work, const struct entry *target, const struct reach *reach);
/* A row of the table is written, whatever is put there: what triggers and rules copy from it. */
void mark_acted(struct plan_work *work, const PgQuery__RangeVar *range);
/* Notes where parameters of a statement can go, whatever they are: the fields say nothing. */
void mark_parameters(struct plan_work *work, const ProtobufCMessage *tree,
                     struct plan_statement *statement);
/* What a row of a relation can hold; of a view, what rows of its tables can. */
struct reach mark_reach_of(const struct plan_work *work, const struct catalog_relation *relation);
/* Notes what the mapping says of a relation, or of one column (0: of all), which it may not find by
 * its names after the statement. */
void mark_lasting(struct plan_work *work, const struct catalog_relation *relation, int16_t column);
/* What a relation is known to hold, so that it needs no mark. */
struct reach mark_known(const struct catalog_relation *relation);
/* Code can write to tables that nobody can name: of copies whose rows were of one person each that
 * is not known any more. */
void mark_unread(struct plan_work *work);
/* Hands all notes to the statement. */
void mark_statement(struct plan_work *work, struct plan_statement *statement);

#endif
