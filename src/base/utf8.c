/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

size_t
utf8_first(struct view text, uint32_t *character)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t lead = text.length > 0 ? text.bytes[0] : 0xff;
    unsigned more = lead < 0x80 ? 0 : lead < 0xc0 ? 4 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    uint32_t c = lead < 0x80 ? lead : lead & (0x3fu >> more);

    if (more > 3 || lead >= 0xf8 || more >= text.length)
        return 0;
    for (unsigned i = 1; i <= more; i++) {
        if ((text.bytes[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (text.bytes[i] & 0x3f);
    }
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    *character = c;
    return more + 1;
}

bool
utf8_is_valid(struct view text)
{
    while (text.length > 0) {
        uint32_t character;
        size_t n = utf8_first(text, &character);

        if (n == 0)
            return false;
        text = view_of(text.bytes + n, text.length - n);
    }
    return true;
}

size_t
utf8_cut(const char *text, size_t most)
{
    size_t length = strlen(text);

    if (length > most)
        for (length = most; length > 0 && ((uint8_t)text[length] & 0xc0) == 0x80; length--)
            ;
    return length;
}

size_t
utf8_put(uint8_t to[4], uint32_t c)
{
    if (c < 0x80) {
        to[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (uint8_t)(0xC0 | c >> 6);
        to[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (uint8_t)(0xE0 | c >> 12);
        to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        to[2] = (uint8_t)(0x80 | (c & 0x3F));
        return 3;
    }
    to[0] = (uint8_t)(0xF0 | c >> 18);
    to[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    to[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    to[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}
