/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of subject.h with the index: the days on which somebody was shown the person, or
 * sought them, are looked up and read; of all others it is known how many statements could have
 * shown the person, unnamed. The figures are those of reading everything; statements that ended
 * after their day may come in another order.
 */
#ifndef PASU_BREACH_INDEX_SUBJECT_H
#define PASU_BREACH_INDEX_SUBJECT_H

#include "breach/entries.h"
#include "breach/subject.h"
#include "ledger/index.h"

/* As index_scope, for a subject that has its ordinals. */
PASU_MUST_USE int index_subject(struct index *index, struct subject *subject,
                                struct selection *selection, const struct entries *entries);

#endif
