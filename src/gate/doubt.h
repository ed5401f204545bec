/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not known for sure any more: plans are made from a snapshot of the catalog, and names of
 * statements and cursors from what passed the gate; both can be overtaken.
 *
 *      a statement prepared before its view was replaced    is planned anew when it is used
 *      code that ran in the server (DO, dynamic SQL)        may have given names another meaning
 *      DDL, or rows that went into a table without mapping, are in no snapshot before the
 *      transaction's end, and in none of other sessions' open transactions
 *
 * DDL that only adds names, or that no other session sees, makes no doubt (plan_effect.def).
 *
 * Whatever is shown in doubt counts, beside what its plan says, as all that it could be. Doubt ends
 * with a snapshot that is younger than its cause. Of the session's worker.
 */
#ifndef PASU_GATE_DOUBT_H
#define PASU_GATE_DOUBT_H

#include "gate/observer.h"

enum { DOUBT_CHANGED = 1, DOUBT_REFUSED };

/* The plan that the text of `was` has under the present snapshot, held, and the statement that
 * corresponds: 0. Else the old ones, in doubt: DOUBT_CHANGED where other hidden columns would be
 * needed, DOUBT_REFUSED where it is refused by now. Or PASU_E_NOMEM. */
PASU_MUST_USE int doubt_renew(struct session *session, struct plan *was,
                              const struct plan_statement *statement, struct plan **plan,
                              const struct plan_statement **renewed);
/* Whether two plans are of one text, read in one way, and the statements correspond. */
bool doubt_is_same(const struct plan *one, const struct plan_statement *a, const struct plan *other,
                   const struct plan_statement *b);
/* Whether both fix the same keys, in the same parts: those that were read for one are the other's.
 */
bool doubt_has_same_keys(const struct plan_statement *one, const struct plan_statement *other);

/* These fields have gone where no snapshot shows them yet. */
void doubt_filled(struct session *session, uint64_t fields, uint64_t kinds);
/* The statement has been run, with or without success: names, views and functions may have
 * changed. */
void doubt_done(struct session *session, const struct plan_statement *statement);
/* A function has been called by message. */
void doubt_called(struct session *session, uint32_t function);
/* A transaction that has changed the catalog is over: others can see it from now on. */
void doubt_committed(struct session *session);

/* Before a text is planned or a statement bound: doubt that the present snapshot answers is over.
 */
void doubt_settle(struct session *session);
/* Whether names mean what the plan takes them for: nothing has changed since its snapshot. */
bool doubt_is_none(const struct session *session, const struct plan *plan);
/* What rows can carry beyond their plan now. */
void doubt_of(const struct session *session, uint64_t *fields, uint64_t *kinds);

#endif
