/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that a configuration names for the ledger (config/ledger_key.h), out of the model. */
#ifndef PASU_LEDGER_TAKE_KEYS_H
#define PASU_LEDGER_TAKE_KEYS_H

#include "config/model.h"
#include "ledger/segment_cipher.h"

/* Adds them in their order, and wipes their bytes in the model, which were read or unpacked before.
 * The caller releases `keys`. None where none is configured. PASU_E_NOTFOUND: there are none in the
 * model; PASU_E_MALFORMED; PASU_E_RANGE. */
PASU_MUST_USE int take_keys(struct segment_keys *keys, struct config *config);
/* The same, and leaves them in the model. */
PASU_MUST_USE int take_keys_copy(struct segment_keys *keys, const struct config *config);

#endif
