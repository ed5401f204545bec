/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encryption of a segment's payloads (docs/spec/ledger.md, "Encryption"): AES-256-GCM with a key
 * that is derived from a configured one and the segment's id, and the record's index as nonce.
 *
 *      stored = payload, encrypted │ tag
 *
 * What a nonce is used for once is never changed: the writer (segment_writer.h) seals each index of
 * a segment at most once, and goes on in another segment after a write that failed.
 *
 * A cipher belongs to one thread. Keys are secrets: whoever has them releases them.
 */
#ifndef PASU_LEDGER_SEGMENT_CIPHER_H
#define PASU_LEDGER_SEGMENT_CIPHER_H

#include "ledger/segment.h"

#include <openssl/evp.h>

enum { SEGMENT_KEY_SIZE = 32, SEGMENT_KEYS_MAX = 16 };

/* The configured keys. The first one seals; each opens what it has sealed. */
struct segment_keys {
    uint8_t keys[SEGMENT_KEYS_MAX][SEGMENT_KEY_SIZE];
    size_t count; /* 0: nothing is sealed */
};

/* PASU_E_RANGE where there are too many. */
PASU_MUST_USE int segment_keys_add(struct segment_keys *keys, const uint8_t key[SEGMENT_KEY_SIZE]);
/* Wipes them. */
void segment_keys_release(struct segment_keys *keys);
/* Another key of this one: HKDF-SHA-256 with the salt, for what `info` says. For the caller to
 * wipe. PASU_E_CRYPTO. */
PASU_MUST_USE int segment_keys_derive(const uint8_t key[SEGMENT_KEY_SIZE], struct view salt,
                                      const char *info, uint8_t derived[SEGMENT_KEY_SIZE]);

/* The key of one segment, for sealing or for opening; all zero: none. */
struct segment_cipher {
    EVP_CIPHER_CTX *context;
};

/* PASU_E_CRYPTO, PASU_E_NOMEM; there is nothing to release then. */
PASU_MUST_USE int segment_cipher_init(struct segment_cipher *cipher,
                                      const uint8_t key[SEGMENT_KEY_SIZE],
                                      const uint8_t id[SEGMENT_ID_SIZE], bool is_for_sealing);
void segment_cipher_release(struct segment_cipher *cipher);

/* Seals a payload where it lies; head->length is that of what is stored, which is
 * SEGMENT_TAG_SIZE more than the payload's. Never again with this index. PASU_E_CRYPTO. */
PASU_MUST_USE int segment_cipher_seal(struct segment_cipher *cipher,
                                      const struct segment_head *head, uint8_t *payload);
/* Opens what is stored, of at least SEGMENT_TAG_SIZE bytes, into as many bytes less
 * SEGMENT_TAG_SIZE. PASU_E_CRYPTO: sealed with another key, or changed; the bytes are of no use. */
PASU_MUST_USE int segment_cipher_open(struct segment_cipher *cipher,
                                      const struct segment_head *head, const uint8_t *stored,
                                      uint8_t *payload);

#endif
