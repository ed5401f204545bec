/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/signature.h"

#include "base/base64.h"
#include "base/memory.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static const char prefix[] = "whsec_", scheme[] = "v1,";

ssize_t
signature_secret(uint8_t secret[SIGNATURE_SECRET_MAX], struct view file)
{
    const uint8_t *end = file.length > 0 ? memchr(file.bytes, '\n', file.length) : NULL;
    struct view line = view_of(file.bytes, end ? (size_t)(end - file.bytes) : file.length);
    const size_t head = sizeof(prefix) - 1;
    ssize_t length;

    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    if (line.length == 0)
        return PASU_E_MALFORMED;
    if (line.length > head && memcmp(line.bytes, prefix, head) == 0) {
        length = base64_read(secret, SIGNATURE_SECRET_MAX,
                             view_of(line.bytes + head, line.length - head));
        return length == 0 ? PASU_E_MALFORMED : length;
    }
    if (line.length > SIGNATURE_SECRET_MAX)
        return PASU_E_RANGE;
    memcpy(secret, line.bytes, line.length);
    return (ssize_t)line.length;
}

int
signature_make(char signature[SIGNATURE_SIZE], struct view secret, const char *id, int64_t seconds,
               struct view body)
{
    size_t size = strlen(id) + 32 + body.length;
    char *text = memory_new(size, 1);
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    struct writer w = writer_of(signature, SIGNATURE_SIZE - 1);
    int head;
    bool is_made;

    if (!text)
        return PASU_E_NOMEM;
    head = snprintf(text, size, "%s.%" PRId64 ".", id, seconds);
    memcpy(text + head, body.bytes, body.length);
    is_made = HMAC(EVP_sha256(), secret.bytes, (int)secret.length, (const uint8_t *)text,
                   (size_t)head + body.length, mac, &length) != NULL;
    memory_free(text);
    if (!is_made)
        return PASU_E_CRYPTO;
    writer_bytes(&w, scheme, sizeof(scheme) - 1);
    base64_write(&w, mac, length);
    *w.at = '\0';
    return writer_end(&w) < 0 ? PASU_E_CRYPTO : 0;
}
