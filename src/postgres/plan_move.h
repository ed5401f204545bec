/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves: personal values that a statement puts under another person's key, in a table whose mapping
 * names them. Whoever reads them there later is counted for the person of the key; so who moves
 * them is counted for the person that they are of, when it is done.
 *
 *     UPDATE orders SET customer_id = $1 WHERE id = $2        the row's old owner
 *     UPDATE a SET name = b.name FROM b WHERE b.id = a.id + 7  b
 *     INSERT INTO customers SELECT id + 1, name FROM customers
 *
 * No move: values of the client's own, and values of a row of the same key (the same column, one
 * that is equal to it in every row, or the constant that pins it). Where one row takes the values
 * of many persons (an aggregate) the table is marked, as one without a mapping would be.
 *
 * A row is what the target's row will be: a cell for each of its columns.
 */
#ifndef PASU_POSTGRES_PLAN_MOVE_H
#define PASU_POSTGRES_PLAN_MOVE_H

#include "postgres/plan_scope.h"

struct row;

/* `is_kept`: the row is there already, and cells that nobody writes stay as they are. NULL where
 * there is no memory. */
struct row *row_new(struct plan_work *work, const struct entry *target, bool is_kept);
/* What a cell (`name` NULL: any) gets. `exact`, `keys` and `value` as far as the value is a column
 * or a constant; else NULL and 0. `is_part`: the rest of it stays. */
struct cell_value {
    const struct carry *carry;
    const struct output *exact;
    uint64_t keys;
    const PgQuery__Node *value;
    bool is_part;
};
void row_write(struct plan_work *work, struct row *row, const char *name,
               const struct cell_value *value);
/* Of an INSERT's query: columns that conditions of that scope make equal, keys that they pin. */
struct row_source {
    const struct scope *scope;
    bool is_grouped;   /* many rows make one, of one person as a rule */
    bool is_row_known; /* the command tag tells how many rows there are */
};
/* The row as it is now: adds what is moved to work->moved. */
void row_judge(struct plan_work *work, const struct row *row, const struct row_source *source);
/* Whether the column keeps its value: it is assigned to itself, or the constant that pins it. */
bool move_keeps(struct plan_work *work, const struct scope *scope, const struct entry *target,
                const char *name, const PgQuery__Node *value);
/* The table is written, and a rule may give rows of others another key; where its own are updated,
 * a trigger may do that to them. */
void move_by_acts(struct plan_work *work, const PgQuery__RangeVar *range, bool is_update);
/* Nobody knows: all that the statement names. */
void move_everything(struct plan_work *work);
/* Hands all of it to the statement. */
void move_statement(const struct plan_work *work, struct plan_statement *statement);

#endif
