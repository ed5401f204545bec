/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hashed_out.h"

#include <openssl/evp.h>

static void
put_hex(char *text, const uint8_t *hash, unsigned length)
{
    for (unsigned i = 0; i < length; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

static ssize_t
write_both(void *arg, const char *bytes, size_t length)
{
    struct hashed_out *out = arg;

    if (EVP_DigestUpdate(out->digest, bytes, length) != 1)
        return 0;
    return fwrite(bytes, 1, length, out->to) == length ? (ssize_t)length : 0;
}

int
hashed_out_open(struct hashed_out *out, FILE *to)
{
    cookie_io_functions_t functions = {.write = write_both};

    *out = (struct hashed_out){.to = to, .digest = EVP_MD_CTX_new()};
    if (!out->digest || EVP_DigestInit_ex(out->digest, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(out->digest);
        return PASU_E_CRYPTO;
    }
    out->file = fopencookie(out, "w", functions);
    if (out->file)
        return 0;
    EVP_MD_CTX_free(out->digest);
    return PASU_E_NOMEM;
}

int
hashed_out_close(struct hashed_out *out, char text[HASHED_TEXT_SIZE])
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    bool is_written = !ferror(out->file);
    int result;

    is_written = fclose(out->file) == 0 && is_written && fflush(out->to) == 0;
    result =
        EVP_DigestFinal_ex(out->digest, hash, &length) == 1 && length == 32 ? 0 : PASU_E_CRYPTO;
    EVP_MD_CTX_free(out->digest);
    if (result == 0)
        put_hex(text, hash, length);
    return is_written ? result : PASU_E_IO;
}

int
hashed_text(const void *bytes, size_t length, char text[HASHED_TEXT_SIZE])
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (EVP_Digest(bytes, length, hash, &size, EVP_sha256(), NULL) != 1 || size != 32)
        return PASU_E_CRYPTO;
    put_hex(text, hash, size);
    return 0;
}
