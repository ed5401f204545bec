/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has been read of a ledger so far that other entries refer to: who the sessions are, what the
 * statements say, what the numbers of fields and kinds mean, and where the record has gaps.
 *
 * Made by looking at each entry once, in order, before whoever asks the question does. Memory: that
 * of the sessions open at one time, of the different statements and of the vocabularies. One
 * thread.
 */
#ifndef PASU_BREACH_BOOK_H
#define PASU_BREACH_BOOK_H

#include "breach/gaps.h"
#include "breach/names.h"
#include "breach/sessions.h"
#include "breach/shapes.h"

struct book {
    struct sessions sessions;
    struct shapes shapes;
    struct names names;
    struct gaps gaps;
};

/* PASU_E_CRYPTO where there is no randomness, PASU_E_NOMEM. */
PASU_MUST_USE int book_new(struct book **book, const struct os *os);
/* NULL is allowed. */
void book_free(struct book *book);
/* PASU_E_NOMEM. */
PASU_MUST_USE int book_note(struct book *book, const struct ledger_entry *entry);

#endif
