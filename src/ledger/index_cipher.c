/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/index_cipher.h"

#include "base/memory.h"
#include "base/os.h"

#include <limits.h>

enum { TAG_SIZE = INDEX_CIPHER_MORE - INDEX_NONCE_SIZE };

static EVP_CIPHER_CTX *
context_new(const uint8_t key[SEGMENT_KEY_SIZE], bool is_for_sealing)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    if (context != NULL &&
        EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key, NULL, is_for_sealing) != 1) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    return context;
}

int
index_cipher_init(struct index_cipher *cipher, const uint8_t key[SEGMENT_KEY_SIZE],
                  const uint8_t salt[INDEX_SALT_SIZE])
{
    uint8_t derived[SEGMENT_KEY_SIZE];
    int result = segment_keys_derive(key, view_of(salt, INDEX_SALT_SIZE), "pasu index", derived);

    *cipher = (struct index_cipher){0};
    if (result == 0) {
        cipher->seal = context_new(derived, true);
        cipher->open = context_new(derived, false);
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

void
index_cipher_release(struct index_cipher *cipher)
{
    EVP_CIPHER_CTX_free(cipher->seal); /* which wipes it */
    EVP_CIPHER_CTX_free(cipher->open);
    *cipher = (struct index_cipher){0};
}

static void
count(uint8_t nonce[INDEX_NONCE_SIZE])
{
    for (size_t i = 0; i < INDEX_NONCE_SIZE && ++nonce[i] == 0; i++)
        ;
}

static bool
begin(EVP_CIPHER_CTX *context, const uint8_t *nonce, uint8_t table, struct view key)
{
    int length;

    return EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, -1) == 1 &&
           EVP_CipherUpdate(context, NULL, &length, &table, sizeof(table)) == 1 &&
           (key.length == 0 ||
            EVP_CipherUpdate(context, NULL, &length, key.bytes, (int)key.length) == 1);
}

static bool
turn(EVP_CIPHER_CTX *context, uint8_t *to, const uint8_t *from, size_t size)
{
    int length = 0;

    return size == 0 ||
           (EVP_CipherUpdate(context, to, &length, from, (int)size) == 1 && (size_t)length == size);
}

static bool
finish(EVP_CIPHER_CTX *context)
{
    uint8_t none[EVP_MAX_BLOCK_LENGTH];
    int length = 0;

    return EVP_CipherFinal_ex(context, none, &length) == 1 && length == 0;
}

int
index_cipher_seal(struct index_cipher *cipher, uint8_t table, struct view key, struct view value,
                  uint8_t *stored)
{
    uint8_t *at = stored + INDEX_NONCE_SIZE;

    if (value.length > INT_MAX || key.length > INT_MAX)
        return PASU_E_RANGE;
    memcpy(stored, cipher->nonce, INDEX_NONCE_SIZE);
    count(cipher->nonce);
    return begin(cipher->seal, stored, table, key) &&
                   turn(cipher->seal, at, value.bytes, value.length) && finish(cipher->seal) &&
                   EVP_CIPHER_CTX_ctrl(cipher->seal, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE,
                                       at + value.length) == 1
               ? 0
               : PASU_E_CRYPTO;
}

int
index_cipher_open(struct index_cipher *cipher, uint8_t table, struct view key, struct view stored,
                  uint8_t *value)
{
    const uint8_t *at = stored.bytes + INDEX_NONCE_SIZE;
    size_t length = stored.length - INDEX_CIPHER_MORE;

    return length <= INT_MAX && key.length <= INT_MAX &&
                   begin(cipher->open, stored.bytes, table, key) &&
                   turn(cipher->open, value, at, length) &&
                   EVP_CIPHER_CTX_ctrl(cipher->open, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE,
                                       (void *)(uintptr_t)(at + length)) == 1 &&
                   finish(cipher->open)
               ? 0
               : PASU_E_CORRUPT;
}
