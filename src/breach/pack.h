/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of the index as they are made, in a buffer that grows, and numbers of 7 bits a byte
 * (LEB128). Failure (no memory) is sticky: who writes asks once, at the end. Zeroed is empty.
 */
#ifndef PASU_BREACH_PACK_H
#define PASU_BREACH_PACK_H

#include "exposure/little.h"

struct pack {
    uint8_t *bytes;
    size_t used, space;
    bool failed;
};

void pack_release(struct pack *pack);
/* Room for so many more bytes; NULL where there is no memory. */
uint8_t *pack_room(struct pack *pack, size_t length);
void pack_bytes(struct pack *pack, const void *bytes, size_t length);
void pack_number(struct pack *pack, uint64_t number);
/* What differs little from what came before it: twice the difference, less one where it is below.
 */
void pack_step(struct pack *pack, uint64_t number, uint64_t before);
/* How many bytes that makes. */
size_t pack_number_length(uint64_t number);
/* The text and its zero byte. */
void pack_text(struct pack *pack, const char *text);
static inline void
pack_u8(struct pack *pack, uint8_t v)
{
    pack_bytes(pack, &v, sizeof(v));
}
static inline void
pack_u32(struct pack *pack, uint32_t v)
{
    pack_bytes(pack, &v, sizeof(v));
}
static inline void
pack_u64(struct pack *pack, uint64_t v)
{
    pack_bytes(pack, &v, sizeof(v));
}
static inline struct view
pack_view(const struct pack *pack)
{
    return view_of(pack->bytes, pack->used);
}

/* Of more than one byte. */
uint64_t unpack_long_number(struct reader *reader);
/* 0 and failure where it does not end, or is no number of 64 bits. */
static inline uint64_t
unpack_number(struct reader *reader)
{
    return !reader->failed && reader_left(reader) > 0 && *reader->at < 0x80
               ? *reader->at++
               : unpack_long_number(reader);
}
uint64_t unpack_step(struct reader *reader, uint64_t before);
/* A number of things of at least one byte each; failure where there is no room for so many. */
size_t unpack_count(struct reader *reader);
/* A text of less than `size` bytes; else failure and "". */
void unpack_text(struct reader *reader, char *text, size_t size);

#endif
