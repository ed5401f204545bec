/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/prune.h"

#include "base/memory.h"
#include "ledger/entry.h"
#include "ledger/prologue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define EVERY       (3600 * NANOSECONDS_PER_SECOND)
#define AFTER_ERROR (60 * NANOSECONDS_PER_SECOND)
#define STEP        (10 * NANOSECONDS_PER_MILLISECOND)

enum { RECORDS_A_LOOK = 64, SEVERITY = 4 };

void
prune_init(struct prune *p, struct record_keeping *records)
{
    *p = (struct prune){.records = records};
}

static void
stop_reading(struct prune *p)
{
    if (p->is_scanning)
        segment_scan_leave(&p->scan);
    p->is_scanning = false;
    if (p->is_finding)
        prologue_release(&p->prologue);
    p->is_finding = false;
}

/* Back to the beginning: what was carried so far is carried again. */
static void
start_over(struct prune *p)
{
    stop_reading(p);
    if (p->has_tiles)
        tile_close(&p->tiles);
    p->has_tiles = false;
    carry_release(&p->carry);
    p->phase = PRUNE_IDLE;
}

void
prune_release(struct prune *p)
{
    start_over(p);
}

void
prune_set(struct prune *p, int64_t retention)
{
    if (p->retention == retention)
        return;
    p->look_at = 0;
    if (p->phase != PRUNE_REMOVE)
        start_over(p);
    p->retention = retention;
}

static int
list(const struct prune *p, uint64_t **firsts, size_t *count)
{
    return segment_list(p->records->log->os, p->records->chain.segments, firsts, count);
}

static int
read_segment(struct prune *p, uint64_t first)
{
    struct record_keeping *r = p->records;
    int result = segment_scan_enter(&p->scan, r->log->os, r->chain.segments, first, &r->keys);

    p->is_scanning = result == 0;
    return result;
}

/* ---- holds ---- */

static bool
is_held(const struct prune *p)
{
    return p->records->holds.count > 0;
}

/* Numbers rise: there is none that this keeper has not told of. */
static bool
is_told(const struct prune *p)
{
    const struct holds *holds = &p->records->holds;

    return is_held(p) && holds->items[holds->count - 1].number < p->untold;
}

/* Records up to there were due, and stay. */
static int
tell(struct prune *p, uint64_t end)
{
    struct record_keeping *r = p->records;
    union payload_body body = {.alert = {.severity = SEVERITY, .rule = "hold"}};
    int result;

    if (is_told(p))
        return 0;
    body.alert.record = r->holds.items[r->holds.count - 1].number;
    snprintf(body.alert.text, sizeof(body.alert.text),
             "records below %" PRIu64 " are older than ledger.retention, and were to be deleted",
             end);
    result = record_other(r, SEGMENT_ALERT, &body);
    if (result != 0)
        return result;
    p->untold = body.alert.record + 1;
    LOG_EVENT(r->log, PRUNE_HELD, F_UINT("hold", body.alert.record),
              F_UINT("holds", r->holds.count));
    return 0;
}

/* ---- which are due ---- */

/* The time at which a segment was begun: what is in it was recorded later. */
static int
time_of(struct prune *p, uint64_t first, int64_t *time)
{
    int result = read_segment(p, first);

    if (result == 0)
        *time = p->scan.header.time;
    stop_reading(p);
    return result;
}

/* The segment at `end` is to be examined: 1; or it stays: 0. */
static int
find_due(struct prune *p)
{
    uint64_t *firsts = NULL;
    size_t count, at = 0;
    int64_t time;
    int result = list(p, &firsts, &count);

    if (result != 0)
        return result;
    while (at < count && firsts[at] < p->end)
        at++;
    p->next = at + 1 < count && firsts[at] == p->end ? firsts[at + 1] : 0;
    memory_free(firsts);
    if (p->next == 0 || p->next > p->records->chain.signed_size ||
        (p->end == p->kept && p->kept_time >= p->limit))
        return 0;
    result = time_of(p, p->end, &time);
    return result == 0 ? time < p->limit : result;
}

/* ---- examine ---- */

