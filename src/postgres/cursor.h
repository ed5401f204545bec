/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors in code. A name of a cursor can be that of one which the session has opened before, and
 * FETCH then gives rows that nothing in the code names:
 *
 *      DECLARE c refcursor := 'theirs'; BEGIN FETCH c INTO r; …     the session's
 *      DECLARE c CURSOR FOR SELECT 1; BEGIN OPEN c; FETCH c …       its own
 */
#ifndef PASU_POSTGRES_CURSOR_H
#define PASU_POSTGRES_CURSOR_H

#include "base/bytes.h"

/* Whether a body (PL/pgSQL or SQL) can fetch from a cursor that it has not opened. */
bool cursor_is_borrowed(struct view body);
/* Whether a text names one of PostgreSQL's own functions that read a cursor by its name. */
bool cursor_is_read(const char *text);
/* What the names of the view, and the function behind it, begin with. */
#define CURSOR_PREPARED "pg_prepared_statement"
/* Whether a text names what tells the texts of prepared statements. */
bool cursor_tells_prepared(const char *text);
/* Whether a body can do so, or run what the session has prepared. */
bool cursor_reaches_prepared(const char *body);
/* Whether a body can read a cursor that it has not opened, in any of these ways, or by what is in
 * the texts that it runs. */
bool cursor_is_reached(const char *body);

#endif
