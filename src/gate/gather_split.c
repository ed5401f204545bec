/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of one batch that have two records: those up to some person, and the others. */
#include "gate/gather.h"

void
gather_split(struct gather *g, const struct showing_entry *entry, const uint8_t *bytes, size_t from,
             struct gather_rest *rest)
{
    *rest = (struct gather_rest){.from = from, .items = g->item_count, .rows = g->rows};
    memcpy(rest->unattributed, g->unattributed, sizeof(rest->unattributed));
    memcpy(rest->clear, g->clear, sizeof(rest->clear));
    memcpy(rest->null, g->null, sizeof(rest->null));
    memcpy(rest->ordinal_counts, g->ordinal_counts, sizeof(rest->ordinal_counts));
    gather_cut(g, entry, bytes, from);
    rest->rows -= g->rows;
    for (size_t p = 0; p < PLAN_PARTS_MAX; p++) {
        rest->ordinals_before[p] = g->ordinal_counts[p];
        rest->unattributed[p] -=
            g->unattributed[p] < rest->unattributed[p] ? g->unattributed[p] : rest->unattributed[p];
    }
}

void
gather_take_rest(struct gather *g, const struct gather_rest *rest)
{
    size_t count = rest->items - rest->from;
    uint32_t rows = g->row_numbers[rest->from];

    g->first_row = g->starts[rest->from];
    memmove(g->items, g->items + rest->from, count * sizeof(g->items[0]));
    memmove(g->starts, g->starts + rest->from, count * sizeof(g->starts[0]));
    memmove(g->parts, g->parts + rest->from, count * sizeof(g->parts[0]));
    memmove(g->others, g->others + rest->from, count * sizeof(g->others[0]));
    memmove(g->fates, g->fates + rest->from, count * sizeof(g->fates[0]));
    for (size_t i = 0; i < count; i++)
        g->row_numbers[i] = g->row_numbers[rest->from + i] - rows;
    g->item_count = count;
    g->rows = rest->rows;
    g->lost_count = 0;
    memset(g->crowded, 0, sizeof(g->crowded));
    memset(g->crowd, 0, sizeof(g->crowd));
    for (size_t p = 0; p < PLAN_PARTS_MAX; p++) {
        g->ordinal_counts[p] = rest->ordinal_counts[p] - rest->ordinals_before[p];
        memmove(g->ordinals[p], g->ordinals[p] + rest->ordinals_before[p],
                g->ordinal_counts[p] * sizeof(g->ordinals[p][0]));
    }
    memcpy(g->unattributed, rest->unattributed, sizeof(g->unattributed));
    memcpy(g->clear, rest->clear, sizeof(g->clear));
    memcpy(g->null, rest->null, sizeof(g->null));
}
