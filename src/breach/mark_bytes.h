/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the persons of a set were there, as bytes of the index beside it (docs/spec/index.md), for
 * each person in the set's order. On which days of a month:
 *
 *      1 to 5 days     so many less one zeros, a one, and 5 bits for each
 *      more            5 zeros and a one, and 31 bits, one a day
 *
 * In which part of a day, where 7 says that it was several, or not one, behind a byte that says
 * how:
 *
 *      0               3 bits
 *      1               a byte, which parts there are at all, at most 4; the number among them, in 1
 *                      bit, or 2 where there are more than 2
 *      2               for all together, of each part from 0 on, how many: they rise, as where keys
 *                      are gone through
 *      128 + part      the same for all
 *
 * Bytes are hostile: who reads checks what it touches. Pure.
 */
#ifndef PASU_BREACH_MARK_BYTES_H
#define PASU_BREACH_MARK_BYTES_H

#include "breach/marked.h"
#include "breach/ordinals.h"
#include "breach/pack.h"

/* The days of so many persons, a bit each, at least one. */
void month_days_put(struct pack *pack, const uint32_t *days, size_t count);
/* Adds the days of the one at that place, from 0 on. PASU_E_CORRUPT. */
PASU_MUST_USE int month_days_get(struct view bytes, uint64_t place, uint32_t *days);

/* The parts of so many persons, at least one, behind the number of bytes that they take. */
void day_parts_put(struct pack *pack, const uint32_t *parts, size_t count);
/* The part of the one at that place. PASU_E_CORRUPT. */
PASU_MUST_USE int day_parts_get(struct view bytes, uint64_t place, unsigned *part);

#endif
