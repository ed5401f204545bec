/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/restated.h"

#include "base/memory.h"

struct restated {
    const struct os *os;
    int directory;
    const struct segment_keys *keys;
    const struct segment_watch *watch;
    restated_fn *see; /* NULL: nobody; a record that is not said again is only looked for */
    void *arg;
};

static bool
is_restated(uint32_t type)
{
    return type == SEGMENT_HOLD || type == SEGMENT_DECOYS || type == SEGMENT_CLOCK;
}

/* A segment's records; 1: one that is not said again was looked for, and is there. */
static int
walk(const struct restated *r, uint64_t first)
{
    struct segment_scan scan;
    struct segment_record record;
    int found = 0, result = segment_scan_enter(&scan, r->os, r->directory, first, r->keys);

    if (result != 0)
        return result == PASU_E_CORRUPT ? 0 : result;
    while (found == 0 &&
           ((result = segment_scan_next(&scan, &record)) == 1 || result == PASU_E_CORRUPT)) {
        if (r->watch->read)
            r->watch->read(r->watch->arg, scan.offset, scan.file.limit);
        if (result == 1 && record.is_sealed) {
            result = PASU_E_LEDGER_KEY; /* it may be one of them */
            break;
        }
        if (r->see && result == 1)
            r->see(r->arg, &record);
        else if (result == 1)
            found = !is_restated(record.type);
    }
    segment_scan_leave(&scan);
    return found != 0 || result >= 0 ? found : result;
}

int
restated_each(const struct os *os, int directory, const struct segment_keys *keys,
              const struct segment_watch *watch, restated_fn *see, void *arg)
{
    struct restated r = {os, directory, keys, watch, NULL, arg};
    uint64_t *firsts;
    size_t count, at;
    int result = segment_list(os, directory, &firsts, &count);

    if (result != 0)
        return result;
    for (at = count; at > 0 && result == 0; at--)
        result = walk(&r, firsts[at - 1]);
    r.see = see;
    for (; at < count && result >= 0; at++)
        result = walk(&r, firsts[at]);
    memory_free(firsts);
    return result < 0 ? result : 0;
}
