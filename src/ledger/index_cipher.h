/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encryption of the index's values (docs/spec/index.md, "Encryption"): AES-256-GCM with a key that
 * is derived from a configured one and the index's salt. The value's table and key are under its
 * tag, so that it is nothing in another place.
 *
 *      stored = nonce, 12 bytes │ value, encrypted │ tag, 16 bytes
 *
 * Nonces count from a random number on, which each writer draws anew: of 2^96, so that none is met
 * twice. A cipher belongs to one thread.
 */
#ifndef PASU_LEDGER_INDEX_CIPHER_H
#define PASU_LEDGER_INDEX_CIPHER_H

#include "ledger/gcm.h"
#include "ledger/segment_cipher.h"

enum { INDEX_SALT_SIZE = 16, INDEX_CIPHER_MORE = 28 /* nonce and tag */ };

/* All zero: none. */
struct index_cipher {
    EVP_CIPHER_CTX *seal, *open;
    uint8_t nonce[GCM_NONCE_SIZE]; /* of the next value */
};

/* PASU_E_CRYPTO, PASU_E_NOMEM; there is nothing to release then. */
PASU_MUST_USE int index_cipher_init(struct index_cipher *cipher,
                                    const uint8_t key[SEGMENT_KEY_SIZE],
                                    const uint8_t salt[INDEX_SALT_SIZE]);
/* Another one that opens what this one does, for another thread. PASU_E_NOMEM, as above. */
PASU_MUST_USE int index_cipher_copy(struct index_cipher *copy, const struct index_cipher *cipher);
void index_cipher_release(struct index_cipher *cipher);
static inline bool
index_cipher_is_there(const struct index_cipher *cipher)
{
    return cipher->seal != NULL;
}

/* Into value.length + INDEX_CIPHER_MORE bytes. A key of the index's has at most INDEX_KEY_MAX
 * bytes. PASU_E_CRYPTO, PASU_E_RANGE. */
PASU_MUST_USE int index_cipher_seal(struct index_cipher *cipher, uint8_t table, struct view key,
                                    struct view value, uint8_t *stored);
/* Of at least INDEX_CIPHER_MORE bytes, into as many less those. PASU_E_CORRUPT: it was sealed with
 * another key or for another place, or is changed; the bytes are of no use. */
PASU_MUST_USE int index_cipher_open(struct index_cipher *cipher, uint8_t table, struct view key,
                                    struct view stored, uint8_t *value);

#endif
