/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/records.h"

#include "base/memory.h"
#include "ledger/segment_writer.h"

/* In memory a record's head is longer than in the file. */
enum { BATCH_SIZE = 3 * SEGMENT_BATCH_MAX };
/* Records: most rings are taken a hundred times a second. */
enum { LOOK_BACK_FIRST = 1024, LOOK_BACK_MORE = 16 };

_Static_assert(sizeof(struct segment_record) <= 2 * sizeof(struct segment_head),
               "a batch has room for its records");

int
records_init(struct records *r, const struct os *os, struct source source)
{
    *r = (struct records){.os = os, .source = source, .fd = -1};
    r->batch = memory_new(1, BATCH_SIZE);
    return r->batch ? 0 : PASU_E_NOMEM;
}

static void
close_segment(struct records *r)
{
    if (r->fd < 0)
        return;
    segment_scan_release(&r->scan);
    r->os->close(r->os->arg, r->fd);
    r->fd = -1;
}

void
records_release(struct records *r)
{
    close_segment(r);
    memory_free(r->batch);
    r->batch = NULL;
}

static int
damaged(struct records *r, uint64_t segment, uint64_t offset)
{
    r->damage = (struct records_place){segment, offset, r->next};
    r->is_broken = true;
    return PASU_E_CORRUPT;
}

static void
drop_batch(struct records *r)
{
    r->batch_used = r->batch_at = 0;
    r->batch_count = 0;
    r->is_giving = r->is_broken = false;
}

/* ---- from segment to segment ---- */

/* Takes up the segment with this descriptor. */
static int
enter(struct records *r, int fd, uint64_t first, size_t left)
{
    int result = segment_scan_init(&r->scan, r->os, fd, first);

    if (result != 0) {
        r->os->close(r->os->arg, fd);
        if (result != PASU_E_CORRUPT)
            return result;
        r->is_unknown = true;
        result = damaged(r, first, 0);
        r->next = first + 1;
        return result;
    }
    r->is_unknown = r->is_empty = false;
    result = segment_scan_unlock(&r->scan, r->keys);
    if (result != 0) {
        segment_scan_release(&r->scan);
        r->os->close(r->os->arg, fd);
        return result;
    }
    r->fd = fd;
    r->first = first;
    r->left = left;
    r->unseen = 0;
    r->is_at_end = r->is_second_look = false;
    return 0;
}

/* The keeper may have written more than we saw when it began the next one. */
static int
look_again(struct records *r)
{
    r->is_second_look = true;
    r->is_at_end = false;
    return segment_scan_renew(&r->scan);
}

/* Records are missing between this segment, or none, and the next one. */
static int
skip_hole(struct records *r, uint64_t first)
{
    uint64_t segment = r->fd >= 0 ? r->first : first, offset = r->fd >= 0 ? r->scan.offset : 0;
    int result = damaged(r, segment, offset);

    if (r->fd >= 0)
        r->read += r->scan.file.limit;
    close_segment(r);
    r->is_at_end = r->is_empty = false;
    r->next = first;
    return result;
}

/* Whether it is the segment that is read, which has no record yet: another one of the same name has
 * taken its place where a keeper cut off all that it had. */
static bool
is_same(const struct records *r, int fd, uint64_t first)
{
    struct segment_header header;

    return r->fd >= 0 && first == r->first &&
           os_read_all(r->os, fd, &header, sizeof(header), 0) == 0 &&
           memcmp(&header, &r->scan.header, sizeof(header)) == 0;
}

/* To the next segment: 0, or PASU_E_NOTFOUND where this is the last one. */
static int
advance(struct records *r)
{
    uint64_t first = 0;
    size_t left = 0;
    bool is_odd;
    int fd = r->source.open(r->source.arg, SOURCE_BEHIND, r->next + r->is_empty, &first, &left);

    if (fd >= 0 && is_same(r, fd, first)) {
        r->os->close(r->os->arg, fd);
        r->is_empty = true;
        fd = r->source.open(r->source.arg, SOURCE_BEHIND, r->next + 1, &first, &left);
    }
    if (fd < 0)
        return fd;
    is_odd = r->fd >= 0 ? first != r->next || r->scan.is_torn
                        : first != r->next && r->next > 0 && !r->is_unknown;
    if (is_odd && (r->fd < 0 || r->is_second_look)) {
        r->os->close(r->os->arg, fd);
        return skip_hole(r, first);
    }
    if (is_odd) {
        r->os->close(r->os->arg, fd);
        return look_again(r);
    }
    if (r->fd >= 0)
        r->read += r->scan.file.limit;
    close_segment(r);
    r->next = first; /* the first of all may be a later one: those before it were pruned */
    return enter(r, fd, first, left);
}

