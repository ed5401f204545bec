/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks of what a session is about to do, in the ring before the server hears of it:
 *
 *      gate                       ring                         server
 *      INSERT … SELECT   ──►      intended, number 7     ──►   runs
 *      COMMIT            ──►                             ──►   commits
 *                                 carries                ◄──   CommandComplete
 *                                 over, number 7         ◄──   ReadyForQuery, idle
 *
 * A gate that dies between the server's COMMIT and its answer leaves the intention, which the next
 * one takes for done. Where nothing came of it, "over" takes it back. A session that ends while the
 * server owes it answers has done what it intended, for all that anybody knows.
 *
 * A ring that has no room for an intention does not hold the statement back: the mark itself waits
 * for room before the client hears that it is done (gate/hold.h).
 */
#ifndef PASU_GATE_INTENT_H
#define PASU_GATE_INTENT_H

#include "ledger/ring.h"
#include "postgres/fresh.h"

struct session;

struct intents {
    struct ring_mark *items; /* memory_free */
    size_t count, size;
    uint64_t number;    /* that they have in the ledger; 0: none is there */
    struct fresh asked; /* what has been asked for, as if all of it had been done */
};

/* A statement goes to the server (NULL: one of which nothing is known). PASU_E_NOMEM. */
PASU_MUST_USE int intent_ask(struct session *session, const struct plan *plan,
                             const struct plan_statement *statement);
/* All that was asked is answered, and no transaction is open. */
void intent_over(struct session *session);
/* The session ends. */
void intent_leave(struct session *session);

#endif
