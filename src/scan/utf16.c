/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/utf16.h"

#include "base/utf8.h"

enum {
    HEAD_LEAST = 64, /* bytes, to tell it without a mark */
    HEAD_MOST = 4096,
    REPLACEMENT = 0xfffd,
    MARK = 0xfeff,
};

/* Of text that is mostly ASCII nearly every second byte is zero, and nearly none of the others. */
enum utf16_order
utf16_order_of(struct view head)
{
    size_t zeros[2] = {0, 0}, pairs;

    if (head.length >= 2 && head.bytes[0] == 0xff && head.bytes[1] == 0xfe)
        return UTF16_LITTLE;
    if (head.length >= 2 && head.bytes[0] == 0xfe && head.bytes[1] == 0xff)
        return UTF16_BIG;
    if (head.length < HEAD_LEAST)
        return UTF16_NONE;
    pairs = (head.length < HEAD_MOST ? head.length : HEAD_MOST) / 2;
    for (size_t i = 0; i < 2 * pairs; i++)
        zeros[i % 2] += head.bytes[i] == 0;
    if (zeros[0] * 10 < pairs && zeros[1] * 2 > pairs)
        return UTF16_LITTLE;
    if (zeros[1] * 10 < pairs && zeros[0] * 2 > pairs)
        return UTF16_BIG;
    return UTF16_NONE;
}

static size_t
put(uint8_t *out, uint32_t character)
{
    return character == MARK ? 0 : utf8_put(out, character);
}

/* At most two characters: a half that was alone, and this one. */
static size_t
take_unit(struct utf16 *u, uint16_t unit, uint8_t *out)
{
    size_t length = 0;

    if (u->high != 0 && unit >= 0xdc00 && unit < 0xe000) {
        uint32_t character = 0x10000 + ((uint32_t)(u->high - 0xd800) << 10) + (unit - 0xdc00U);

        u->high = 0;
        return put(out, character);
    }
    if (u->high != 0)
        length = put(out, REPLACEMENT);
    u->high = unit >= 0xd800 && unit < 0xdc00 ? unit : 0;
    if (u->high != 0)
        return length;
    return length + put(out + length, unit >= 0xdc00 && unit < 0xe000 ? REPLACEMENT : unit);
}

size_t
utf16_take(struct utf16 *u, struct view *bytes, uint8_t *out, size_t size)
{
    size_t used = 0, at = 0;

    for (; at < bytes->length && size - used >= 6; at++) {
        uint8_t byte = bytes->bytes[at], first = u->odd;

        u->odd = byte;
        u->has_odd = !u->has_odd;
        if (u->has_odd)
            continue;
        used += take_unit(u,
                          u->order == UTF16_LITTLE ? (uint16_t)(byte << 8 | first)
                                                   : (uint16_t)(first << 8 | byte),
                          out + used);
    }
    *bytes = view_of(bytes->bytes + at, bytes->length - at);
    return used;
}
