/* SPDX-License-Identifier: Apache-2.0 */
/* What response.c and request.c write their messages with: a type byte, a length to be filled in.
 */
#ifndef PASU_POSTGRES_ENVELOPE_H
#define PASU_POSTGRES_ENVELOPE_H

#include "base/bytes.h"

/* Begins a message; type 0 writes none (start-up packets). Returns where the length stands. */
static inline size_t
envelope_begin(struct writer *w, char type)
{
    size_t at;

    if (type)
        writer_u8(w, (uint8_t)type);
    at = writer_length(w);
    writer_u32(w, 0);
    return at;
}

/* Fills in the length of what was written since. */
static inline void
envelope_end(struct writer *w, size_t at)
{
    if (!w->failed)
        bytes_put_u32(w->start + at, (uint32_t)(writer_length(w) - at));
}

/* A view as a zero-terminated text; the writer fails if it holds a zero byte. */
static inline void
envelope_text(struct writer *w, struct view text)
{
    if (text.length > 0 && memchr(text.bytes, 0, text.length))
        w->failed = true;
    writer_bytes(w, text.bytes, text.length);
    writer_u8(w, 0);
}

#endif
