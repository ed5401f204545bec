/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SQL's PREPARE gives a name can have hidden columns, and some statements see all columns that
 * it has: CREATE TABLE … AS EXECUTE keeps them, EXPLAIN EXECUTE and pg_prepared_statements tell
 * them, and so can code that runs any text. Others change what its names mean, or how its text is
 * read: DDL, SET ROLE, search_path, client_encoding. Before such a one goes to the server, what was
 * prepared is prepared anew without hidden columns, by Queries of ours whose answers the client
 * does not get:
 *
 *      client ─▶ EXPLAIN EXECUTE p
 *                DEALLOCATE "p"                              ours
 *                PREPARE p AS SELECT name FROM customers     ours: the text as the client sent it
 *                EXPLAIN EXECUTE p
 *
 * They can only be sent where nothing waits and no transaction has failed, and for a client of the
 * extended protocol where nothing without a name is there, which the server would drop. Else the
 * hidden columns stay: whoever needs them not to be seen asks (ask.c, gate/hidden.h).
 *
 * The server then counts the statement's executions, and the time of its preparation, from there.
 */
#ifndef PASU_GATE_UNVEIL_H
#define PASU_GATE_UNVEIL_H

#include "gate/ask.h"

/* A text, or a statement that is bound, is about to go out as a message of that type. `statement`
 * NULL: all statements of the plan. PASU_E_NOMEM. */
PASU_MUST_USE int unveil_before(struct asking *asking, uint8_t type, const struct plan *plan,
                                const struct plan_statement *statement);
/* The same of what nobody knows: a call by message, a text that is too long. PASU_E_NOMEM. */
PASU_MUST_USE int unveil_all(struct asking *asking, uint8_t type);
/* A message of the server, where the request at the front is ours: the client does not get it.
 * PASU_E_UPSTREAM_PROTOCOL where it is none that there can be. */
PASU_MUST_USE int unveil_answer(struct session *session, uint8_t type);

#endif
