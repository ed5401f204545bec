/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tables a server process has written to and read in the transaction that it is in: asked of
 * the server's table of locks, by a connection of the inspector's, past the client's session, which
 * does not notice. A process keeps the lock of a table that it has written to until its transaction
 * is over; what it has taken back with a savepoint it holds no more, and there are no rows of it.
 *
 * One thread with a few connections, each to one database. What waits while it asks it asks for
 * all at once then. An answer is a TASK_LOCKS for the session's worker.
 */
#ifndef PASU_GATE_LOCKS_H
#define PASU_GATE_LOCKS_H

#include "gate/worker.h"

enum { LOCKS_MAX = 1 << 16 /* of one process */ };

struct lock_held {
    uint32_t relation; /* a table, materialized view or foreign table */
    bool is_written;   /* rows have been put into it, or taken from it */
    bool is_read;      /* by a query, and not for a foreign key alone */
};

struct locks_held {
    uint64_t number; /* of the question */
    bool is_there;   /* the process is this role's, in this database, and inside a transaction */
    uint32_t count;
    struct lock_held items[]; /* of a relation there can be several */
};

struct locks_question {
    struct worker *worker;
    uint64_t session, number;
    struct settings *settings; /* held meanwhile */
    uint32_t gateway;
    uint32_t process;
    const char *database, *role; /* copied */
};

PASU_MUST_USE int locks_start(struct locks **locks, struct gate_shared *shared);
/* PASU_E_NOMEM; PASU_E_UNAVAILABLE: too many wait, or the gateway has no inspector. */
PASU_MUST_USE int locks_ask(struct locks *locks, const struct locks_question *question);
void locks_stop(struct locks *locks);

#endif
