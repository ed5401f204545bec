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
    /* Hears of each entry that was read for the answer, in order, once the book has it; a negative
     * result ends all. NULL: nobody does. */
    int (*watch)(void *arg, const struct ledger_entry *entry);
    void *watch_arg;
    uint64_t first; /* index of the first record that is there: those before it were deleted */
};

/* The entry with this seq. PASU_E_UNAVAILABLE: it is not there any more, or damaged. */
static inline int
entries_find(const struct entries *entries, uint64_t seq, struct ledger_entry *entry)
{
    int result = entries->seek(entries->arg, seq);

    if (result == 0)
        result = entries->next(entries->arg, entry);
    if (result != 1)
        return result == 0 || result == PASU_E_CORRUPT ? PASU_E_UNAVAILABLE : result;
    return entry->seq == seq ? 0 : PASU_E_UNAVAILABLE;
}

static inline int
entries_tell(const struct entries *entries, const struct ledger_entry *entry)
{
    return entries->watch != NULL ? entries->watch(entries->watch_arg, entry) : 0;
}

#endif
