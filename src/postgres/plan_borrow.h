/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reads a cursor by its name without FETCH: cursor_to_xml, and code that fetches from a cursor
 * which it has not opened. Both see all its columns, the hidden ones too.
 *
 * What the snapshot shows of that, the snapshot says (catalog_may_borrow): then nothing is hidden
 * in cursors at all. This here is what a text itself does, or makes for later.
 */
#ifndef PASU_POSTGRES_PLAN_BORROW_H
#define PASU_POSTGRES_PLAN_BORROW_H

#include "postgres/plan_work.h"

/* Of a text that was parsed. */
enum plan_borrow borrow_of(const PgQuery__ParseResult *tree, const char *text);
/* Of one that was not; it need not end where it seems to. */
enum plan_borrow borrow_of_bytes(struct view text);
/* Whether a text reads pg_prepared_statements, or the function behind it. */
bool borrow_sees_prepared(const PgQuery__ParseResult *tree, const char *text);
/* Whether a text can set search_path. */
bool borrow_turns_names(const PgQuery__ParseResult *tree, const char *text);
/* Whether a literal of the text, given to code that runs it, fetches. */
bool borrow_by_literal(const struct plan_work *work);

#endif
