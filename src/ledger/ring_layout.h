/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of the ring file (docs/spec/exposure-ring.md), for ring.c and ring_file.c. */
#ifndef PASU_LEDGER_RING_LAYOUT_H
#define PASU_LEDGER_RING_LAYOUT_H

#include "ledger/ring.h"

enum {
    RING_PAGE = 4096,
    RING_LINE = 64,
    RING_HEAD = 24,  /* struct ring_head */
    RING_ALIGN = 32, /* of entries: a head always fits before the end of the ring */
    RING_VERSION = 1,
};

enum { RING_FILLER = 0 }; /* beside enum ring_type: the rest up to the end of the ring is unused */

/* The beginning of the file; the rest of its page is zero. */
struct ring_header {
    char magic[8];
    uint32_t version;
    uint32_t size; /* RING_SIZE */
    uint64_t id;
    uint64_t zero;
};

enum ring_reader_state { RING_AWAKE, RING_ASLEEP, RING_NAPPING };

struct ring {
    /* written by the writer, and by ring_open */
    _Alignas(RING_LINE) uint64_t head;
    uint64_t start;   /* of the present run */
    uint64_t due;     /* what is before it is to be on the disk soon */
    uint64_t awaited; /* and what is before this, at once */
    /* written by the reader */
    _Alignas(RING_LINE) uint64_t tail;
    _Alignas(RING_LINE) uint64_t durable;
    /* written by both */
    _Alignas(RING_LINE) uint32_t reader; /* enum ring_reader_state */
    _Alignas(RING_PAGE) uint8_t bytes[RING_SIZE];
};

struct ring_head {
    uint64_t position; /* its own */
    uint32_t crc;      /* CRC-32C of the head with crc 0, and the payload */
    uint32_t length;   /* of the payload */
    uint32_t type;     /* enum ring_type, RING_FILLER */
    uint32_t zero;
};

_Static_assert(sizeof(struct ring_head) == RING_HEAD, "the head has no holes");
_Static_assert(sizeof(struct ring) == RING_PAGE + RING_SIZE, "a page, and the entries");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian");

static inline off_t
ring_offset(unsigned index)
{
    return RING_PAGE + (off_t)index * (off_t)sizeof(struct ring);
}

#endif