/* What the tree has of these records, as far as its tiles are there. */
static int
compare_tree(const struct prune *p)
{
    struct chain *c = &p->records->chain;
    const struct tree_source source = tile_source(&c->tiles);
    struct tree_frontier known;
    int result = tree_frontier_load(&known, p->examined.size, &source);

    if (result == PASU_E_NOTFOUND || result == PASU_E_CORRUPT)
        return 0;
    for (unsigned height = 0; height < TREE_HEIGHTS && result == 0; height++)
        if (p->examined.size >> height & 1 &&
            !tree_hash_equal(&known.nodes[height], &p->examined.nodes[height]))
            result = PASU_E_CORRUPT;
    return result;
}

/* 1: it is old enough. */
static int
examine_record(struct prune *p, const struct segment_record *record)
{
    struct chain *c = &p->records->chain;
    struct tree_hash leaf;
    int result = record->is_sealed                   ? PASU_E_LEDGER_KEY
                 : record->index == p->examined.size ? 0
                                                     : PASU_E_CORRUPT;

    if (result == 0)
        result = entry_leaf(&c->hasher, record, &leaf);
    if (result == 0)
        result = tree_frontier_add(&p->examined, &c->hasher, &leaf);
    if (result == 0 && p->since == 0)
        p->since = record->time;
    if (result == 0 && record->time >= p->limit) {
        p->kept = p->end;
        p->kept_time = record->time;
    }
    return result == 0 ? record->time < p->limit : result;
}

/* ---- carry ---- */

/* Appends, without making it durable. */
static int
write_carried(void *arg, const struct payload_carried *carried)
{
    struct prune *p = arg;
    union payload_body body = {.carried = *carried};

    return record_again(p->records, SEGMENT_CARRIED, &body);
}

/* Entries of the directory, that they were erased, and what is told of rights are written again
 * each by itself. */
static int
write_again(struct prune *p, const struct segment_record *record)
{
    struct payload_carried again = {.index = record->index,
                                    .time = record->time,
                                    .type = (uint16_t)record->type,
                                    .payload = record->payload};
    uint32_t kept = rights_keep(&p->rights, &p->carry, record, p->rights_since);

    if (kept != 0)
        return record_again(p->records, (enum segment_type)kept, &p->rights.body);
    if (record->type == SEGMENT_CARRIED && payload_read_carried(&again, record->payload) != 0)
        return 0;
    if (again.payload.length > CARRY_PAYLOAD_MAX) /* none of ours */
        return 0;
    return again.type == SEGMENT_ORDINAL || again.type == SEGMENT_ERASED ? write_carried(p, &again)
                                                                         : 0;
}

/* Tiles are not made durable when they are written, and cannot be made later. */
static int
make_tiles(struct prune *p, const struct segment_record *record)
{
    struct tree_hash leaf;
    int result = entry_leaf(&p->records->chain.hasher, record, &leaf);

    return result == 0 ? tile_append(&p->tiles, &leaf) : result;
}

static int
carry_record(struct prune *p, const struct segment_record *record)
{
    int result = carry_take(&p->carry, record);

    if (result == 0)
        result = write_again(p, record);
    if (result == 0)
        result = make_tiles(p, record);
    return result == 0 ? 1 : result;
}

/* ---- a segment, by steps ---- */

/* 1: there is more; 0: to its end; PASU_E_RANGE: a record of it stays. */
static int
read_on(struct prune *p, int (*see)(struct prune *p, const struct segment_record *record))
{
    const struct os *os = p->records->log->os;
    int64_t until = os_monotonic(os) + STEP;
    struct segment_record record;
    int result;

    for (unsigned i = 1;; i++) {
        result = segment_scan_next(&p->scan, &record);
        if (result == 1)
            result = see(p, &record);
        else if (result == 0)
            break;
        else
            return result;
        if (result != 1)
            return result == 0 ? PASU_E_RANGE : result;
        if (i % RECORDS_A_LOOK == 0 && os_monotonic(os) >= until)
            return 1;
    }
    return p->scan.next == p->next ? 0 : PASU_E_CORRUPT;
}

/* ---- the record, and what is deleted ---- */

static int
write_pruned(struct prune *p)
{
    uint8_t roots[TREE_HEIGHTS * TREE_HASH_SIZE];
    struct payload_pruned body = {.first = p->first,
                                  .end = p->end,
                                  .since = p->since,
                                  .until = p->carry.until,
                                  .carried = p->carried,
                                  .frontier = {roots, 0}};

    for (unsigned height = TREE_HEIGHTS; height-- > 0;)
        if (p->end >> height & 1) {
            memcpy(roots + body.frontier.length, p->frontier.nodes[height].bytes, TREE_HASH_SIZE);
            body.frontier.length += TREE_HASH_SIZE;
        }
    return record_pruned(p->records, &body);
}

