/* SPDX-License-Identifier: Apache-2.0 */
/* Bits one behind the other in bytes of the index, the lowest of each byte first. */
#ifndef PASU_BREACH_BITS_H
#define PASU_BREACH_BITS_H

#include "base/bytes.h"

/* While they are written. Zeroed but for `at` is the beginning; there must be room for BITS_ROOM
 * more bytes than they take. */
enum { BITS_ROOM = 8 };
struct bits {
    uint8_t *at;
    uint64_t word;
    unsigned used; /* bits of it that are not written yet: fewer than 8 */
};

/* The lowest `count` bits of the value, which has no others: at most 56. */
static inline void
bits_put(struct bits *b, uint64_t value, unsigned count)
{
    b->word |= value << b->used;
    b->used += count;
    memcpy(b->at, &b->word, sizeof(b->word));
    b->at += b->used / 8;
    b->word >>= b->used & ~7U;
    b->used &= 7;
}

/* Up to the end of the byte. */
static inline void
bits_end(struct bits *b)
{
    if (b->used > 0)
        *b->at++ = (uint8_t)b->word;
    b->used = 0;
    b->word = 0;
}

/* At least 57 bits from there on, zeros behind the end. */
static inline uint64_t
bits_look(struct view bytes, uint64_t bit)
{
    size_t at = (size_t)(bit >> 3);
    size_t left = at < bytes.length ? bytes.length - at : 0;
    uint64_t word = 0;

    if (left >= sizeof(word))
        memcpy(&word, bytes.bytes + at, sizeof(word));
    else if (left > 0)
        memcpy(&word, bytes.bytes + at, left);
    return word >> (bit & 7);
}

#endif
