/* SPDX-License-Identifier: Apache-2.0 */
/* Two indexes of the same records side by side: what one has that the other has not, or otherwise.
 */
#ifndef PASU_BREACH_INDEX_COMPARE_H
#define PASU_BREACH_INDEX_COMPARE_H

#include "ledger/index.h"

/* Told of each key whose value differs, or that only one has: which table, and the key. */
typedef int index_differs_fn(void *arg, enum index_table table, struct view key);

/* 0, what `differs` returned if that is not 0, or an error. A value that is damaged differs.
 * When the ledger's files were written to (index_segments.h) is not compared. */
PASU_MUST_USE int index_compare(struct index *one, struct index *other, index_differs_fn *differs,
                                void *arg);

#endif
