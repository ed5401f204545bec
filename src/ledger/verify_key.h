/* SPDX-License-Identifier: Apache-2.0 */
/* The newest checkpoint of a ledger's folder and the key that has signed it, without verifying the
 * records that it covers. */
#ifndef PASU_LEDGER_VERIFY_KEY_H
#define PASU_LEDGER_VERIFY_KEY_H

#include "ledger/verify_note.h"

struct verify_signed {
    uint8_t bytes[NOTE_SIZE_MAX + 1]; /* the note, and a zero */
    size_t length;
    struct checkpoint checkpoint; /* borrows from it */
    struct note_key key;          /* that has signed it */
};

/* By one of the keys; without any, by the one that the ledger's records put to use; `segment_keys`
 * opens those that are encrypted (NULL: none). PASU_E_NOTFOUND: there is no checkpoint;
 * PASU_E_CORRUPT: it is none, or none of them has signed it; PASU_E_DENIED, PASU_E_IO,
 * PASU_E_NOMEM, PASU_E_CRYPTO. */
PASU_MUST_USE int verify_newest(struct verify_signed *found, const struct os *os, int directory,
                                const struct note_key *keys, size_t count,
                                const struct segment_keys *segment_keys);

#endif