/* A batch without its end may be cut off, and something else come in its place: it is read again.
 */
static void
take_back(struct records *r)
{
    if (r->fd < 0 || r->batch_count == 0 || r->is_broken || r->is_second_look)
        return;
    r->scan.offset = r->batch_place.offset;
    r->scan.next = r->next = r->batch_place.index;
    drop_batch(r);
}

/* For now. What comes is seen the next time. */
static int
rest(struct records *r)
{
    r->is_at_end = r->is_empty = false;
    return r->fd >= 0 ? segment_scan_renew(&r->scan) : 0;
}

/* The next whole record, whatever it is part of. */
static int
next_raw(struct records *r, struct segment_record *record)
{
    for (;;) {
        int result = r->fd >= 0 && !r->is_at_end ? segment_scan_next(&r->scan, record) : 0;

        if (result == 1 && record->is_sealed)
            return PASU_E_LEDGER_KEY;
        if (result == 1) {
            r->next = record->index + 1;
            r->is_empty = false;
        }
        if (result == PASU_E_CORRUPT) {
            result = damaged(r, r->first, r->scan.damage);
            r->next = r->scan.next;
            return result;
        }
        if (result != 0)
            return result;
        if (!r->is_at_end)
            take_back(r);
        r->is_at_end = true;
        result = advance(r);
        if (result != 0)
            return result == PASU_E_NOTFOUND ? rest(r) : result;
    }
}

/* ---- batches ---- */

static struct records_place
place_of(const struct records *r, const struct segment_record *record)
{
    return (struct records_place){r->first, record->offset, record->index};
}

/* It is longer than any of ours: what there is comes as it is. */
static int
end_full(struct records *r, const struct segment_record *record)
{
    bool is_broken = r->is_broken;

    r->held = *record;
    r->is_held = r->is_giving = true;
    if (is_broken)
        return 0;
    r->damage = place_of(r, record);
    return PASU_E_CORRUPT;
}

/* Keeps a record that is part of a batch. */
static int
keep(struct records *r, const struct segment_record *record)
{
    size_t room = sizeof(*record) + ((record->payload.length + 7) & ~(size_t)7);

    if (room > BATCH_SIZE - r->batch_used)
        return end_full(r, record);
    if (r->batch_count == 0)
        r->batch_place = place_of(r, record);
    memcpy(r->batch + r->batch_used, record, sizeof(*record));
    if (record->payload.length > 0)
        memcpy(r->batch + r->batch_used + sizeof(*record), record->payload.bytes,
               record->payload.length);
    r->batch_used += room;
    r->batch_count++;
    return 0;
}

static void
give(struct records *r, struct segment_record *record)
{
    memcpy(record, r->batch + r->batch_at, sizeof(*record));
    record->payload.bytes = r->batch + r->batch_at + sizeof(*record);
    r->batch_at += sizeof(*record) + ((record->payload.length + 7) & ~(size_t)7);
    r->place = r->batch_place;
}

/* What is no part of a batch ends the one before it. */
static int
end_batch(struct records *r, const struct segment_record *record)
{
    uint32_t count = 0;
    bool is_end = taken_note(&r->taken, record, &count) || record->type != SEGMENT_TAKEN;
    bool fits = is_end && count == r->batch_count, is_broken = r->is_broken;

    r->held = *record;
    r->is_held = true;
    r->is_giving = true;
    r->is_broken = false;
    if (fits || is_broken)
        return 0; /* of what is broken the damage was told */
    r->damage = place_of(r, record);
    return PASU_E_CORRUPT;
}

int
records_next(struct records *r, struct segment_record *record)
{
    for (;;) {
        int result;

        if (r->is_giving && r->batch_at < r->batch_used) {
            give(r, record);
            return 1;
        }
        if (r->is_giving)
            drop_batch(r);
        if (r->is_held) {
            r->is_held = false;
            *record = r->held;
            r->place = place_of(r, record);
            return 1;
        }
        result = next_raw(r, record);
        if (result != 1)
            return result;
        result = segment_is_from_ring(record->type) ? keep(r, record) : end_batch(r, record);
        if (result != 0)
            return result;
    }
}

