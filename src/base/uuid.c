/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f')
        return (c | 32) - 'a' + 10;
    return -1;
}

void
uuid_write(char written[UUID_TEXT_SIZE], const uint8_t bytes[UUID_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            written[at++] = '-';
        written[at++] = digits[bytes[i] >> 4];
        written[at++] = digits[bytes[i] & 15];
    }
    written[at] = '\0';
}

bool
uuid_is(struct view text, char written[UUID_TEXT_SIZE])
{
    uint8_t bytes[UUID_BYTES];
    size_t digits = 0;

    if (text.length >= 2 && text.bytes[0] == '{' && text.bytes[text.length - 1] == '}')
        text = view_of(text.bytes + 1, text.length - 2);
    for (size_t i = 0; i < text.length; i++) {
        int digit = hex_digit(text.bytes[i]);

        if (text.bytes[i] == '-' && digits > 0 && digits % 4 == 0 && text.bytes[i - 1] != '-' &&
            digits < 2 * UUID_BYTES)
            continue;
        if (digit < 0 || digits == 2 * UUID_BYTES)
            return false;
        bytes[digits / 2] = (uint8_t)(digits % 2 ? bytes[digits / 2] | digit : digit << 4);
        digits++;
    }
    if (digits != 2 * UUID_BYTES)
        return false;
    uuid_write(written, bytes);
    return true;
}
