/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Twists: statements after which names can mean others than the snapshot says, until it is made
 * anew, which is not before the transaction's end. Only what touches something personal can make
 * something personal out of what was none.
 */
#ifndef PASU_POSTGRES_PLAN_TWIST_H
#define PASU_POSTGRES_PLAN_TWIST_H

#include "postgres/plan_work.h"

/* work->names are those of the statement, where it has any. */
bool twist_of(struct plan_work *work, const PgQuery__Node *node,
              const struct plan_statement *statement);
/* Whether the code of DO can do so though it names nothing personal. */
bool twist_of_body(struct plan_work *work, const char *body);
/* The same of a text that is not understood; has_words: its tokens are known. */
bool twist_of_words(const struct plan_work *work, bool has_words,
                    const struct plan_statement *statement);

#endif
