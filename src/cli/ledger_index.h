/* SPDX-License-Identifier: Apache-2.0 */
/* What `pasu ledger` does with the index. Exit statuses. */
#ifndef PASU_CLI_LEDGER_INDEX_H
#define PASU_CLI_LEDGER_INDEX_H

#include "cli/arguments.h"

int ledger_index_rebuild(const struct arguments *arguments);
int ledger_index_update(const struct arguments *arguments);
int ledger_index_check(const struct arguments *arguments);

#endif
