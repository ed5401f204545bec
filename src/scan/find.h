/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a byte of a kind stands first, in spans as short as the fields of a log, for which calls of
 * memchr cost more than the search. Sixteen bytes at a time where the machine has SSE2, as all
 * x86-64 have, else eight in a word; both find the same, and never read behind `end`.
 */
#ifndef PASU_SCAN_FIND_H
#define PASU_SCAN_FIND_H

#include "base/attributes.h"

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__ /* by its built-in, as <emmintrin.h> has functions that do not compile here */
typedef uint8_t find_bytes __attribute__((vector_size(16)));
typedef char find_mask __attribute__((vector_size(16)));
#endif

/* What is looked for: any of four bytes (the same one may stand twice), and, where it is not 0, all
 * below `below`, which is at most 128. */
struct find_kind {
    uint8_t byte[4];
    uint8_t below;
};

static inline bool
find_is(struct find_kind kind, uint8_t byte)
{
    return byte == kind.byte[0] || byte == kind.byte[1] || byte == kind.byte[2] ||
           byte == kind.byte[3] || byte < kind.below;
}

#define FIND_ONES UINT64_C(0x0101010101010101)

/* The highest bit of each byte that is 0, and perhaps of others above the lowest such byte. */
static inline uint64_t
find_zero(uint64_t word)
{
    return (word - FIND_ONES) & ~word & (FIND_ONES << 7);
}

/* Of x86 and ARM, where a word's lowest byte stands first. */
static inline const uint8_t *
find_in_words(const uint8_t *at, const uint8_t *end, struct find_kind kind)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; end - at >= 8; at += 8) {
        uint64_t word, found;

        memcpy(&word, at, sizeof(word));
        found = find_zero(word ^ FIND_ONES * kind.byte[0]) |
                find_zero(word ^ FIND_ONES * kind.byte[1]) |
                find_zero(word ^ FIND_ONES * kind.byte[2]) |
                find_zero(word ^ FIND_ONES * kind.byte[3]) |
                ((word - FIND_ONES * kind.below) & ~word & (FIND_ONES << 7));
        if (found != 0)
            return at + (__builtin_ctzll(found) >> 3);
    }
#endif
    while (at < end && !find_is(kind, *at))
        at++;
    return at;
}

/* `end` where there is none. */
static inline const uint8_t *
find_any(const uint8_t *at, const uint8_t *end, struct find_kind kind)
{
#ifdef __SSE2__
    for (; end - at >= 16; at += 16) {
        find_bytes bytes;
        find_mask found;
        int mask;

        memcpy(&bytes, at, sizeof(bytes));
        found = (find_mask)(bytes == kind.byte[0]);
        if (kind.byte[1] != kind.byte[0])
            found |= (find_mask)(bytes == kind.byte[1]);
        if (kind.byte[2] != kind.byte[0])
            found |= (find_mask)(bytes == kind.byte[2]);
        if (kind.byte[3] != kind.byte[0])
            found |= (find_mask)(bytes == kind.byte[3]);
        if (kind.below != 0)
            found |= (find_mask)(bytes < kind.below);
        mask = __builtin_ia32_pmovmskb128(found);
        if (mask != 0)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    return find_in_words(at, end, kind);
}

static inline const uint8_t *
find_byte(const uint8_t *at, const uint8_t *end, uint8_t byte)
{
    return find_any(at, end, (struct find_kind){{byte, byte, byte, byte}, 0});
}

/* Where two bytes stand behind each other, or others that differ from them in 0x20 alone, as the
 * other case of a letter does; `end` where nowhere. */
static inline const uint8_t *
find_pair(const uint8_t *at, const uint8_t *end, uint8_t first, uint8_t second)
{
    first |= 0x20;
    second |= 0x20;
#ifdef __SSE2__
    while (end - at > 16) {
        find_bytes bytes, behind;
        int mask;

        memcpy(&bytes, at, sizeof(bytes));
        memcpy(&behind, at + 1, sizeof(behind));
        mask = __builtin_ia32_pmovmskb128(
            (find_mask)(((bytes | 0x20) == first) & ((behind | 0x20) == second)));
        if (mask != 0)
            return at + __builtin_ctz((unsigned)mask);
        at += 16;
        if (end - at > 1 && end - at <= 16)
            at = end - 17; /* the last ones, some of them again */
    }
#endif
    for (; end - at > 1; at++)
        if ((at[0] | 0x20) == first && (at[1] | 0x20) == second)
            return at;
    return end;
}

#endif
