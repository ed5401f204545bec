/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rising numbers as Golomb-Rice coded gaps (docs/spec/index.md, "Sets"), which come near to what a
 * random set of that size can be written in.
 *
 * Blocks of 64 have a k of their own, so that numbers that stand together take few bits: of each
 * number how many are left out before it, divided by 2^k as so many zeros and a one, the rest in k
 * bits. The rests stand together and the zeros and ones do, so that one number need not wait for
 * where the one before it ends.
 *
 *      k, 5 bits │ 1: some are larger │ rests, k bits each │ zeros and ones │ larger ones, 32 bits
 *
 * Stretches of RICE_STRETCH numbers begin at a byte, and what is before them stands at the
 * beginning, so that one number is found without reading all.
 *
 * Bytes are hostile: who reads checks what it touches. Pure.
 */
#ifndef PASU_BREACH_RICE_H
#define PASU_BREACH_RICE_H

#include "base/bytes.h"
#include "base/error.h"
#include "breach/bits.h"

enum { RICE_STRETCH = 1024, RICE_BLOCK = 64 };

/* Bytes of rising numbers; and BITS_ROOM more to write them. */
uint64_t rice_length(const uint32_t *items, size_t count);
void rice_put(uint8_t *at, const uint32_t *items, size_t count);
/* Whether bytes can hold so many: each takes a bit at least. */
static inline bool
rice_fits(uint64_t count, size_t length)
{
    return count <= length * UINT64_C(8);
}
/* Reads so many, plus `base`, and uses up all bytes. PASU_E_CORRUPT, where `items` may hold
 * anything. */
PASU_MUST_USE int rice_get(struct view bytes, uint32_t base, uint32_t *items, size_t count);
/* Gets all, a block at a time: at most RICE_BLOCK, in order. Other than 0 ends it and is given on.
 * PASU_E_CORRUPT. */
typedef int rice_fn(void *arg, const uint32_t *items, size_t count);
PASU_MUST_USE int rice_each(struct view bytes, size_t count, rice_fn *see, void *arg);

/* Of numbers of which the one at place i, from 0 on, is less by i times `slope` (0, or 1: those may
 * be the same several times): the first place that has this one, and how many have. None where the
 * bytes are none. */
struct rice_found {
    uint64_t place, count;
};
struct rice_found rice_find(struct view bytes, size_t count, unsigned slope, uint32_t number);

#endif
