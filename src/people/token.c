/* SPDX-License-Identifier: Apache-2.0 */
#include "people/token.h"

#include "base/error.h"
#include "base/memory.h"

#include <openssl/evp.h>

static int
digest(uint8_t to[TOKEN_DIGEST_SIZE], struct view token)
{
    size_t length = TOKEN_DIGEST_SIZE;

    return EVP_Q_digest(NULL, "SHA256", NULL, token.bytes, token.length, to, &length) == 1
               ? 0
               : PASU_E_CRYPTO;
}

static bool
is_end(uint8_t c)
{
    return c == '\n' || c == '\r';
}

int
tokens_take(struct tokens *t, struct view file)
{
    t->count = 0;
    for (size_t at = 0; at < file.length;) {
        size_t from = at;
        int result;

        while (at < file.length && !is_end(file.bytes[at]))
            at++;
        if (at > from) {
            if (t->count == TOKENS_MAX)
                return PASU_E_RANGE;
            result = digest(t->digests[t->count++], view_of(file.bytes + from, at - from));
            if (result != 0)
                return result;
        }
        at++;
    }
    return 0;
}

bool
tokens_match(const struct tokens *t, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    uint8_t given[TOKEN_DIGEST_SIZE];
    bool is_one = false;

    if (!authorization || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return false;
    authorization += strlen(scheme);
    authorization += strspn(authorization, " ");
    if (digest(given, view_of_text(authorization)) != 0)
        return false;
    for (size_t i = 0; i < t->count; i++)
        is_one |= memory_equal_secret(given, t->digests[i], sizeof(given));
    return is_one;
}
