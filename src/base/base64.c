/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "base/memory.h"

#include <openssl/evp.h>

enum { PIECE = 48, PIECE_TEXT = BASE64_LENGTH(PIECE) };

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void
base64_write(struct writer *w, const void *bytes, size_t length)
{
    uint8_t text[PIECE_TEXT + 1]; /* OpenSSL adds a zero byte */

    for (size_t at = 0, n; at < length; at += n) {
        n = smaller(length - at, PIECE);
        writer_bytes(w, text, (size_t)EVP_EncodeBlock(text, (const uint8_t *)bytes + at, (int)n));
    }
    memory_wipe(text, sizeof(text));
}

/* One piece of 4 to PIECE_TEXT characters. */
static ssize_t
read_piece(uint8_t bytes[PIECE], struct view text)
{
    uint8_t again[PIECE_TEXT + 1];
    int length = EVP_DecodeBlock(bytes, text.bytes, (int)text.length);
    bool is_same;

    if (length < 0)
        return PASU_E_MALFORMED;
    for (size_t i = 1; i <= 2 && text.bytes[text.length - i] == '='; i++)
        length--;
    is_same = (size_t)EVP_EncodeBlock(again, bytes, length) == text.length &&
              memcmp(again, text.bytes, text.length) == 0;
    memory_wipe(again, sizeof(again));
    return is_same ? length : PASU_E_MALFORMED;
}

ssize_t
base64_read(uint8_t *bytes, size_t size, struct view text)
{
    uint8_t piece[PIECE];
    size_t total = 0;
    ssize_t n = 0;

    if (text.length % 4 != 0)
        return PASU_E_MALFORMED;
    while (text.length > 0) {
        size_t length = smaller(text.length, PIECE_TEXT);

        n = read_piece(piece, view_of(text.bytes, length));
        text = view_of(text.bytes + length, text.length - length);
        /* Padding ends a text. */
        if (n >= 0 && ((text.length > 0 && n < PIECE) || (bytes && (size_t)n > size - total)))
            n = PASU_E_MALFORMED;
        if (n < 0)
            break;
        if (bytes)
            memcpy(bytes + total, piece, (size_t)n);
        total += (size_t)n;
    }
    memory_wipe(piece, sizeof(piece));
    return n < 0 ? n : (ssize_t)total;
}
