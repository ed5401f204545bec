/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/gcm.h"

#include "base/error.h"

#include <limits.h>

EVP_CIPHER_CTX *
gcm_context(const uint8_t key[GCM_KEY_SIZE], bool is_for_sealing)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    if (context &&
        EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key, NULL, is_for_sealing) == 1)
        return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

bool
gcm_begin(EVP_CIPHER_CTX *context, const uint8_t nonce[GCM_NONCE_SIZE], struct view additional)
{
    int length;

    return additional.length <= INT_MAX &&
           EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, -1) == 1 &&
           (additional.length == 0 || EVP_CipherUpdate(context, NULL, &length, additional.bytes,
                                                       (int)additional.length) == 1);
}

static bool
turn(EVP_CIPHER_CTX *context, uint8_t *to, struct view from)
{
    int length = 0;

    return from.length == 0 ||
           (EVP_CipherUpdate(context, to, &length, from.bytes, (int)from.length) == 1 &&
            (size_t)length == from.length);
}

static bool
finish(EVP_CIPHER_CTX *context)
{
    uint8_t none[EVP_MAX_BLOCK_LENGTH];
    int length = 0;

    return EVP_CipherFinal_ex(context, none, &length) == 1 && length == 0;
}

int
gcm_seal(EVP_CIPHER_CTX *context, struct view plain, uint8_t *sealed)
{
    if (plain.length > INT_MAX)
        return PASU_E_RANGE;
    return turn(context, sealed, plain) && finish(context) &&
                   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_SIZE,
                                       sealed + plain.length) == 1
               ? 0
               : PASU_E_CRYPTO;
}

int
gcm_open(EVP_CIPHER_CTX *context, struct view sealed, uint8_t *plain)
{
    const struct view text = view_of(sealed.bytes, sealed.length - GCM_TAG_SIZE);

    return text.length <= INT_MAX && turn(context, plain, text) &&
                   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_SIZE,
                                       (void *)(uintptr_t)(text.bytes + text.length)) == 1 &&
                   finish(context)
               ? 0
               : PASU_E_CORRUPT;
}
