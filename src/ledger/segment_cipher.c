/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/segment_cipher.h"

#include "base/memory.h"
#include "ledger/gcm.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

_Static_assert((int)SEGMENT_TAG_SIZE == (int)GCM_TAG_SIZE &&
                   (int)SEGMENT_KEY_SIZE == (int)GCM_KEY_SIZE,
               "what the format says");

/* ---- keys ---- */

int
segment_keys_add(struct segment_keys *keys, const uint8_t key[SEGMENT_KEY_SIZE])
{
    if (keys->count == SEGMENT_KEYS_MAX)
        return PASU_E_RANGE;
    memcpy(keys->keys[keys->count++], key, SEGMENT_KEY_SIZE);
    return 0;
}

void
segment_keys_release(struct segment_keys *keys)
{
    memory_wipe(keys, sizeof(*keys));
}

int
segment_keys_derive(const uint8_t key[SEGMENT_KEY_SIZE], struct view salt, const char *info,
                    uint8_t derived[SEGMENT_KEY_SIZE])
{
    static char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key,
                                          SEGMENT_KEY_SIZE),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.bytes,
                                          salt.length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info,
                                          strlen(info)),
        OSSL_PARAM_construct_end()};
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    int result = context && EVP_KDF_derive(context, derived, SEGMENT_KEY_SIZE, parameters) == 1
                     ? 0
                     : PASU_E_CRYPTO;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return result;
}

/* ---- one segment ---- */

int
segment_cipher_init(struct segment_cipher *cipher, const uint8_t key[SEGMENT_KEY_SIZE],
                    const uint8_t id[SEGMENT_ID_SIZE], bool is_for_sealing)
{
    uint8_t derived[SEGMENT_KEY_SIZE];
    int result = segment_keys_derive(key, view_of(id, SEGMENT_ID_SIZE), "pasu segment", derived);

    cipher->context = result == 0 ? gcm_context(derived, is_for_sealing) : NULL;
    if (result == 0 && !cipher->context)
        result = PASU_E_NOMEM;
    memory_wipe(derived, sizeof(derived));
    if (result != 0)
        segment_cipher_release(cipher);
    return result;
}

void
segment_cipher_release(struct segment_cipher *cipher)
{
    EVP_CIPHER_CTX_free(cipher->context); /* which wipes it */
    cipher->context = NULL;
}

/* The nonce and the additional data of a record. */
static bool
begin(EVP_CIPHER_CTX *context, const struct segment_head *head)
{
    struct segment_head bound = *head;
    uint8_t nonce[GCM_NONCE_SIZE] = {0};

    bound.crc = 0;
    memcpy(nonce, &head->index, sizeof(head->index));
    return gcm_begin(context, nonce, view_of((const uint8_t *)&bound, sizeof(bound)));
}

int
segment_cipher_seal(struct segment_cipher *cipher, const struct segment_head *head,
                    uint8_t *payload)
{
    return begin(cipher->context, head)
               ? gcm_seal(cipher->context, view_of(payload, head->length - SEGMENT_TAG_SIZE),
                          payload)
               : PASU_E_CRYPTO;
}

int
segment_cipher_open(struct segment_cipher *cipher, const struct segment_head *head,
                    const uint8_t *stored, uint8_t *payload)
{
    return begin(cipher->context, head) &&
                   gcm_open(cipher->context, view_of(stored, head->length), payload) == 0
               ? 0
               : PASU_E_CRYPTO;
}
