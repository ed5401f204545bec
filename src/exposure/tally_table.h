/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hot container's stamps by ordinal: a hash table with open addressing, no more than half full,
 * of 2^bits slots. A slot is free where its stamp is never.
 *
 * Four bytes a slot, so that a subject costs one cache line, and ten thousand of them few pages:
 * fresh pages are what an array of all stamps would cost most.
 */
#ifndef PASU_EXPOSURE_TALLY_TABLE_H
#define PASU_EXPOSURE_TALLY_TABLE_H

#include "exposure/tally_stamp.h"

struct table_slot {
    uint16_t low;
    uint16_t stamp;
};

/* Takes a subject out, if it is there. True: it was. */
bool table_remove(struct table_slot *slots, unsigned bits, uint16_t low);
/* Stamps as seen `days` later; the number of subjects left. */
uint32_t table_age(struct table_slot *slots, unsigned bits, unsigned days);
/* Subjects of one table into another that has room for them. */
void table_copy(struct table_slot *to, unsigned to_bits, const struct table_slot *from,
                unsigned bits);
/* Subjects and their stamps in the order of ordinals. */
void table_sort(struct table_slot *slots, unsigned bits, uint16_t *ordinals, uint16_t *stamps);

/* Where a subject is looked for first: neighbours are spread. */
static inline uint32_t
table_home(unsigned bits, uint16_t low)
{
    return (uint32_t)(uint16_t)(low * 40503U) >> (16 - bits);
}

/* The subject's slot, or the free one in which it belongs. */
static inline struct table_slot *
table_find(struct table_slot *slots, unsigned bits, uint16_t low)
{
    uint32_t i = table_home(bits, low), last = (1U << bits) - 1;

    while (slots[i].stamp != STAMP_NEVER && slots[i].low != low)
        i = (i + 1) & last;
    return &slots[i];
}

#endif
