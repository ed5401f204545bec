/* SPDX-License-Identifier: Apache-2.0 */
/* What the index holds of the servers' counts of sessions, beside the gaps (docs/spec/index.md, R
 * and B).
 */
#ifndef PASU_BREACH_INDEX_RECONCILED_H
#define PASU_BREACH_INDEX_RECONCILED_H

#include "breach/gaps.h"
#include "ledger/index.h"

PASU_MUST_USE int index_reconciled_save(const struct reconciled *reconciled, struct index *index);
/* Of the gaps that have been loaded. None is as good as an empty one: an index of before there was
 * any. PASU_E_CORRUPT. */
PASU_MUST_USE int index_reconciled_load(struct gaps *gaps, struct index *index);

#endif
