/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's reader as breach/entries.h wants it. */
#ifndef PASU_CLI_LEDGER_ENTRIES_H
#define PASU_CLI_LEDGER_ENTRIES_H

#include "breach/entries.h"

struct ledger_entries;

/* The folder must stay open, and the keys, which it is read with, must stay there. The errors of
 * ledger_reader_open, PASU_E_NOMEM. */
PASU_MUST_USE int ledger_entries_open(struct ledger_entries **ledger, int directory,
                                      const struct segment_keys *keys);
/* NULL is allowed. */
void ledger_entries_close(struct ledger_entries *ledger);
struct entries ledger_entries(struct ledger_entries *ledger);
/* Of the last entry, as ledger_reader_place and ledger_reader_is_in_ring. */
const struct records_place *ledger_entries_place(const struct ledger_entries *ledger);
bool ledger_entries_is_in_ring(const struct ledger_entries *ledger);

#endif
