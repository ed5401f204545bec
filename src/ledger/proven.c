/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/proven.h"

#include "base/memory.h"

struct search {
    struct proven *items;
    size_t count, left; /* not found yet */
};

static void
see(struct search *search, const struct payload_tried *tried)
{
    for (size_t i = 0; i < search->count; i++) {
        struct proven *p = &search->items[i];

        if (p->control != tried->control || strcmp(p->gateway, tried->gateway) != 0 ||
            strcmp(p->what, tried->what) != 0 || tried->at <= p->at)
            continue;
        search->left -= p->at == 0;
        p->at = tried->at;
    }
}

static int
look(struct search *search, const struct os *os, int segments, const struct segment_keys *keys,
     uint64_t first)
{
    struct segment_record record;
    struct payload_tried tried;
    struct segment_scan scan;
    int more, result = segment_scan_enter(&scan, os, segments, first, keys);

    if (result != 0)
        return result == PASU_E_CORRUPT || result == PASU_E_NOTFOUND ? 0 : result;
    while (result == 0 && (more = segment_scan_next(&scan, &record)) != 0) {
        if (more == PASU_E_CORRUPT || (more > 0 && record.type != SEGMENT_TRIED))
            continue;
        if (more < 0)
            result = more;
        else if (record.is_sealed)
            result = PASU_E_LEDGER_KEY;
        else if (payload_read_tried(&tried, record.payload) == 0 && tried.is_held)
            see(search, &tried);
    }
    segment_scan_leave(&scan);
    return result;
}

int
proven_find(struct proven *items, size_t count, const struct os *os, int segments,
            const struct segment_keys *keys)
{
    struct search search = {items, count, count};
    uint64_t *firsts;
    size_t n;
    int result = segment_list(os, segments, &firsts, &n);

    for (size_t i = 0; i < count; i++)
        items[i].at = 0;
    if (result != 0)
        return result;
    while (n > 0 && search.left > 0 && result == 0)
        result = look(&search, os, segments, keys, firsts[--n]);
    memory_free(firsts);
    return result;
}
