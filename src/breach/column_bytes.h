/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small numbers of many things, in the things' order, as bytes of the index (docs/spec/index.md,
 * "Columns"): on which day of a month, in which part of a day each was. Behind a byte that says
 * how:
 *
 *      0               so many bits each as the column's numbers have
 *      1               which numbers there are at all, a bit each; of each thing which of these, in
 *                      as few bits as tell them apart
 *      2               stretches of things that have the same: the number and how many
 *      128 + number    the same for all
 *
 * Bytes are hostile: who reads checks what it touches. Pure.
 */
#ifndef PASU_BREACH_COLUMN_BYTES_H
#define PASU_BREACH_COLUMN_BYTES_H

#include "breach/pack.h"

/* Bits of a column's numbers: at most COLUMN_BITS_MAX. */
enum { COLUMN_PART_BITS = 3, COLUMN_DAY_BITS = 5, COLUMN_BITS_MAX = 5 };

/* The numbers of so many things, at least one, in the fewest bytes. */
void column_put(struct pack *pack, const uint8_t *numbers, size_t count, unsigned bits);
/* The number of the thing at that place, from 0 on. PASU_E_CORRUPT, as in the others. */
PASU_MUST_USE int column_get(struct view bytes, unsigned bits, uint64_t place, uint8_t *number);
/* The numbers of all, which are so many. */
PASU_MUST_USE int column_list(struct view bytes, unsigned bits, uint8_t *numbers, size_t count);
/* How many of the things before that place have the number. */
PASU_MUST_USE int column_count(struct view bytes, unsigned bits, uint64_t place, uint8_t number,
                               uint64_t *count);

#endif
