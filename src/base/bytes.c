/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

struct view
reader_bytes(struct reader *r, size_t length)
{
    struct view v = {r->at, length};

    if (r->failed || (size_t)(r->end - r->at) < length) {
        r->failed = true;
        return (struct view){r->at, 0};
    }
    r->at += length;
    return v;
}

uint8_t
reader_u8(struct reader *r)
{
    struct view v = reader_bytes(r, 1);

    return v.length == 1 ? v.bytes[0] : 0;
}

uint16_t
reader_u16(struct reader *r)
{
    struct view v = reader_bytes(r, 2);

    return v.length == 2 ? bytes_get_u16(v.bytes) : 0;
}

uint32_t
reader_u32(struct reader *r)
{
    struct view v = reader_bytes(r, 4);

    return v.length == 4 ? bytes_get_u32(v.bytes) : 0;
}

struct view
reader_text(struct reader *r)
{
    const uint8_t *zero = NULL;
    struct view v = {r->at, 0};

    if (!r->failed && r->at < r->end)
        zero = memchr(r->at, 0, (size_t)(r->end - r->at));
    if (!zero) {
        r->failed = true;
        return v;
    }
    v.length = (size_t)(zero - r->at);
    r->at = zero + 1;
    return v;
}

int
reader_end(const struct reader *r)
{
    return r->failed || r->at != r->end ? PASU_E_MALFORMED : 0;
}

void
writer_bytes(struct writer *w, const void *bytes, size_t length)
{
    if (w->failed || (size_t)(w->end - w->at) < length) {
        w->failed = true;
        return;
    }
    if (length > 0)
        memcpy(w->at, bytes, length);
    w->at += length;
}

void
writer_u8(struct writer *w, uint8_t v)
{
    writer_bytes(w, &v, 1);
}

void
writer_u16(struct writer *w, uint16_t v)
{
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

    writer_bytes(w, b, sizeof(b));
}

void
writer_u32(struct writer *w, uint32_t v)
{
    uint8_t b[4];

    bytes_put_u32(b, v);
    writer_bytes(w, b, sizeof(b));
}

void
writer_text(struct writer *w, const char *text)
{
    writer_bytes(w, text, strlen(text) + 1);
}

ssize_t
writer_end(const struct writer *w)
{
    return w->failed ? PASU_E_RANGE : (ssize_t)writer_length(w);
}

void
text_from_view(char *text, size_t size, struct view v)
{
    size_t n = v.length < size - 1 ? v.length : size - 1;

    for (size_t i = 0; i < n; i++)
        text[i] = v.bytes[i] ? (char)v.bytes[i] : '?';
    text[n] = '\0';
}
