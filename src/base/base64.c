/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "base/memory.h"

#include <openssl/evp.h>

void
base64_write(struct writer *w, const void *bytes, size_t length)
{
    uint8_t text[BASE64_TEXT_MAX + 1]; /* OpenSSL adds a zero byte */

    if (length > BASE64_BYTES_MAX) {
        w->failed = true;
        return;
    }
    writer_bytes(w, text, (size_t)EVP_EncodeBlock(text, bytes, (int)length));
    memory_wipe(text, sizeof(text));
}

int
base64_read(uint8_t *bytes, size_t size, struct view text)
{
    uint8_t decoded[BASE64_BYTES_MAX];
    uint8_t again[BASE64_TEXT_MAX + 1];
    int length, result = PASU_E_MALFORMED;

    if (text.length == 0)
        return 0;
    if (text.length % 4 != 0 || text.length > BASE64_TEXT_MAX)
        return PASU_E_MALFORMED;
    length = EVP_DecodeBlock(decoded, text.bytes, (int)text.length);
    if (length < 0)
        goto out;
    for (size_t i = 1; i <= 2 && text.bytes[text.length - i] == '='; i++)
        length--;
    if ((size_t)length > size)
        goto out;
    EVP_EncodeBlock(again, decoded, length);
    if (memcmp(again, text.bytes, text.length) != 0)
        goto out;
    memcpy(bytes, decoded, (size_t)length);
    result = length;
out:
    memory_wipe(decoded, sizeof(decoded));
    memory_wipe(again, sizeof(again));
    return result;
}
