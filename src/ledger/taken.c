/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/taken.h"

#include "base/memory.h"

bool
taken_note(struct taken *taken, const struct segment_record *record, uint32_t *count)
{
    struct segment_taken found;

    if (record->type != SEGMENT_TAKEN || record->payload.length != sizeof(found))
        return false;
    memcpy(&found, record->payload.bytes, sizeof(found));
    if (found.ring >= RINGS_MAX)
        return false;
    taken->rings[found.ring].file = found.file;
    taken->rings[found.ring].position = found.to;
    *count = found.count;
    return true;
}

uint64_t
taken_position(const struct taken *taken, unsigned ring, uint64_t file)
{
    return taken->rings[ring].file == file ? taken->rings[ring].position : 0;
}

/* 1: the segment has such a record; 0; or an error. */
static int
find_in(struct taken *taken, const struct os *os, int directory, uint64_t first,
        const struct segment_keys *keys, const struct segment_watch *watch)
{
    struct segment_scan scan;
    struct segment_record record;
    uint32_t count;
    bool is_found = false;
    int result = segment_scan_enter(&scan, os, directory, first, keys);

    if (result != 0)
        return result == PASU_E_NOTFOUND || result == PASU_E_CORRUPT ? 0 : result;
    while ((result = segment_scan_next(&scan, &record)) == 1 || result == PASU_E_CORRUPT) {
        is_found |= result == 1 && taken_note(taken, &record, &count);
        if (watch && watch->read)
            watch->read(watch->arg, scan.offset, scan.file.limit);
    }
    segment_scan_leave(&scan);
    return result == 0 ? is_found : result;
}

int
taken_find(struct taken *taken, const struct os *os, int directory, const struct segment_keys *keys,
           const struct segment_watch *watch)
{
    uint64_t *firsts;
    size_t count;
    int result = segment_list(os, directory, &firsts, &count);

    *taken = (struct taken){0};
    while (result == 0 && count > 0)
        result = find_in(taken, os, directory, firsts[--count], keys, watch);
    memory_free(firsts);
    return result < 0 ? result : 0;
}
