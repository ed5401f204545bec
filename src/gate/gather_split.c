/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of one batch of which some do not go out, or have another record: those behind some person.
 */
#include "gate/gather_copy.h"

enum { HEAD = 5 /* type, length */ };

/* ---- a cut ---- */

/* The fields of a row that goes out, without its hidden columns. */
static bool
see_outgoing(struct gather *g, const struct showing_entry *entry, struct view body)
{
    const struct showing *s = entry->showing;
    struct gather_row row = {.showing = s};
    struct reader r = reader_of(body);

    reader_u16(&r);
    for (size_t column = s->hidden_count; column <= s->last_column; column++) {
        struct view value = view_of(NULL, 0);
        uint32_t length = reader_u32(&r);

        if (length != UINT32_MAX)
            value = reader_bytes(&r, length);
        if (r.failed)
            return false;
        if (entry->roles[column] & SHOWING_ROLE_FIELDS)
            gather_see_fields(g, &row, column, value, false);
    }
    gather_keep_nulls(g, entry, &row, UINT32_MAX);
    return true;
}

/* The fields that the rows up to `end` show; other messages can stand between them. */
static bool
see_again(struct gather *g, const struct showing_entry *entry, const uint8_t *at,
          const uint8_t *end)
{
    memset(g->clear, 0, sizeof(g->clear));
    memset(g->null, 0, sizeof(g->null));
    while (end - at > HEAD) {
        uint32_t length = bytes_get_u32(at + 1);

        if (length < 4 || length >= (size_t)(end - at))
            return false;
        if (at[0] == 'D' && !see_outgoing(g, entry, view_of(at + HEAD, length - 4)))
            return false;
        if (at[0] == 'd' && !gather_see_copy(g, entry, view_of(at + HEAD, length - 4)))
            return false;
        at += length + 1;
    }
    return at == end;
}

static void
take_back_lost(struct gather *g)
{
    bool is_whole = g->lost_count < GATHER_LOST;

    for (size_t p = 0; p < PLAN_PARTS_MAX; p++)
        g->unattributed[p] = is_whole                       ? 0
                             : g->unattributed[p] > g->rows ? g->rows
                                                            : g->unattributed[p];
    for (size_t i = 0; is_whole && i < g->lost_count; i++)
        g->unattributed[g->lost[i].part] += g->lost[i].row < g->rows;
    memset(g->crowded, 0, sizeof(g->crowded)); /* which of them is not known */
    memset(g->crowd, 0, sizeof(g->crowd));
}

void
gather_cut(struct gather *g, const struct showing_entry *entry, const uint8_t *bytes, size_t taken)
{
    uint64_t clear[PLAN_PARTS_MAX], null[PLAN_PARTS_MAX];

    if (taken == g->item_count)
        return;
    memcpy(clear, g->clear, sizeof(clear));
    memcpy(null, g->null, sizeof(null));
    for (size_t i = taken; i < g->item_count; i++)
        g->ordinal_counts[g->parts[i]]--;
    g->item_count = taken;
    g->rows = g->row_numbers[taken];
    take_back_lost(g);
    if (g->rows == 0 || see_again(g, entry, bytes + g->first_row, bytes + g->starts[taken]))
        return;
    memcpy(g->clear, clear, sizeof(clear)); /* what cannot be read counts as it did */
    memcpy(g->null, null, sizeof(null));
}

/* ---- two records ---- */

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
