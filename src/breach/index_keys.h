/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys by the ledger's index: the records that it names are read, and go to `keys`, of which the
 * questions are then answered as if all of the ledger had been read. What came behind the index is
 * read at the beginning.
 *
 * The index is not believed: a record that is another than it says ends all with
 * PASU_E_UNAVAILABLE, and the ledger is to be read. Only what the index does not name is not looked
 * for. One thread; index and entries are the caller's, and seek where they want.
 */
#ifndef PASU_BREACH_INDEX_KEYS_H
#define PASU_BREACH_INDEX_KEYS_H

#include "breach/entries.h"
#include "breach/keys.h"
#include "ledger/index.h"

struct index_keys {
    struct index *index;
    struct entries entries;
    struct keys *keys;
    bool has_keys; /* the index has some */
    uint64_t last; /* the index's last record */
};

/* With keys that have nothing yet. PASU_E_UNAVAILABLE: it does not end where the ledger says, has
 * not all keys, or knows of fewer deleted records than there are; PASU_E_NOTFOUND: of another
 * version; PASU_E_CORRUPT, PASU_E_NOMEM, and the errors of the entries. After an error the keys are
 * to be released. */
PASU_MUST_USE int index_keys_begin(struct index_keys *by, struct index *index,
                                   const struct entries *entries, struct keys *keys);
/* Reads what keys_find is to find. PASU_E_UNAVAILABLE, also where there may be more than are looked
 * for; PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int index_keys_find(struct index_keys *by, struct view text);
/* Reads what keys_text is to tell of. The same errors. */
PASU_MUST_USE int index_keys_text(struct index_keys *by, uint32_t ordinal);

#endif
