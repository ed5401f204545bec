/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger holds of a subject's key instead of the key: a keyed hash, by which it is found
 * again, and the key itself sealed, for whoever has the directory's secret.
 *
 *      hash     SipHash-2-4-128, key from the secret, of 0x00 ‖ text; a text of more than
 *               SEAL_TEXT_MAX bytes: of 0x01 ‖ its BLAKE2b-256
 *      sealed   XChaCha20-Poly1305 of form ‖ text, with a key from the secret for this kind and
 *               ordinal alone, which are authenticated too (8 bytes, little-endian: ordinal, kind).
 *               form 0: the whole text; form 1: the text is longer, these are its first
 *               SEAL_TEXT_MAX bytes
 *      nonce    hash ‖ ordinal ‖ kind ‖ 0 0 0. It needs no randomness: the same key and nonce come
 *               again only with the same text
 *
 * Keys are derived with BLAKE2b (libsodium's crypto_kdf). The hash does not depend on the kind's
 * number, which another configuration may change. Who destroys a sealed text has erased the person:
 * the ordinal and the hash remain, which say nothing without the secret.
 */
#ifndef PASU_EXPOSURE_SEAL_H
#define PASU_EXPOSURE_SEAL_H

#include "base/bytes.h"

enum {
    SEAL_SECRET_SIZE = 32,
    SEAL_HASH_SIZE = 16,
    SEAL_TEXT_MAX = 1024,
    SEAL_OVERHEAD = 17, /* form and tag */
    SEAL_MAX = SEAL_TEXT_MAX + SEAL_OVERHEAD,
};

/* Keys made from the secret: a secret themselves. Immutable, for any number of threads. */
struct seal {
    uint8_t hash_key[16];
    uint8_t shape_key[16]; /* of statements' fingerprints (postgres/plan.h) */
    uint8_t seal_key[32];
};

/* PASU_E_CRYPTO where the library does not start. */
PASU_MUST_USE int seal_init(struct seal *seal, const uint8_t secret[SEAL_SECRET_SIZE]);
/* Wipes it. */
void seal_release(struct seal *seal);
void seal_hash(const struct seal *seal, struct view text, uint8_t hash[SEAL_HASH_SIZE]);
/* Seals a text that has this hash; the length written, at most text.length + SEAL_OVERHEAD. */
size_t seal_close(const struct seal *seal, uint8_t kind, uint32_t ordinal,
                  const uint8_t hash[SEAL_HASH_SIZE], struct view text, uint8_t sealed[SEAL_MAX]);
/* Opens hostile bytes: the text's length, and whether the text is the beginning of a longer one.
 * PASU_E_CORRUPT where the secret, kind, ordinal, hash or bytes are not those of when it was
 * sealed. */
PASU_MUST_USE ssize_t seal_open(const struct seal *seal, uint8_t kind, uint32_t ordinal,
                                const uint8_t hash[SEAL_HASH_SIZE], struct view sealed,
                                uint8_t text[SEAL_TEXT_MAX], bool *is_cut);

#endif
