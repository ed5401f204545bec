/* SPDX-License-Identifier: Apache-2.0 */
/* pasu ledger rotate-key. */
#ifndef PASU_CLI_LEDGER_ROTATE_H
#define PASU_CLI_LEDGER_ROTATE_H

#include "cli/arguments.h"

/* The exit status; standard output is ended. */
int ledger_rotate(const struct arguments *arguments);

#endif
