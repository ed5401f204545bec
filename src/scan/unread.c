/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/unread.h"

static char
shape_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return '9';
    if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z')
        return 'x';
    return byte >= ' ' && byte < 0x7f ? (char)byte : '?';
}

void
unread_add(struct unread *unread, uint64_t offset, uint64_t length, struct view line)
{
    struct unread_line *to;
    size_t used = 0;

    if (unread->count == UNREAD_MOST)
        return;
    to = &unread->lines[unread->count++];
    to->offset = offset;
    to->length = length;
    for (; used < line.length && used + 1 < UNREAD_SHAPE; used++)
        to->shape[used] = shape_of(line.bytes[used]);
    to->shape[used] = '\0';
}

void
unread_add_all(struct unread *unread, const struct unread *from, size_t have)
{
    while (have < from->count && unread->count < UNREAD_MOST)
        unread->lines[unread->count++] = from->lines[have++];
}
