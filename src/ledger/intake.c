/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/intake.h"

#include <unistd.h>

#define GATHER    (10 * NANOSECONDS_PER_MILLISECOND)
#define TRY_AGAIN (100 * NANOSECONDS_PER_MILLISECOND)
#define PADDED(n) (((n) + 7) & ~(size_t)7)

_Static_assert(sizeof(struct journal_ring) + sizeof(struct journal_entry) + RING_PAYLOAD_MAX <=
                   JOURNAL_PAYLOAD_MAX,
               "every entry fits into a record");

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

/* Where we go on: the journal's word, or the ring's where the journal has nothing of it. The ring's
 * is behind when we died between the record and the release. */
static void
find_position(struct intake *t, unsigned index)
{
    const struct ring *ring = ring_get(&t->file, index);
    uint64_t taken = journal_taken(&t->records->journal, index, t->file.id);
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

/* Copies an entry behind `*used` bytes of the payload, if it fits. */
static bool
put_entry(uint8_t *payload, size_t *used, const struct ring_entry *entry)
{
    struct journal_entry head = {(uint32_t)entry->payload.length, (uint32_t)entry->type};
    size_t padded = PADDED(head.length);

    if (JOURNAL_PAYLOAD_MAX - *used < sizeof(head) + padded)
        return false;
    memcpy(payload + *used, &head, sizeof(head));
    memset(payload + *used + sizeof(head) + padded - 8, 0, padded ? 8 : 0);
    memcpy(payload + *used + sizeof(head), entry->payload.bytes, head.length);
    *used += sizeof(head) + padded;
    return true;
}

/* One record of what is in a ring, as far as it fits. 1 if there may be more, 0, or an error. */
static int
take_record(struct intake *t, unsigned index, uint8_t *payload)
{
    const struct ring *ring = ring_get(&t->file, index);
    struct journal_ring head = {.ring = index, .file = t->file.id, .from = t->positions[index]};
    uint64_t position = head.from;
    size_t used = sizeof(head);
    struct ring_entry entry;
    int found, result;

    head.to = head.from;
    while ((found = ring_read(ring, &position, &entry)) == 1) {
        if (!put_entry(payload, &used, &entry))
            break;
        head.count++;
        head.to = position;
    }
    if (found == 0)
        head.to = position; /* behind a filler, or the end of a former run */
    if (head.count > 0) {
        memcpy(payload, &head, sizeof(head));
        result = record_ring(t->records, used);
        if (result != 0)
            return result;
    } else if (found == PASU_E_CORRUPT) {
        head.to = ring_head(ring);
        tell_damage(t, index, position, head.to);
    }
    t->positions[index] = head.to;
    return found != 0;
}

/* Rounds of one record of each ring, so that none waits for another that is always full; at most
 * what the rings hold together, since they are filled meanwhile. */
static int
append_all(struct intake *t)
{
    enum { ROUNDS_MAX = 2 * RING_SIZE / (JOURNAL_PAYLOAD_MAX - RING_PAYLOAD_MAX) };
    bool is_more = true;

    for (int round = 0; is_more && round < ROUNDS_MAX; round++) {
        is_more = false;
        for (unsigned i = 0; i < t->file.count; i++) {
            uint8_t *payload;
            int result;

            if (t->positions[i] == ring_head(ring_get(&t->file, i)))
                continue;
            result = record_space(t->records, &payload);
            if (result != 0)
                return result;
            if (t->positions[i] == 0)
                find_position(t, i);
            result = take_record(t, i, payload);
            if (result < 0)
                return result;
            is_more = is_more || result > 0;
        }
    }
    return 0;
}

static void
release_all(struct intake *t, bool is_durable)
{
    for (unsigned i = 0; i < t->file.count; i++) {
        struct ring *ring = ring_get(&t->file, i);

        if (t->positions[i] == 0)
            continue;
        if (is_durable)
            ring_set_durable(ring, t->positions[i]);
        ring_release(ring, t->positions[i]);
    }
}

static void
tell_durable(const struct intake *t)
{
    const uint64_t one = 1;

    if (t->durable >= 0 && write(t->durable, &one, sizeof(one)) < 0) {
        /* its counter is full: the gate has been told already */
    }
}

/* Until the gate wakes us; or, where something has come meanwhile, not. */
static void
lie_down(struct intake *t, int64_t now)
{
    bool is_quiet = true;

    for (unsigned i = 0; i < t->file.count && is_quiet; i++)
        is_quiet = ring_sleep(ring_get(&t->file, i));
    t->take_at = is_quiet ? 0 : now + (t->records->durability == DURABILITY_STRICT ? 0 : GATHER);
}

int
intake_take(struct intake *t)
{
    enum durability durability = t->records->durability;
    int result = append_all(t);
    int synced = durability == DURABILITY_OS ? 0 : record_sync(t->records);

    result = result == 0 ? synced : result;
    /* Part of it may be written though not all. */
    if (synced == 0)
        release_all(t, durability != DURABILITY_OS);
    if (synced == 0 && durability == DURABILITY_STRICT)
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
    bool is_quiet = true;
    uint64_t count;

    if (read(t->wake, &count, sizeof(count)) < 0) {
        /* somebody else's wake */
    }
    if (t->take_at == 0 && t->records->durability != DURABILITY_STRICT) {
        for (unsigned i = 0; i < t->file.count; i++)
            is_quiet = ring_nap(ring_get(&t->file, i)) && is_quiet;
        t->take_at = now + (is_quiet ? GATHER : 0);
    } else if (!t->records->has_failed) {
        t->take_at = now; /* half full */
    }
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
