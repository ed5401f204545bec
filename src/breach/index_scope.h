/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of scope.h with the index: what whole days hold is looked up, the days at the edges of
 * the asked time and what came after the index are read from the ledger. The result is that of
 * reading everything, figure for figure; or there is none, and everything has to be read.
 */
#ifndef PASU_BREACH_INDEX_SCOPE_H
#define PASU_BREACH_INDEX_SCOPE_H

#include "breach/entries.h"
#include "breach/scope.h"
#include "ledger/index.h"

/* Whether it can be asked: of sessions, actors, applications and sources the index knows nothing.
 */
bool index_scope_can(const struct filter *filter);
/* A new selection and scope over a book that has nothing but the configuration's names; both are
 * complete after 0. PASU_E_UNAVAILABLE: the index cannot answer exactly, or is not of this ledger;
 * PASU_E_CORRUPT: it is damaged, or the ledger where it was read; after these, and PASU_E_NOTFOUND
 * (another version), begin anew without it. */
PASU_MUST_USE int index_scope(struct index *index, struct scope *scope, struct selection *selection,
                              const struct entries *entries);

#endif
