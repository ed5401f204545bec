/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/intake.h"

#include "ledger/entry.h"

#include <unistd.h>

/* Of a ring with less, each statement has its record. */
enum { CROWDED = 8 << 10 };
#define GATHER    (10 * NANOSECONDS_PER_MILLISECOND)
#define TRY_AGAIN (100 * NANOSECONDS_PER_MILLISECOND)

_Static_assert(ENTRY_SALT + RING_PAYLOAD_MAX <= SEGMENT_PAYLOAD_MAX, "every entry is a record");

int
intake_init(struct intake *t, struct record_keeping *records, int ring_fd, int wake_fd,
            int durable_fd)
{
    int result = 0;

    *t = (struct intake){
        .log = records->log, .records = records, .wake = wake_fd, .durable = durable_fd};
    if (ring_fd >= 0) {
        result = ring_map(&t->file, ring_fd, true);
        close(ring_fd);
    }
    return result;
}

void
intake_release(struct intake *t)
{
    ring_unmap(&t->file);
    if (t->wake >= 0)
        close(t->wake);
    if (t->durable >= 0)
        close(t->durable);
    t->wake = t->durable = -1;
}

/* Where we go on: the ledger's word, or the ring's where the ledger has nothing of it. The ring's
 * is behind when we died between the record and the release. */
static void
find_position(struct intake *t, unsigned index)
{
    const struct ring *ring = ring_get(&t->file, index);
    uint64_t taken = taken_position(&t->records->taken, index, t->file.id);
    uint64_t tail = ring_tail(ring), head = ring_head(ring);

    t->positions[index] = taken > tail ? taken : tail;
    if (t->positions[index] > head)
        t->positions[index] = head;
}

static void
tell_damage(struct intake *t, unsigned index, uint64_t from, uint64_t to)
{
    record_damage(t->records);
    if (!t->is_damaged)
        LOG_EVENT(t->log, RING_DAMAGED, F_UINT("ring", index), F_UINT("from", from),
                  F_UINT("to", to), F_TEXT("error", error_text(PASU_E_CORRUPT)));
    t->is_damaged = true;
}

/* The entries of a ring into the batch, as far as it has room for them. 1: there may be more; 0; or
 * an error. */
static int
put_entries(struct intake *t, const struct ring *ring, struct segment_taken *taken)
{
    uint64_t position = taken->from, head = ring_head(ring); /* what comes meanwhile waits */
    struct ring_entry entry;
    int found = 0, result;

    if (head - position > CROWDED)
        record_batch_merge(t->records);
    while (position < head && (found = ring_read(ring, &position, &entry)) == 1) {
        t->are_wiped[taken->ring] &= entry.type != RING_ORDINAL;
        result = record_batch_put(t->records, ring_segment_type(entry.type), entry.payload);
        if (result == PASU_E_AGAIN)
            return 1;
        if (result == 0)
            taken->count++;
        else if (result == PASU_E_MALFORMED)
            tell_damage(t, taken->ring, taken->to, position);
        else if (result != PASU_E_ERASED)
            return result;
        taken->to = position;
    }
    if (position >= head || found == 0) {
        taken->to = position; /* behind a filler, or the end of a former run */
        return 0;
    }
    if (taken->count == 0) {
        t->are_wiped[taken->ring] = false;
        taken->to = ring_head(ring);
        tell_damage(t, taken->ring, position, taken->to);
    }
    return 1;
}

/* One batch of what is in a ring. 1 if there may be more, 0, or an error. */
static int
take_batch(struct intake *t, unsigned index)
{
    const struct ring *ring = ring_get(&t->file, index);
    struct segment_taken taken = {
        .ring = index, .file = t->file.id, .from = t->positions[index], .to = t->positions[index]};
    int more = put_entries(t, ring, &taken), result = 0;

    if (more >= 0 && taken.count > 0)
        result = record_batch_end(t->records, &taken);
    else
        record_batch_abort(t->records);
    if (more < 0 || result != 0)
        return more < 0 ? more : result;
    if (taken.count > 0)
        t->segment = record_segment(t->records);
    t->positions[index] = taken.to;
    return more;
}

static void
release_all(struct intake *t, bool is_durable)
{
    for (unsigned i = 0; i < t->file.count; i++) {
        struct ring *ring = ring_get(&t->file, i);

        if (t->positions[i] == 0)
            continue;
        if (is_durable) {
            t->is_awaited |= ring_awaited(ring) != 0;
            ring_set_durable(ring, t->positions[i]);
        }
        if (!t->are_wiped[i])
            ring_wipe(ring, t->positions[i]);
        t->are_wiped[i] = true;
        ring_release(ring, t->positions[i]);
    }
}

