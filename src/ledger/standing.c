/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/standing.h"

#include "base/memory.h"

static bool
is_standing(const struct segment_record *record)
{
    return record->type == SEGMENT_HOLD || record->type == SEGMENT_CLOCK;
}

/* Tells each record of a segment; or, with `note` NULL, only looks for one of another kind: 1. */
static int
walk(standing_note_fn *note, void *arg, const struct os *os, int directory, uint64_t first,
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
            result = PASU_E_LEDGER_KEY; /* it may be one */
            break;
        }
        if (note && result == 1)
            note(arg, &record);
        else if (result == 1)
            found = !is_standing(&record);
    }
    segment_scan_leave(&scan);
    return found != 0 || result >= 0 ? found : result;
}

int
standing_find(standing_note_fn *note, void *arg, const struct os *os, int directory,
              const struct segment_keys *keys, const struct segment_watch *watch)
{
    uint64_t *firsts;
    size_t count, at;
    int result = segment_list(os, directory, &firsts, &count);

    if (result != 0)
        return result;
    for (at = count; at > 0 && result == 0; at--)
        result = walk(NULL, NULL, os, directory, firsts[at - 1], keys, watch);
    for (; at < count && result >= 0; at++)
        result = walk(note, arg, os, directory, firsts[at], keys, watch);
    memory_free(firsts);
    return result < 0 ? result : 0;
}