/* To the segment of this index. */
static int
seek_segment(struct records *r, uint64_t index)
{
    uint64_t first = 0;
    size_t left = 0;
    int fd = r->source.open(r->source.arg, SOURCE_WITHIN, index, &first, &left);

    if (fd < 0)
        return fd;
    close_segment(r);
    drop_batch(r);
    r->is_held = false;
    r->read = 0;
    return enter(r, fd, first, left);
}

int
records_seek(struct records *r, const struct records_place *place)
{
    int result = seek_segment(r, place->segment);

    if (result != 0)
        return result;
    if (r->first != place->segment || place->offset > r->scan.file.limit)
        return PASU_E_NOTFOUND;
    r->scan.offset = r->unseen = place->offset;
    r->scan.next = r->next = r->unseen_next = place->index;
    return 0;
}

int
records_seek_index(struct records *r, uint64_t index)
{
    int result = seek_segment(r, index);

    if (result == 0)
        result = segment_scan_seek(&r->scan, index);
    if (result != 0)
        return result;
    r->unseen = r->scan.offset;
    r->next = r->unseen_next = r->scan.next;
    r->is_broken = true; /* what a batch lacks now is no damage */
    return 0;
}

int
records_find(struct records *r, uint64_t index, uint64_t most, struct segment_record *record)
{
    for (uint64_t n = 0; n <= most; n++) {
        int result = records_next(r, record);

        if (result == PASU_E_CORRUPT)
            continue;
        if (result != 1)
            return result == 0 ? PASU_E_NOTFOUND : result;
        if (record->index >= index)
            return record->index == index ? 0 : PASU_E_NOTFOUND;
    }
    return PASU_E_NOTFOUND;
}

/* Which of the rings it is not known of up to where they were taken. */
static uint64_t
unknown_of(const struct records *r, uint64_t rings)
{
    for (unsigned i = 0; i < RINGS_MAX; i++)
        if (r->taken.rings[i].file != 0)
            rings &= ~(UINT64_C(1) << i);
    return rings;
}

/* What the records from that one on say, up to where the reading began. */
static int
look_from(struct records *r, struct segment_scan *scan, uint64_t index)
{
    struct segment_record record;
    struct taken before = {0};
    uint32_t count;
    int result = segment_scan_seek(scan, index);

    while (result == 0 && scan->offset < r->unseen) {
        int next = segment_scan_next(scan, &record);

        if (next == 1)
            taken_note(&before, &record, &count);
        else if (next == 0)
            break;
        else if (next != PASU_E_CORRUPT)
            result = next;
    }
    for (unsigned i = 0; result == 0 && i < RINGS_MAX; i++)
        if (r->taken.rings[i].file == 0)
            r->taken.rings[i] = before.rings[i];
    return result;
}

int
records_look_back(struct records *r, uint64_t rings)
{
    uint64_t back = LOOK_BACK_FIRST, behind = r->unseen_next - r->first;
    struct segment_scan scan;
    int result;

    if (r->unseen == 0 || unknown_of(r, rings) == 0)
        return 0;
    result = segment_scan_init(&scan, r->os, r->fd, r->first);
    if (result != 0)
        return result == PASU_E_CORRUPT ? 0 : result;
    result = segment_scan_unlock(&scan, r->keys);
    for (; result == 0; back *= LOOK_BACK_MORE) {
        result = look_from(r, &scan, back < behind ? r->unseen_next - back : r->first);
        if (back >= behind || unknown_of(r, rings) == 0)
            break;
    }
    segment_scan_release(&scan);
    if (result == 0)
        r->unseen = 0;
    return result;
}

void
records_progress(const struct records *r, uint64_t *done, uint64_t *all)
{
    size_t behind = r->fd >= 0 && r->left > 0 ? r->left - 1 : 0;

    *done = r->read + (r->fd >= 0 ? r->scan.offset : 0);
    *all = r->read + (r->fd >= 0 ? r->scan.file.limit : 0) + behind * SEGMENT_SIZE;
}
