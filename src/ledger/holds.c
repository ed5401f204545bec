/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/holds.h"

#include "base/memory.h"

static size_t
find(const struct holds *holds, uint64_t number)
{
    size_t at = 0;

    while (at < holds->count && holds->items[at].number != number)
        at++;
    return at;
}

int
holds_add(struct holds *holds, const struct payload_hold *hold)
{
    size_t at = find(holds, hold->number);

    if (at == HOLDS_MAX)
        return PASU_E_RANGE;
    holds->items[at] = *hold;
    holds->count += at == holds->count;
    return 0;
}

int
holds_remove(struct holds *holds, uint64_t number)
{
    size_t at = find(holds, number);

    if (at == holds->count)
        return PASU_E_NOTFOUND;
    memmove(&holds->items[at], &holds->items[at + 1],
            (holds->count - at - 1) * sizeof(holds->items[0]));
    holds->count--;
    return 0;
}

void
holds_note(struct holds *holds, const struct segment_record *record)
{
    struct payload_hold hold;
    int result = 0;

    if (record->type == SEGMENT_HOLD && payload_read_hold(&hold, record->payload) == 0)
        result = holds_add(holds, &hold);
    else if (record->type == SEGMENT_RELEASED && payload_read_released(&hold, record->payload) == 0)
        result = holds_remove(holds, hold.number);
    if (result != 0) {
        /* more than any keeper of ours writes, or released before this segment */
    }
}

/* ---- in a ledger ---- */

/* Takes each record of a segment; or, with `holds` NULL, only looks for one that is no hold: 1. */
static int
walk(struct holds *holds, const struct os *os, int directory, uint64_t first,
     const struct segment_keys *keys, const struct segment_watch *watch)
{
    struct segment_scan scan;
    struct segment_record record;
    int found = 0, result = segment_scan_enter(&scan, os, directory, first, keys);

    if (result != 0)
        return result == PASU_E_CORRUPT ? 0 : result;
    while (found == 0 &&
           ((result = segment_scan_next(&scan, &record)) == 1 || result == PASU_E_CORRUPT)) {
        if (watch->read)
            watch->read(watch->arg, scan.offset, scan.file.limit);
        if (result == 1 && record.is_sealed) {
            result = PASU_E_LEDGER_KEY; /* it may be a hold */
            break;
        }
        if (holds && result == 1)
            holds_note(holds, &record);
        else if (result == 1)
            found = record.type != SEGMENT_HOLD;
    }
    segment_scan_leave(&scan);
    return found != 0 || result >= 0 ? found : result;
}

int
holds_find(struct holds *holds, const struct os *os, int directory, const struct segment_keys *keys,
           const struct segment_watch *watch)
{
    uint64_t *firsts;
    size_t count, at;
    int result = segment_list(os, directory, &firsts, &count);

    *holds = (struct holds){0};
    if (result != 0)
        return result;
    for (at = count; at > 0 && result == 0; at--)
        result = walk(NULL, os, directory, firsts[at - 1], keys, watch);
    for (; at < count && result >= 0; at++)
        result = walk(holds, os, directory, firsts[at], keys, watch);
    memory_free(firsts);
    return result < 0 ? result : 0;
}
