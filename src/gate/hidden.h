/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hidden columns of what has a name: prepared statements, portals, cursors. What a name stands for
 * is what passed the gate, and that can be overtaken: a savepoint is rolled back, code in the
 * server opens a cursor. So the server's RowDescription has the last word: hidden columns have
 * names that nobody else may use, and stand first.
 */
#ifndef PASU_GATE_HIDDEN_H
#define PASU_GATE_HIDDEN_H

#include "gate/observer.h"
#include "postgres/ask.h"

/* How many of the columns that a RowDescription's body tells are hidden, first to last. */
uint8_t hidden_named(struct view description);
/* The same of the columns of what has a name and is taken for `statement` (NULL: nothing is known).
 */
uint8_t hidden_in(const struct observer *observer, const struct plan_statement *statement,
                  bool is_doubtful, struct view description);
/* How many columns the statement will have that are hidden, once all that waits has been done:
 * EXECUTE and FETCH have those of another. */
uint8_t hidden_expected(const struct observer *observer, const struct plan_statement *statement);

/* A plan is about to be run: notes whether a cursor with hidden columns comes to be by it. */
void hidden_note(struct observer *observer, const struct plan *plan);
/* All that was asked is answered: notes whether such a cursor is left. */
void hidden_settle(struct observer *observer);
/* What a statement will run, where it is an EXECUTE or a FETCH: *statement becomes that one, or
 * NULL. Its plan, or NULL. */
const struct plan *hidden_meant(const struct observer *observer, const struct plan *plan,
                                const struct plan_statement **statement);
/* Whether a statement of the plan (NULL: any) tells the text of what SQL's PREPARE has made with
 * hidden columns, which could not be taken back (gate/unveil.h). */
bool hidden_is_told(const struct observer *observer, const struct plan *plan,
                    const struct plan_statement *statement);
/* Whether a statement of `plan` may not run: it could see hidden columns of a cursor that is there,
 * or will be. */
bool hidden_is_borrowed(const struct observer *observer, const struct plan *plan);
/* The same with a Bind's parameters. */
bool hidden_is_borrowed_with(const struct observer *observer, const struct plan *plan,
                             const struct ask_bind *bind);
/* The same of a call by message, of which that is the body. */
bool hidden_is_borrowed_by_call(const struct observer *observer, struct view body);

#endif
