/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/note_text.h"

/* The next character, or -1 where the bytes are no UTF-8 (RFC 3629). */
static int32_t
next_character(struct reader *r)
{
    uint8_t first = reader_u8(r);
    int32_t c, least;
    unsigned more;

    if (first < 0x80)
        return first;
    if (first >= 0xc0 && first < 0xe0) {
        more = 1;
        c = first & 0x1f;
        least = 0x80;
    } else if (first >= 0xe0 && first < 0xf0) {
        more = 2;
        c = first & 0x0f;
        least = 0x800;
    } else if (first >= 0xf0 && first < 0xf8) {
        more = 3;
        c = first & 0x07;
        least = 0x10000;
    } else {
        return -1;
    }
    for (; more > 0; more--) {
        uint8_t byte = reader_u8(r); /* 0 at the end */

        if ((byte & 0xc0) != 0x80)
            return -1;
        c = c << 6 | (byte & 0x3f);
    }
    return c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? -1 : c;
}

/* Unicode's property White_Space. */
static bool
is_space(int32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

bool
note_text_is_valid(struct view text)
{
    struct reader r = reader_of(text);

    while (reader_left(&r) > 0) {
        int32_t c = next_character(&r);

        if (c < 0x20 && c != '\n')
            return false;
    }
    return true;
}

bool
note_name_is_valid(struct view name)
{
    struct reader r = reader_of(name);

    while (reader_left(&r) > 0) {
        int32_t c = next_character(&r);

        if (c < 0x20 || c == '+' || is_space(c))
            return false;
    }
    return name.length > 0;
}
