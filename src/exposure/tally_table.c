/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/tally_table.h"

/* Empties a slot. What was put behind it because it was taken moves up. */
static void
empty(struct table_slot *slots, unsigned bits, uint32_t hole)
{
    const uint32_t last = (1U << bits) - 1;

    for (uint32_t i = (hole + 1) & last; slots[i].stamp != STAMP_NEVER; i = (i + 1) & last) {
        uint32_t home = table_home(bits, slots[i].low);

        if (((i - home) & last) < ((i - hole) & last))
            continue;
        slots[hole] = slots[i];
        hole = i;
    }
    slots[hole].stamp = STAMP_NEVER;
}

bool
table_remove(struct table_slot *slots, unsigned bits, uint16_t low)
{
    struct table_slot *slot = table_find(slots, bits, low);

    if (slot->stamp == STAMP_NEVER)
        return false;
    empty(slots, bits, (uint32_t)(slot - slots));
    return true;
}

/* First those go that leave all windows, then the others age: what moves up is looked at again. */
uint32_t
table_age(struct table_slot *slots, unsigned bits, unsigned days)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < 1U << bits; i++)
        while (slots[i].stamp != STAMP_NEVER && stamp_aged(slots[i].stamp, days) == STAMP_NEVER)
            empty(slots, bits, i);
    for (uint32_t i = 0; i < 1U << bits; i++) {
        slots[i].stamp = stamp_aged(slots[i].stamp, days);
        count += slots[i].stamp != STAMP_NEVER;
    }
    return count;
}

void
table_copy(struct table_slot *to, unsigned to_bits, const struct table_slot *from, unsigned bits)
{
    for (uint32_t i = 0; i < 1U << bits; i++)
        if (from[i].stamp != STAMP_NEVER)
            *table_find(to, to_bits, from[i].low) = from[i];
}

/* By a bit for each ordinal that is there. */
void
table_sort(struct table_slot *slots, unsigned bits, uint16_t *ordinals, uint16_t *stamps)
{
    uint64_t present[(UINT16_MAX + 1) / 64] = {0};
    size_t count = 0;

    for (uint32_t i = 0; i < 1U << bits; i++)
        if (slots[i].stamp != STAMP_NEVER)
            present[slots[i].low / 64] |= UINT64_C(1) << slots[i].low % 64;
    for (uint32_t word = 0; word < COUNT_OF(present); word++)
        for (uint64_t rest = present[word]; rest != 0; rest &= rest - 1) {
            uint16_t low = (uint16_t)(word * 64 + (unsigned)__builtin_ctzll(rest));

            ordinals[count] = low;
            stamps[count++] = table_find(slots, bits, low)->stamp;
        }
}
