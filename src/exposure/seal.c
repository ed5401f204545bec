/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/seal.h"

#include "base/memory.h"
#include "exposure/little.h"

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/core.h>
#include <sodium/crypto_aead_xchacha20poly1305.h>
#include <sodium/crypto_generichash.h>
#include <sodium/crypto_kdf.h>
#include <sodium/crypto_shorthash_siphash24.h>

enum { KEY_OF_HASHES = 1, KEY_OF_SEALS = 2, KEY_OF_SHAPES = 3 }; /* sub-keys of the secret */
enum { BOUND_SIZE = 8, DIGEST_SIZE = 32 };
enum { FORM_WHOLE, FORM_CUT };

static_assert(crypto_kdf_KEYBYTES == SEAL_SECRET_SIZE, "the secret is a key to derive from");
static_assert(crypto_shorthash_siphashx24_BYTES == SEAL_HASH_SIZE, "the hash is stored whole");
static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == SEAL_HASH_SIZE + BOUND_SIZE,
              "the nonce is made of the hash and what is bound");
static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES + 1 == SEAL_OVERHEAD, "tag and form");

/* The context, eight letters, keeps these keys apart from whatever else the secret is used for. */
int
seal_init(struct seal *seal, const uint8_t secret[SEAL_SECRET_SIZE])
{
    static_assert(sizeof(seal->hash_key) == crypto_shorthash_siphashx24_KEYBYTES, "");
    static_assert(sizeof(seal->seal_key) == crypto_kdf_KEYBYTES, "");
    if (sodium_init() < 0 ||
        crypto_kdf_derive_from_key(seal->hash_key, sizeof(seal->hash_key), KEY_OF_HASHES,
                                   "pasu-dir", secret) != 0 ||
        crypto_kdf_derive_from_key(seal->seal_key, sizeof(seal->seal_key), KEY_OF_SEALS, "pasu-dir",
                                   secret) != 0 ||
        crypto_kdf_derive_from_key(seal->shape_key, sizeof(seal->shape_key), KEY_OF_SHAPES,
                                   "pasu-dir", secret) != 0)
        return PASU_E_CRYPTO;
    return 0;
}

void
seal_release(struct seal *seal)
{
    memory_wipe(seal, sizeof(*seal));
}

void
seal_hash(const struct seal *seal, struct view text, uint8_t hash[SEAL_HASH_SIZE])
{
    uint8_t bytes[1 + SEAL_TEXT_MAX];
    size_t length = text.length;

    if (length <= SEAL_TEXT_MAX) {
        bytes[0] = FORM_WHOLE;
        if (length > 0)
            memcpy(bytes + 1, text.bytes, length);
    } else {
        bytes[0] = FORM_CUT;
        length = DIGEST_SIZE;
        (void)crypto_generichash(bytes + 1, DIGEST_SIZE, text.bytes, text.length, NULL, 0);
    }
    (void)crypto_shorthash_siphashx24(hash, bytes, 1 + length, seal->hash_key);
}

/* Derives the key, nonce and additional data of one entry. */
static void
bind_entry(const struct seal *seal, uint8_t kind, uint32_t ordinal,
           const uint8_t hash[SEAL_HASH_SIZE], uint8_t key[32],
           uint8_t nonce[SEAL_HASH_SIZE + BOUND_SIZE], uint64_t *bound)
{
    *bound = (uint64_t)kind << 32 | ordinal;
    memcpy(nonce, hash, SEAL_HASH_SIZE);
    memcpy(nonce + SEAL_HASH_SIZE, bound, BOUND_SIZE);
    (void)crypto_kdf_derive_from_key(key, 32, *bound, "pasu-ent", seal->seal_key);
}

size_t
seal_close(const struct seal *seal, uint8_t kind, uint32_t ordinal,
           const uint8_t hash[SEAL_HASH_SIZE], struct view text, uint8_t sealed[SEAL_MAX])
{
    bool is_cut = text.length > SEAL_TEXT_MAX;
    size_t length = is_cut ? SEAL_TEXT_MAX : text.length;
    uint8_t plain[1 + SEAL_TEXT_MAX], key[32], nonce[SEAL_HASH_SIZE + BOUND_SIZE];
    unsigned long long written = 0;
    uint64_t bound;

    plain[0] = is_cut ? FORM_CUT : FORM_WHOLE;
    if (length > 0)
        memcpy(plain + 1, text.bytes, length);
    bind_entry(seal, kind, ordinal, hash, key, nonce, &bound);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, &written, plain, 1 + length,
                                                     (const uint8_t *)&bound, sizeof(bound), NULL,
                                                     nonce, key);
    memory_wipe(key, sizeof(key));
    memory_wipe(plain, sizeof(plain));
    return (size_t)written;
}

ssize_t
seal_open(const struct seal *seal, uint8_t kind, uint32_t ordinal,
          const uint8_t hash[SEAL_HASH_SIZE], struct view sealed, uint8_t text[SEAL_TEXT_MAX],
          bool *is_cut)
{
    uint8_t plain[1 + SEAL_TEXT_MAX], key[32], nonce[SEAL_HASH_SIZE + BOUND_SIZE];
    ssize_t result = PASU_E_CORRUPT;
    unsigned long long length = 0;
    uint64_t bound;

    if (sealed.length < SEAL_OVERHEAD || sealed.length > SEAL_MAX)
        return PASU_E_CORRUPT;
    bind_entry(seal, kind, ordinal, hash, key, nonce, &bound);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &length, NULL, sealed.bytes,
                                                   sealed.length, (const uint8_t *)&bound,
                                                   sizeof(bound), nonce, key) == 0 &&
        plain[0] <= FORM_CUT) {
        result = (ssize_t)length - 1;
        *is_cut = plain[0] == FORM_CUT;
        memcpy(text, plain + 1, (size_t)result);
    }
    memory_wipe(key, sizeof(key));
    memory_wipe(plain, sizeof(plain));
    return result;
}
