/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/index_cipher.h"

#include "base/memory.h"
#include "base/os.h"
#include "ledger/index.h"

_Static_assert(INDEX_CIPHER_MORE == GCM_NONCE_SIZE + GCM_TAG_SIZE, "what is stored");

int
index_cipher_init(struct index_cipher *cipher, const uint8_t key[SEGMENT_KEY_SIZE],
                  const uint8_t salt[INDEX_SALT_SIZE])
{
    uint8_t derived[SEGMENT_KEY_SIZE];
    int result = segment_keys_derive(key, view_of(salt, INDEX_SALT_SIZE), "pasu index", derived);

    *cipher = (struct index_cipher){0};
    if (result == 0) {
        cipher->seal = gcm_context(derived, true);
        cipher->open = gcm_context(derived, false);
    }
    memory_wipe(derived, sizeof(derived));
    if (result == 0 && (cipher->seal == NULL || cipher->open == NULL))
        result = PASU_E_NOMEM;
    if (result == 0 && os_real.random(os_real.arg, cipher->nonce, sizeof(cipher->nonce)) != 0)
        result = PASU_E_CRYPTO;
    if (result != 0)
        index_cipher_release(cipher);
    return result;
}

int
index_cipher_copy(struct index_cipher *copy, const struct index_cipher *cipher)
{
    *copy = (struct index_cipher){.open = EVP_CIPHER_CTX_new()};
    if (copy->open != NULL && EVP_CIPHER_CTX_copy(copy->open, cipher->open) == 1)
        return 0;
    index_cipher_release(copy);
    return PASU_E_NOMEM;
}

void
index_cipher_release(struct index_cipher *cipher)
{
    EVP_CIPHER_CTX_free(cipher->seal); /* which wipes it */
    EVP_CIPHER_CTX_free(cipher->open);
    *cipher = (struct index_cipher){0};
}

static void
count(uint8_t nonce[GCM_NONCE_SIZE])
{
    for (size_t i = 0; i < GCM_NONCE_SIZE && ++nonce[i] == 0; i++)
        ;
}

static bool
begin(EVP_CIPHER_CTX *context, const uint8_t *nonce, uint8_t table, struct view key)
{
    uint8_t additional[1 + INDEX_KEY_MAX] = {table};

    if (key.length > INDEX_KEY_MAX)
        return false;
    memcpy(additional + 1, key.bytes, key.length);
    return gcm_begin(context, nonce, view_of(additional, 1 + key.length));
}

int
index_cipher_seal(struct index_cipher *cipher, uint8_t table, struct view key, struct view value,
                  uint8_t *stored)
{
    memcpy(stored, cipher->nonce, GCM_NONCE_SIZE);
    count(cipher->nonce);
    if (!begin(cipher->seal, stored, table, key))
        return PASU_E_CRYPTO;
    return gcm_seal(cipher->seal, value, stored + GCM_NONCE_SIZE);
}

int
index_cipher_open(struct index_cipher *cipher, uint8_t table, struct view key, struct view stored,
                  uint8_t *value)
{
    if (!begin(cipher->open, stored.bytes, table, key))
        return PASU_E_CORRUPT;
    return gcm_open(cipher->open,
                    view_of(stored.bytes + GCM_NONCE_SIZE, stored.length - GCM_NONCE_SIZE), value);
}