/* They become part of the batch that has been begun. */
static int
put_positions(struct intake *t)
{
    int result = 0;

    for (unsigned i = 0; i < t->file.count && result == 0; i++) {
        const struct segment_taken taken = {
            .ring = i, .file = t->file.id, .from = t->positions[i], .to = t->positions[i]};

        if (taken.to != 0)
            result = record_batch_mark(t->records, &taken);
    }
    return result;
}

/* A new segment begins with how far each ring was taken, and what is before it is on the disk: who
 * starts need look at no more than one segment (ledger/taken.h), also after a power cut that brings
 * back older positions in the rings. */
static int
begin_batch(struct intake *t)
{
    int result = record_batch_begin(t->records);

    if (result != 0)
        return result;
    for (unsigned i = 0; i < t->file.count; i++)
        if (t->positions[i] == 0)
            find_position(t, i);
    if (record_segment(t->records) == t->segment)
        return 0;
    release_all(t, true);
    result = put_positions(t);
    if (result != 0)
        record_batch_abort(t->records);
    return result;
}

/* Rounds of one batch of each ring, so that none waits for another that is always full; at most
 * what the rings hold together, since they are filled meanwhile. */
static int
append_all(struct intake *t)
{
    enum { ROUNDS_MAX = 2 * RING_SIZE / (SEGMENT_BATCH_MAX - SEGMENT_PAYLOAD_MAX) };
    bool is_more = true;

    for (int round = 0; is_more && round < ROUNDS_MAX; round++) {
        is_more = false;
        for (unsigned i = 0; i < t->file.count; i++) {
            int result;

            if (t->positions[i] == ring_head(ring_get(&t->file, i)))
                continue;
            result = begin_batch(t);
            if (result != 0)
                return result;
            result = take_batch(t, i);
            if (result < 0)
                return result;
            is_more = is_more || result > 0;
        }
    }
    return 0;
}

/* Somebody waits, and it was for what is on the disk now. */
static void
tell_durable(struct intake *t)
{
    const uint64_t one = 1;

    if (!t->is_awaited)
        return;
    t->is_awaited = false;
    if (t->durable >= 0 && write(t->durable, &one, sizeof(one)) < 0) {
        /* its counter is full: the gate has been told already */
    }
}

static bool
is_due(const struct intake *t)
{
    for (unsigned i = 0; i < t->file.count; i++)
        if (ring_due(ring_get(&t->file, i)) != 0)
            return true;
    return false;
}

/* Until more has come together, unless that may not be waited for. */
static void
gather(struct intake *t, int64_t now)
{
    bool is_quiet = true;

    for (unsigned i = 0; i < t->file.count; i++)
        is_quiet = ring_nap(ring_get(&t->file, i)) && is_quiet;
    t->take_at = now + (is_quiet ? GATHER : 0);
}

/* Until the gate wakes us; or, where something has come meanwhile, not. */
static void
lie_down(struct intake *t, int64_t now)
{
    bool is_quiet = true;

    for (unsigned i = 0; i < t->file.count && is_quiet; i++)
        is_quiet = ring_sleep(ring_get(&t->file, i));
    t->take_at = 0;
    if (!is_quiet)
        gather(t, now);
}

int
intake_take(struct intake *t)
{
    int result = append_all(t);
    bool is_synced = is_due(t);
    int synced = is_synced ? record_sync(t->records) : 0;

    result = result == 0 ? synced : result;
    /* Part of it may be written though not all. */
    if (synced == 0)
        release_all(t, is_synced);
    tell_durable(t);
    if (result == 0)
        lie_down(t, os_monotonic(t->log->os));
    else
        t->take_at = os_monotonic(t->log->os) + TRY_AGAIN;
    return result;
}

void
intake_append(struct intake *t)
{
    if (append_all(t) != 0) {
        /* logged; it is tried again when it is due, and released then */
    }
}

void
intake_woken(struct intake *t)
{
    int64_t now = os_monotonic(t->log->os);
    uint64_t count;

    if (read(t->wake, &count, sizeof(count)) < 0) {
        /* somebody else's wake */
    }
    if (t->take_at == 0)
        gather(t, now);
    else if (!t->records->has_failed)
        t->take_at = now; /* half full, or awaited; else it is to be tried again later */
}

void
intake_look(struct intake *t, int64_t now)
{
    if (t->take_at != 0 && now >= t->take_at && intake_take(t) != 0) {
        /* logged, and take_at is set again */
    }
}

int
intake_wait(const struct intake *t, int most)
{
    int64_t left = t->take_at - os_monotonic(t->log->os);

    if (t->take_at == 0)
        return most;
    left = left > 0 ? (left + NANOSECONDS_PER_MILLISECOND - 1) / NANOSECONDS_PER_MILLISECOND : 0;
    return left < most ? (int)left : most;
}
