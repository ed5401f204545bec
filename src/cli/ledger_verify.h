/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `pasu ledger verify` and `pasu ledger checkpoint` do: of the ledger that a configuration
 * names, or of a copy of one. The answers are exit statuses, 0 well, 1 something was found, 2 it
 * could not be looked at.
 */
#ifndef PASU_CLI_LEDGER_VERIFY_H
#define PASU_CLI_LEDGER_VERIFY_H

#include "cli/arguments.h"

PASU_MUST_USE int ledger_verify(const struct arguments *arguments);
PASU_MUST_USE int ledger_checkpoint(const struct arguments *arguments);

#endif
