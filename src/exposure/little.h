/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Little-endian numbers of records, over the reader and the writer of base/bytes.h, which have the
 * protocol's big-endian ones.
 */
#ifndef PASU_EXPOSURE_LITTLE_H
#define PASU_EXPOSURE_LITTLE_H

#include "base/bytes.h"

#include <assert.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they are");

/* Copies a number out of hostile bytes; it stays 0 where they are too short. */
static inline void
little_read(struct reader *r, void *number, size_t size)
{
    struct view v = reader_bytes(r, size);

    if (v.length == size)
        memcpy(number, v.bytes, size);
}

static inline uint16_t
little_read_u16(struct reader *r)
{
    uint16_t v = 0;

    little_read(r, &v, sizeof(v));
    return v;
}

static inline uint32_t
little_read_u32(struct reader *r)
{
    uint32_t v = 0;

    little_read(r, &v, sizeof(v));
    return v;
}

static inline uint64_t
little_read_u64(struct reader *r)
{
    uint64_t v = 0;

    little_read(r, &v, sizeof(v));
    return v;
}

static inline void
little_write_u16(struct writer *w, uint16_t v)
{
    writer_bytes(w, &v, sizeof(v));
}

static inline void
little_write_u32(struct writer *w, uint32_t v)
{
    writer_bytes(w, &v, sizeof(v));
}

static inline void
little_write_u64(struct writer *w, uint64_t v)
{
    writer_bytes(w, &v, sizeof(v));
}

#endif
