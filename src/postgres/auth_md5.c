/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/auth_md5.h"

#include "base/memory.h"

#include <openssl/evp.h>

enum { MD5_LENGTH = 16, HEX_LENGTH = 32 };

/* The digits of md5(a b). */
static int
hash_hex(char hex[HEX_LENGTH], struct view a, struct view b)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    static const char digits[] = "0123456789abcdef";
    int result = PASU_E_CRYPTO;

    if (context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 &&
        EVP_DigestUpdate(context, a.bytes, a.length) == 1 &&
        EVP_DigestUpdate(context, b.bytes, b.length) == 1 &&
        EVP_DigestFinal_ex(context, hash, NULL) == 1) {
        for (int i = 0; i < MD5_LENGTH; i++) {
            hex[2 * i] = digits[hash[i] >> 4];
            hex[2 * i + 1] = digits[hash[i] & 15];
        }
        result = 0;
    }
    EVP_MD_CTX_free(context);
    memory_wipe(hash, sizeof(hash));
    return result;
}

int
auth_md5_response(char text[AUTH_MD5_SIZE], struct view user, struct view password,
                  const uint8_t salt[4])
{
    char inner[HEX_LENGTH];
    int result = hash_hex(inner, password, user);

    memcpy(text, "md5", 3);
    if (result == 0)
        result = hash_hex(text + 3, view_of(inner, sizeof(inner)), view_of(salt, 4));
    text[AUTH_MD5_SIZE - 1] = '\0';
    memory_wipe(inner, sizeof(inner));
    return result;
}