static int
end_removing(struct prune *p)
{
    struct record_keeping *r = p->records;
    const struct os *os = r->log->os;

    if (os->fsync(os->arg, r->chain.segments) != 0)
        return error_from_errno(errno);
    LOG_EVENT(r->log, PRUNED, F_UINT("segments", p->removed), F_UINT("first", p->end));
    p->phase = PRUNE_IDLE;
    return 1;
}

/* The oldest first; as many as can be in a step, and one. */
static int
remove_files(struct prune *p)
{
    struct record_keeping *r = p->records;
    const struct os *os = r->log->os;
    int64_t until = os_monotonic(os) + STEP;
    char name[SEGMENT_NAME_SIZE];
    uint64_t *firsts = NULL;
    size_t count = 0, i = 0;
    int result = list(p, &firsts, &count);

    while (result == 0 && i < count && firsts[i] < p->end && (i == 0 || os_monotonic(os) < until)) {
        segment_name(name, firsts[i++]);
        if (os->unlinkat(os->arg, r->chain.segments, name, 0) != 0 && errno != ENOENT)
            result = error_from_errno(errno);
        p->removed += result == 0;
    }
    if (result == 0)
        result = i < count && firsts[i] < p->end ? 1 : end_removing(p);
    memory_free(firsts);
    return result;
}

/* What stands for them is signed, and on the disk, the tiles too: they cannot be made again. */
static int
remove_all(struct prune *p)
{
    struct record_keeping *r = p->records;
    const struct os *os = r->log->os;
    int result = p->is_safe ? 0 : record_sign(r);

    if (result == 0 && !p->is_safe && os->syncfs(os->arg, r->directory) != 0)
        result = error_from_errno(errno);
    p->is_safe = result == 0;
    return result == 0 ? remove_files(p) : result;
}

static void
begin_removing(struct prune *p)
{
    p->phase = PRUNE_REMOVE;
    p->is_safe = false;
    p->removed = 0;
}

static int
finish(struct prune *p)
{
    int result;

    if (is_held(p)) /* since it was begun */
        return tell(p, p->end);
    result = carry_each(&p->carry, write_carried, p);
    if (result == 0)
        result = write_pruned(p);
    if (result != 0)
        return result;
    start_over(p);
    begin_removing(p);
    return remove_all(p);
}

/* ---- where to begin, and to go on ---- */

/* The segment at `end` stays: what is before it goes, and is not carried over once more. What is
 * wrong with it, if anything, is the next one's to tell, which begins with it. */
static int
stop_at(struct prune *p, int result)
{
    return p->end > p->first ? finish(p) : result;
}

/* What is carried has filled a segment: it is to make room before more is, the disk may be full. */
static bool
is_much(const struct prune *p)
{
    return p->end > p->first && p->carried < p->records->chain.writer.first;
}

/* To the next segment: 1; or all that was carried is said: 1; or there is nothing to do: 0. */
static int
go_on(struct prune *p)
{
    int result = is_much(p) ? 0 : find_due(p);

    if (result == 1) {
        p->examined = p->frontier;
        p->phase = PRUNE_EXAMINE;
        result = read_segment(p, p->end);
        if (result == 0)
            return 1;
    }
    return stop_at(p, result);
}

/* What a former pruning has left: up to where it went, the tree over that, and what it carried. */
static int
take_up(struct prune *p)
{
    struct payload_carried carried;
    int result = 0;

    p->is_checked = true;
    p->since = p->prologue.pruned.body.since;
    if (p->prologue.pruned.body.end > p->first) { /* who deleted was killed */
        result = record_pruned_check(p->records, &p->prologue.pruned);
        if (result != 0)
            return result;
        p->end = p->prologue.pruned.body.end;
        begin_removing(p);
        return 1;
    }
    pruned_frontier(&p->prologue.pruned, &p->frontier);
    while (result == 0 && (result = prologue_next(&p->prologue, &carried)) == 1)
        result = carry_restore(&p->carry, &carried);
    return result == 0 ? go_on(p) : result;
}

