/* SPDX-License-Identifier: Apache-2.0 */
/* The files of ledger.key_file: a key is 32 bytes, or as many in hex, with or without a newline. */
#ifndef PASU_CONFIG_LEDGER_KEY_H
#define PASU_CONFIG_LEDGER_KEY_H

#include "config/load.h"

enum { LEDGER_KEY_SIZE = 32 };

/* The key in a file's bytes, for the caller to wipe. PASU_E_MALFORMED: it is neither;
 * PASU_E_NOTFOUND: the model has been packed without keys. */
PASU_MUST_USE int ledger_key_parse(struct view contents, uint8_t key[LEDGER_KEY_SIZE]);
/* Reads those that are configured into the model, and says what is wrong with them. */
void ledger_keys_load(struct config *config, struct config_faults *faults);

#endif
