/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks that follow from what a session's transaction has made itself (postgres/fresh.h). They are
 * doubt for the session as soon as they are known, and everybody's once the transaction is
 * committed, ahead of the marks of its statements: what is renamed later takes them along.
 */
#ifndef PASU_GATE_FRESH_MARKS_H
#define PASU_GATE_FRESH_MARKS_H

#include "gate/observer.h"

/* The statement has been done. 0, or why the mark could not be recorded (observer_mark). */
PASU_MUST_USE int fresh_marks_take(struct session *session, struct plan *plan,
                                   const struct plan_statement *statement);
/* The transaction has been committed. */
PASU_MUST_USE int fresh_marks_over(struct session *session);
/* Or rolled back. */
void fresh_marks_undo(struct session *session);
/* Before a text is planned: what a snapshot shows by now is not fresh any more. */
void fresh_marks_settle(struct session *session);

#endif
