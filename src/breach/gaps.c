/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/gaps.h"

static void
add(struct gaps *gaps, struct gap gap)
{
    if (gaps->count == GAPS_MAX)
        gaps->left_out++;
    else
        gaps->items[gaps->count++] = gap;
}

static void
begin(struct gaps *gaps, int64_t now)
{
    if (gaps->state == GAPS_RUNNING)
        add(gaps, (struct gap){.what = GAP_DIED, .from = gaps->last, .to = now});
    else if (gaps->state == GAPS_ENDED)
        add(gaps, (struct gap){.what = GAP_STOPPED, .from = gaps->last, .to = now});
    gaps->state = GAPS_RUNNING;
}

void
gaps_note(struct gaps *gaps, const struct ledger_entry *entry)
{
    for (; gaps->first_open < gaps->count; gaps->first_open++)
        if (gaps->items[gaps->first_open].to == 0)
            gaps->items[gaps->first_open].to = entry->time;
    switch (entry->type) {
    case LEDGER_STARTED:
        begin(gaps, entry->time);
        break;
    case LEDGER_STOPPED:
        gaps->state = GAPS_ENDED;
        break;
    case LEDGER_GAP:
        add(gaps, (struct gap){.what = GAP_LOST,
                               .from = entry->u.gap->since,
                               .to = entry->time,
                               .records = entry->u.gap->count,
                               .error = entry->u.gap->error});
        break;
    case LEDGER_PRUNED:
        add(gaps, (struct gap){.what = GAP_PRUNED,
                               .from = entry->u.pruned->since,
                               .to = entry->u.pruned->until,
                               .records = entry->u.pruned->end});
        break;
    default:
        break;
    }
    gaps->last = entry->time;
}

void
gaps_damage(struct gaps *gaps, const struct records_place *place)
{
    const struct gap *last = gaps->count > 0 ? &gaps->items[gaps->count - 1] : NULL;

    if (last != NULL && last->what == GAP_DAMAGED && last->segment == place->segment &&
        last->offset == place->offset)
        return; /* several entries of one record */
    add(gaps, (struct gap){.what = GAP_DAMAGED,
                           .from = gaps->last,
                           .segment = place->segment,
                           .offset = place->offset});
}

bool
gaps_have_damage(const struct gaps *gaps, const struct records_place *place)
{
    for (size_t g = 0; g < gaps->count; g++)
        if (gaps->items[g].what == GAP_DAMAGED && gaps->items[g].segment == place->segment &&
            gaps->items[g].offset == place->offset)
            return true;
    return false;
}

bool
gap_concerns(const struct gap *gap, int64_t from, int64_t to)
{
    bool is_before = gap->to != 0 && gap->to < from, is_after = to != 0 && gap->from >= to;

    /* What is recorded late, after a keeper was away, stands in a later part of the file. */
    return !is_before && (!is_after || gap->what == GAP_DAMAGED);
}

const char *
gap_what_text(enum gap_what what)
{
    static const char *const texts[] = {"lost", "died", "stopped", "damaged", "pruned"};

    return texts[what];
}

void
gaps_add(struct gaps *gaps, const struct gap *gap)
{
    add(gaps, *gap);
}
