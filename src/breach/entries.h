/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger's entries, from where one wants on: what answers with the index read of it. */
#ifndef PASU_BREACH_ENTRIES_H
#define PASU_BREACH_ENTRIES_H

#include "ledger/reader.h"

struct entries {
    void *arg;
    /* Goes on with the first entry whose seq is not below. */
    int (*seek)(void *arg, uint64_t seq);
    /* As ledger_reader_next. */
    int (*next)(void *arg, struct ledger_entry *entry);
    /* Passes over exposures that `takes` does not take, unread; NULL: none. The member may be NULL:
     * then all come. */
    void (*choose)(void *arg, ledger_takes_fn *takes, void *takes_arg);
    /* Where, after PASU_E_CORRUPT. */
    const struct records_place *(*damage)(void *arg);
};

#endif
