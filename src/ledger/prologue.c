/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/prologue.h"

void
prologue_init(struct prologue *p, const struct os *os, struct source source,
              const struct segment_keys *keys)
{
    *p = (struct prologue){.os = os, .source = source, .keys = keys, .below = UINT64_MAX, .fd = -1};
}

static void
leave(struct prologue *p)
{
    if (p->fd < 0)
        return;
    segment_scan_release(&p->scan);
    p->os->close(p->os->arg, p->fd);
    p->fd = -1;
}

void
prologue_release(struct prologue *p)
{
    leave(p);
}

/* Takes up the segment with this index. PASU_E_NOTFOUND: there is none, or it is damaged. */
static int
enter(struct prologue *p, enum source_what what, uint64_t index, uint64_t *first)
{
    size_t left;
    int fd = p->source.open(p->source.arg, what, index, first, &left);
    int result = fd < 0 ? fd : segment_scan_init(&p->scan, p->os, fd, *first);

    if (fd < 0)
        return fd;
    if (result == 0) {
        p->fd = fd;
        result = segment_scan_unlock(&p->scan, p->keys);
        if (result != 0)
            leave(p);
        return result;
    }
    p->os->close(p->os->arg, fd);
    return result;
}

/* ---- the record that counts ---- */

static void
take(struct prologue *p, const struct segment_record *record)
{
    struct pruned pruned;

    if (record->type != SEGMENT_PRUNED || record->index >= p->below ||
        pruned_read(&pruned, record) != 0)
        return;
    p->pruned = pruned;
    p->is_found = true;
}

/* The last one of the segment that was entered. */
static int
look_through(struct prologue *p)
{
    struct segment_record record;
    int result;

    while ((result = segment_scan_next(&p->scan, &record)) != 0) {
        if (result != 1 && result != PASU_E_CORRUPT)
            break;
        if (result == 1 && record.is_sealed && record.type == SEGMENT_PRUNED)
            result = PASU_E_LEDGER_KEY;
        if (result == PASU_E_LEDGER_KEY)
            break;
        if (result == 1)
            take(p, &record);
    }
    leave(p);
    return result < 0 && result != PASU_E_CORRUPT ? result : 0;
}

/* One segment further back. 1: it is not there. */
static int
find_back(struct prologue *p)
{
    uint64_t first = 0;
    int result = enter(p, SOURCE_WITHIN, p->at, &first);

    if (result == 0)
        result = look_through(p);
    if (result == PASU_E_NOTFOUND || (result == PASU_E_CORRUPT && first == 0))
        return PASU_E_CORRUPT;
    if (result != 0 && result != PASU_E_CORRUPT)
        return result;
    if (p->is_found)
        return p->pruned.body.end >= p->first ? 0 : PASU_E_CORRUPT;
    if (first <= p->first)
        return PASU_E_CORRUPT;
    p->at = first - 1;
    return 1;
}

static int
find_first(struct prologue *p)
{
    size_t left;
    int fd = p->source.open(p->source.arg, SOURCE_BEHIND, 0, &p->first, &left);

    if (fd < 0)
        return fd;
    p->os->close(p->os->arg, fd);
    return p->first == 0 ? PASU_E_NOTFOUND : 0;
}

int
prologue_look(struct prologue *p)
{
    int result = 0;

    if (p->phase == PROLOGUE_BEGIN) {
        result = find_first(p);
        p->at = INT64_MAX;
        if (result == 0)
            p->phase = PROLOGUE_FIND;
    }
    if (result == 0 && p->phase == PROLOGUE_FIND)
        result = find_back(p);
    if (result != 0)
        return result;
    pruned_settle(&p->pruned);
    p->at = p->pruned.body.carried;
    p->phase = PROLOGUE_READ;
    return 0;
}

int
prologue_find(struct prologue *p)
{
    int result;

    do
        result = prologue_look(p);
    while (result == 1);
    return result;
}

/* ---- what was carried over ---- */

/* The segment with the next record. */
static int
enter_next(struct prologue *p)
{
    uint64_t first = 0;
    int result = enter(p, SOURCE_WITHIN, p->at, &first);

    if (result == 0 && first < p->entered) {
        leave(p);
        return PASU_E_CORRUPT; /* the one that was read: records are missing behind it */
    }
    p->entered = first + 1;
    return result;
}

/* The next record before the one that counts: 1, or 0. */
static int
next_record(struct prologue *p, struct segment_record *record)
{
    while (p->at < p->pruned.index) {
        int result = p->fd < 0 ? enter_next(p) : 0;

        if (result == 0)
            result = segment_scan_next(&p->scan, record);
        if (result == 0) {
            leave(p);
            continue;
        }
        if (result != 1)
            return result == PASU_E_NOTFOUND ? PASU_E_CORRUPT : result;
        if (record->index < p->at)
            continue;
        p->at = record->index + 1;
        return record->index < p->pruned.index ? 1 : 0;
    }
    return 0;
}

int
prologue_next(struct prologue *p, struct payload_carried *carried)
{
    struct segment_record record;
    int result = p->phase == PROLOGUE_READ ? 0 : PASU_E_NOTFOUND;

    while (result == 0 && (result = next_record(p, &record)) == 1) {
        if (record.type == SEGMENT_CARRIED && record.is_sealed)
            return PASU_E_LEDGER_KEY;
        if (record.type == SEGMENT_CARRIED && payload_read_carried(carried, record.payload) == 0)
            return 1;
        result = 0;
    }
    if (result == PASU_E_NOTFOUND)
        result = 0;
    if (result == 0) {
        leave(p);
        p->phase = PROLOGUE_END;
    }
    return result;
}

int
prologue_copy(const struct os *os, int segments, const struct segment_keys *keys, uint64_t below,
              struct segment_record *record, void *payload)
{
    struct source_folder folder = {.os = os, .directory = segments};
    struct payload_carried carried;
    struct prologue prologue;
    int result;

    prologue_init(&prologue, os, (struct source){source_open_folder, &folder}, keys);
    prologue.below = below;
    result = prologue_find(&prologue);
    while (result == 0 && (result = prologue_next(&prologue, &carried)) == 1)
        result = carried.index == record->index && carried.type != SEGMENT_MARK;
    if (result == 1 && carried.payload.length > record->payload.length)
        result = PASU_E_CORRUPT;
    if (result == 1) {
        record->time = carried.time;
        record->type = carried.type;
        memcpy(payload, carried.payload.bytes, carried.payload.length);
        record->payload = view_of(payload, carried.payload.length);
    }
    prologue_release(&prologue);
    return result == 1 ? 0 : result == 0 ? PASU_E_NOTFOUND : result;
}

int
prologue_frontier(const struct os *os, int segments, const struct segment_keys *keys,
                  uint64_t below, struct tree_frontier *frontier)
{
    struct source_folder folder = {.os = os, .directory = segments};
    struct prologue prologue;
    int result;

    prologue_init(&prologue, os, (struct source){source_open_folder, &folder}, keys);
    prologue.below = below;
    result = prologue_find(&prologue);
    if (result == 0)
        pruned_frontier(&prologue.pruned, frontier);
    prologue_release(&prologue);
    return result;
}
