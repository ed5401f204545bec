/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes: a view, a reader and a writer.
 *
 * struct view     borrowed bytes with a length; never owns, never zero-terminated.
 * struct reader   a cursor over hostile bytes. Failure is sticky: after the first short read every
 *                 getter returns zero values, so a parser reads all its fields and asks once, with
 *                 reader_end, which demands that all went well and nothing is left over.
 * struct writer   a cursor over a fixed space of the caller. Failure (no room) is sticky too.
 *
 * Numbers are big-endian, as PostgreSQL's protocol has them. Nothing here allocates.
 */
#ifndef PASU_BASE_BYTES_H
#define PASU_BASE_BYTES_H

#include "base/attributes.h"
#include "base/error.h"

#include <sys/types.h>

struct view {
    const uint8_t *bytes;
    size_t length;
};

#define VIEW(literal) ((struct view){(const uint8_t *)(literal), sizeof(literal) - 1})

static inline struct view
view_of(const void *bytes, size_t length)
{
    return (struct view){bytes, length};
}

static inline struct view
view_of_text(const char *text)
{
    return (struct view){(const uint8_t *)text, strlen(text)};
}

static inline bool
view_equal(struct view a, struct view b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static inline bool
bytes_are_zero(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;

    while (length > 0 && *at == 0) {
        at++;
        length--;
    }
    return length == 0;
}

static inline uint32_t
bytes_get_u32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, 4);
    return __builtin_bswap32(v);
}

static inline uint16_t
bytes_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void
bytes_put_u32(uint8_t *at, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(at, &v, 4);
}

struct reader {
    const uint8_t *at, *end;
    bool failed;
};

static inline struct reader
reader_of(struct view v)
{
    return (struct reader){v.bytes, v.bytes + v.length, false};
}

static inline size_t
reader_left(const struct reader *r)
{
    return r->failed ? 0 : (size_t)(r->end - r->at);
}

/* `length` bytes, or an empty view and failure. The view borrows from what the reader reads. */
static inline struct view
reader_bytes(struct reader *r, size_t length)
{
    struct view v = {r->at, length};

    if (PASU_UNLIKELY(r->failed || (size_t)(r->end - r->at) < length)) {
        r->failed = true;
        return (struct view){r->at, 0};
    }
    r->at += length;
    return v;
}

static inline uint8_t
reader_u8(struct reader *r)
{
    struct view v = reader_bytes(r, 1);

    return v.length == 1 ? v.bytes[0] : 0;
}

static inline uint16_t
reader_u16(struct reader *r)
{
    struct view v = reader_bytes(r, 2);

    return v.length == 2 ? bytes_get_u16(v.bytes) : 0;
}

static inline uint32_t
reader_u32(struct reader *r)
{
    struct view v = reader_bytes(r, 4);

    return v.length == 4 ? bytes_get_u32(v.bytes) : 0;
}

/* Bytes up to a zero byte, which is consumed and not part of the view; failure where there is none.
 */
struct view reader_text(struct reader *r);
/* 0 if nothing failed and nothing is left, else PASU_E_MALFORMED. */
PASU_MUST_USE int reader_end(const struct reader *r);

struct writer {
    uint8_t *start, *at, *end;
    bool failed;
};

static inline struct writer
writer_of(void *space, size_t size)
{
    return (struct writer){space, space, (uint8_t *)space + size, false};
}

static inline void
writer_bytes(struct writer *w, const void *bytes, size_t length)
{
    if (PASU_UNLIKELY(w->failed || (size_t)(w->end - w->at) < length)) {
        w->failed = true;
        return;
    }
    if (length > 0)
        memcpy(w->at, bytes, length);
    w->at += length;
}

static inline void
writer_u8(struct writer *w, uint8_t v)
{
    writer_bytes(w, &v, 1);
}

static inline void
writer_u16(struct writer *w, uint16_t v)
{
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

    writer_bytes(w, b, sizeof(b));
}

static inline void
writer_u32(struct writer *w, uint32_t v)
{
    uint8_t b[4];

    bytes_put_u32(b, v);
    writer_bytes(w, b, sizeof(b));
}

/* The text and its zero byte. */
void writer_text(struct writer *w, const char *text);
/* Bytes written so far. */
static inline size_t
writer_length(const struct writer *w)
{
    return (size_t)(w->at - w->start);
}
/* Length written, or PASU_E_RANGE if anything did not fit. */
PASU_MUST_USE ssize_t writer_end(const struct writer *w);

/* Copies a view into a zero-terminated array, cut to fit; zero bytes become '?'. */
void text_from_view(char *text, size_t size, struct view v);

#endif
