/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rising numbers as Golomb-Rice coded gaps (docs/spec/index.md, "Sets"), which come near to what a
 * random set of that size can be written in. In blocks of 64, each of which has a k of its own
 * (5 bits), so that numbers that stand together take few bits: of each number how many are left out
 * before it, divided by 2^k as so many zeros and a one, the rest in k bits; or, where these would
 * be 24 zeros and more, 24 zeros and a one, and all of it in 32 bits. The lowest bits of a byte are
 * first.
 *
 * Bytes are hostile: who reads checks what it touches. Pure.
 */
#ifndef PASU_BREACH_RICE_H
#define PASU_BREACH_RICE_H

#include "base/bytes.h"
#include "base/error.h"

/* Bits one behind the other. Zeroed but for `at` is the beginning; there must be room for BITS_ROOM
 * more bytes than they take. */
enum { BITS_ROOM = 8 };
struct bits {
    uint8_t *at;
    uint64_t word;
    unsigned used; /* bits of it that are not written yet: fewer than 8 */
};

/* The lowest `count` bits of the value, which has no others: at most 56. */
void bits_put(struct bits *bits, uint64_t value, unsigned count);
void bits_end(struct bits *bits);

/* Bytes of rising numbers, of each less `base`; and BITS_ROOM more to write them. */
uint64_t rice_length(const uint32_t *items, size_t count, uint32_t base);
void rice_put(uint8_t *at, const uint32_t *items, size_t count, uint32_t base);
/* Whether bytes can hold so many: each takes a bit at least. */
static inline bool
rice_fits(uint64_t count, size_t length)
{
    return count <= length * UINT64_C(8);
}
/* Reads so many, plus `base`, and uses up all bytes. PASU_E_CORRUPT, where `items` may hold
 * anything. */
PASU_MUST_USE int rice_get(struct view bytes, uint32_t base, uint32_t *items, size_t count);
/* Whether one of so many is this, and which, from 0 on: looks no further. False, too, where the
 * bytes are none. */
bool rice_rank(struct view bytes, uint32_t base, size_t count, uint32_t ordinal, uint64_t *rank);

#endif
