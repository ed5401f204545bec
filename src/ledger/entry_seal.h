/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's form of a directory entry: the payload of an ORDINAL record.
 *
 *      ordinal, kind, zero, hash │ form ‖ text, encrypted │ tag      form and hash as in
 *      └─ struct ring_ordinal ─┘                                      exposure/seal.h
 *
 * AES-256-GCM with the entry's own key (entry_keys.h), the first 12 bytes of the hash as nonce and
 * the head as additional data. The hash is keyed and of the text: the same key and nonce come again
 * only with the same bytes.
 *
 * In the gate's ring the text is sealed with a key from the directory's secret (the gate has no
 * files); the keeper seals it again on the way from the ring into the ledger. Who destroys the
 * entry's key has erased the text, also from who has the secret. The hash stays: who has the secret
 * can still ask whether it is that of a key which they can guess.
 */
#ifndef PASU_LEDGER_ENTRY_SEAL_H
#define PASU_LEDGER_ENTRY_SEAL_H

#include "exposure/seal.h"
#include "ledger/entry_keys.h"
#include "ledger/ring.h"

enum { ENTRY_SEAL_MAX = sizeof(struct ring_ordinal) + SEAL_MAX };

/* From an entry of a ring (hostile) to the payload of its record; its length. Makes the entry's key
 * where there is none: entry_keys_sync comes before the record is committed. PASU_E_ERASED: it was
 * destroyed, there is nothing to record. PASU_E_CORRUPT: not sealed with this secret;
 * PASU_E_CRYPTO, and the errors of entry_keys_make. */
PASU_MUST_USE ssize_t entry_reseal(struct entry_keys *keys, const struct seal *seal,
                                   struct view entry, uint8_t payload[ENTRY_SEAL_MAX]);
/* The text of a record's payload (hostile): its length, and whether it is the beginning of a longer
 * one. *head is filled unless the payload is shorter. PASU_E_ERASED; PASU_E_NOTFOUND: there is no
 * key; PASU_E_CORRUPT: not sealed with the key that there is; PASU_E_CRYPTO, PASU_E_IO. */
PASU_MUST_USE ssize_t entry_open(const struct entry_keys *keys, struct view payload,
                                 struct ring_ordinal *head, uint8_t text[SEAL_TEXT_MAX],
                                 bool *is_cut);

#endif
