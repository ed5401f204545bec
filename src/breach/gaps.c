/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/gaps.h"

#include "breach/day.h"

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

/* The place's last gap, where more belongs to it: of the same day, or where there are too many. */
static struct gap *
past_gap(struct gaps *gaps, const struct reconciled_step *step)
{
    struct gap *gap = step->place->gap == 0 ? NULL : &gaps->items[step->place->gap - 1];
    bool is_apart = gap == NULL || step->is_after_stop || step->place->is_closed ||
                    day_of(gap->to) != day_of(step->to);

    if (gap != NULL && (!is_apart || gaps->past >= GAPS_PAST_MAX))
        return gap;
    if (gaps->past >= GAPS_PAST_MAX || gaps->count == GAPS_MAX) {
        gaps->left_out++;
        return NULL;
    }
    gap = &gaps->items[gaps->count++];
    *gap = (struct gap){.what = GAP_PAST,
                        .from = step->from,
                        .to = step->to,
                        .place = (uint64_t)(step->place - gaps->reconciled.places)};
    gaps->past++;
    step->place->gap = (uint32_t)gaps->count;
    step->place->least_before = step->least_before;
    step->place->is_closed = step->is_after_stop;
    return gap;
}

/* A later census can say that there were not so many as an earlier one had to allow for. */
static void
note_census(struct gaps *gaps, const struct message_census *census)
{
    struct reconciled_step step = reconciled_census(&gaps->reconciled, census);
    struct gap *gap = NULL;
    uint64_t most;

    if (step.place == NULL)
        return;
    if (step.at_least > step.least_before) {
        gap = past_gap(gaps, &step);
        if (gap == NULL)
            return;
        gap->to = step.to;
        gap->at_least = step.at_least - step.place->least_before;
        gap->at_most = UINT64_MAX;
    } else if (step.place->gap > 0) {
        gap = &gaps->items[step.place->gap - 1];
    }
    if (gap == NULL || step.at_most < step.place->least_before)
        return;
    most = step.at_most - step.place->least_before;
    if (most < gap->at_most)
        gap->at_most = most < gap->at_least ? gap->at_least : most;
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
    case LEDGER_CENSUS:
        note_census(gaps, entry->u.census);
        break;
    case LEDGER_BYPASS:
        reconciled_bypass(&gaps->reconciled, entry->u.bypass);
        break;
    case LEDGER_BACKEND:
        reconciled_lookup(&gaps->reconciled, entry->u.backend);
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
    static const char *const texts[] = {"lost", "died", "stopped", "damaged", "past", "pruned"};

    return texts[what];
}

void
gaps_add(struct gaps *gaps, const struct gap *gap)
{
    add(gaps, *gap);
}
