/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/pack.h"

#include "base/memory.h"

enum { FIRST_SPACE = 256, NUMBER_BITS = 7, NUMBER_MORE = 0x80 };

void
pack_release(struct pack *pack)
{
    memory_free(pack->bytes);
    *pack = (struct pack){0};
}

uint8_t *
pack_room(struct pack *pack, size_t length)
{
    if (!pack->failed && pack->space - pack->used < length) {
        size_t space = pack->space + pack->space / 2 + length + FIRST_SPACE;
        uint8_t *bytes = memory_resize(pack->bytes, space, 1);

        if (bytes == NULL) {
            pack->failed = true;
        } else {
            pack->bytes = bytes;
            pack->space = space;
        }
    }
    return pack->failed ? NULL : pack->bytes + pack->used;
}

void
pack_bytes(struct pack *pack, const void *bytes, size_t length)
{
    uint8_t *room = pack_room(pack, length);

    if (room == NULL || length == 0)
        return;
    memcpy(room, bytes, length);
    pack->used += length;
}

void
pack_number(struct pack *pack, uint64_t number)
{
    uint8_t bytes[10];
    size_t length = 0;

    for (; number >= NUMBER_MORE; number >>= NUMBER_BITS)
        bytes[length++] = (uint8_t)(number | NUMBER_MORE);
    bytes[length++] = (uint8_t)number;
    pack_bytes(pack, bytes, length);
}

size_t
pack_number_length(uint64_t number)
{
    size_t length = 1;

    for (; number >= NUMBER_MORE; number >>= NUMBER_BITS)
        length++;
    return length;
}

/* Differences are those of 64 bits, which wrap. */
void
pack_step(struct pack *pack, uint64_t number, uint64_t before)
{
    uint64_t step = number - before;

    pack_number(pack, step << 1 ^ (step >> 63 != 0 ? UINT64_MAX : 0));
}

uint64_t
unpack_step(struct reader *r, uint64_t before)
{
    uint64_t step = unpack_number(r);

    return before + (step >> 1 ^ ((step & 1) != 0 ? UINT64_MAX : 0));
}

void
pack_text(struct pack *pack, const char *text)
{
    pack_bytes(pack, text, strlen(text) + 1);
}

uint64_t
unpack_long_number(struct reader *r)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 64; shift += NUMBER_BITS) {
        uint8_t byte = reader_u8(r);

        if (shift == 63 && byte > 1)
            r->failed = true;
        number |= (uint64_t)(byte & ~NUMBER_MORE) << shift;
        if (r->failed)
            return 0;
        if ((byte & NUMBER_MORE) == 0)
            return number;
    }
    r->failed = true;
    return 0;
}

size_t
unpack_count(struct reader *r)
{
    uint64_t count = unpack_number(r);

    if (count <= reader_left(r))
        return (size_t)count;
    r->failed = true;
    return 0;
}

void
unpack_text(struct reader *r, char *text, size_t size)
{
    struct view v = reader_text(r);

    if (v.length >= size)
        r->failed = true;
    text_from_view(text, size, r->failed ? view_of(NULL, 0) : v);
}
