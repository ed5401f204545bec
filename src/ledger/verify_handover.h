/* SPDX-License-Identifier: Apache-2.0 */
/* Whether each key that a ledger's records put to use was handed over by the one before it: both
 * must have signed a checkpoint that covers the record, and where there is none yet, the old one
 * the record (docs/spec/ledger.md, "Another key"). */
#ifndef PASU_LEDGER_VERIFY_HANDOVER_H
#define PASU_LEDGER_VERIFY_HANDOVER_H

#include "ledger/verify_note.h"

/* When verify_notes_judge was. PASU_E_CRYPTO. */
PASU_MUST_USE int verify_handovers(const struct verify_notes *notes,
                                   const struct verify_content *content);

#endif
