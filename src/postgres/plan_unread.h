/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a text that is not understood can put elsewhere, into tables, where neither marks nor rows
 * show it later. It counts when it is done: until then it can be an error as well.
 */
#ifndef PASU_POSTGRES_PLAN_UNREAD_H
#define PASU_POSTGRES_PLAN_UNREAD_H

#include "postgres/plan_work.h"

/* Whether anything but the client's own values can come to be in a table by it; has_words: its
 * tokens are known, and work->names are of them. A text of which nothing is known (plan_unknown)
 * can. Queries that only show rows cannot, nor can INSERT of values, nor names of what is there. */
bool unread_stores(const struct plan_work *work, bool has_words);

#endif
