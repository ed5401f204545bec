/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/holds.h"

#include "ledger/standing.h"

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

static void
note(void *arg, const struct segment_record *record)
{
    holds_note(arg, record);
}

int
holds_find(struct holds *holds, const struct os *os, int directory, const struct segment_keys *keys,
           const struct segment_watch *watch)
{
    *holds = (struct holds){0};
    return standing_find(note, holds, os, directory, keys, watch);
}