/* One segment further back. */
static int
find(struct prune *p)
{
    int result = prologue_look(&p->prologue);

    if (result == 0)
        result = take_up(p);
    if (p->phase != PRUNE_FIND) {
        prologue_release(&p->prologue);
        p->is_finding = false;
    }
    return result;
}

/* Where the ledger begins, and whether anything is to be done there: 1, or 0. */
static int
begin(struct prune *p)
{
    struct record_keeping *r = p->records;
    uint64_t *firsts = NULL;
    size_t count;
    int result = list(p, &firsts, &count);

    p->first = p->end = result == 0 && count > 0 ? firsts[0] : 0;
    p->frontier = (struct tree_frontier){0};
    p->since = 0;
    p->limit = os_realtime(r->log->os) - p->retention;
    p->rights_since = p->limit + p->retention - RIGHTS_KEPT;
    memory_free(firsts);
    if (result == 0)
        result = find_due(p);
    if (result < 0 || (result == 0 && (p->first == 0 || p->is_checked)))
        return result;
    if (p->first == 0)
        return go_on(p);
    p->folder = (struct source_folder){.os = r->log->os, .directory = r->chain.segments};
    prologue_init(&p->prologue, r->log->os, (struct source){source_open_folder, &p->folder},
                  &r->keys);
    p->is_finding = true;
    p->phase = PRUNE_FIND;
    return 1;
}

/* ---- step by step ---- */

static int
begin_carrying(struct prune *p)
{
    struct chain *c = &p->records->chain;
    int result = tile_open_at(&p->tiles, &c->folder, &c->hasher, &p->frontier);

    p->has_tiles = result == 0;
    p->carried = chain_size(c);
    return result;
}

static int
examine(struct prune *p)
{
    int result = read_on(p, examine_record);

    if (result == 1)
        return 1;
    stop_reading(p);
    if (result == 0)
        result = compare_tree(p);
    if (result != 0)
        return stop_at(p, result == PASU_E_RANGE ? 0 : result);
    if (is_held(p))
        return tell(p, p->next);
    if (p->end == p->first)
        result = begin_carrying(p);
    if (result == 0)
        result = read_segment(p, p->end);
    if (result != 0)
        return result;
    p->phase = PRUNE_CARRY;
    return 1;
}

static int
carry(struct prune *p)
{
    int result = read_on(p, carry_record);

    if (result != 0)
        return result;
    stop_reading(p);
    p->frontier = p->examined;
    p->end = p->frontier.size;
    return go_on(p);
}

/* 1: at once again; 0: not before an hour, or a hold has ended; or an error. */
static int
step(struct prune *p)
{
    if (is_told(p))
        return 0;
    if (is_held(p) && p->phase == PRUNE_CARRY)
        start_over(p);
    switch (p->phase) {
    case PRUNE_IDLE:
        return begin(p);
    case PRUNE_FIND:
        return find(p);
    case PRUNE_EXAMINE:
        return examine(p);
    case PRUNE_CARRY:
        return carry(p);
    case PRUNE_REMOVE:
        return is_held(p) ? tell(p, p->end) : remove_all(p);
    }
    return 0;
}

void
prune_look(struct prune *p, int64_t now)
{
    const struct log *log = p->records->log;
    int result;

    if (p->was_held && !is_held(p))
        p->look_at = 0;
    p->was_held = is_held(p);
    if ((p->retention == 0 && p->phase != PRUNE_REMOVE) || !p->records->is_open || now < p->look_at)
        return;
    result = step(p);
    if (result < 0 && !p->has_failed)
        LOG_EVENT(log, PRUNE_FAILED, F_TEXT("error", error_text(result)),
                  F_TEXT("hint", error_hint(result)));
    if (result != 1)
        p->has_failed = result < 0;
    p->look_at = now + (result == 1 ? 0 : result == 0 ? EVERY : AFTER_ERROR);
    if (result != 1 && p->phase != PRUNE_REMOVE)
        start_over(p);
}

int
prune_wait(const struct prune *p, int most)
{
    int64_t left;

    if ((p->retention == 0 && p->phase != PRUNE_REMOVE) || !p->records->is_open)
        return most;
    left = (p->look_at - os_monotonic(p->records->log->os)) / NANOSECONDS_PER_MILLISECOND;
    return left < 0 ? 0 : left < most ? (int)left : most;
}
