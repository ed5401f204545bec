/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables that a session has made itself, before any snapshot shows them: what is read from one is
 * nobody's as long as all that the session did since is known to put nothing of others' into it,
 * and to give its name to nothing else.
 *
 *      BEGIN
 *      CREATE TABLE t (v text)          t is blank
 *      INSERT INTO t VALUES ('x')
 *      SELECT v FROM t                  shows nobody
 *      INSERT INTO t SELECT name …      is a mark, as with any table (gate/doubt.h)
 *      ROLLBACK TO s, CREATE VIEW …     spoils: t is unknown again, and can be anything
 *      COMMIT                           a snapshot shows it, unless it is temporary: that one
 *                                       stays blank, so that nobody has to read a catalog for it
 *
 * A statement that names a relation which its snapshot does not show, or a temporary one, is
 * planned anew when the server answers it: by then all that came before it is known to have
 * happened. The cache of plans knows nothing of that. Of the session's worker.
 */
#ifndef PASU_GATE_BLANK_H
#define PASU_GATE_BLANK_H

#include "postgres/plan.h"

struct observer;
struct session;

enum { BLANK_MAX = 64 }; /* tables of one session */

struct blank {
    struct blank_tables *tables; /* memory_free; NULL: none */
    bool is_spoiled;             /* until a snapshot has shown what has happened */
    bool has_dropped;            /* in this transaction: it can come back */
    bool is_failed;              /* an error has undone some of the transaction, or all */
    struct plan *was, *plan;     /* held: the last that was planned anew, and its plan */
};

/* A statement has been run, or begun. True where no snapshot is needed to know what it has changed
 * in the catalog: tables that no other session sees and that are known here, or that are gone. */
bool blank_run(struct session *session, const struct plan_statement *statement, bool is_failed);
/* Something was run of which nothing is known. */
void blank_spoil(struct observer *observer);
/* The transaction is over. */
void blank_over(struct observer *observer, bool is_undone);
void blank_release(struct blank *blank);
/* What a statement of that plan means with the tables that are blank: both are replaced (borrowed,
 * until the next call for this session) where that is another. */
void blank_look(struct session *session, struct plan **plan,
                const struct plan_statement **statement);

#endif
