/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/segment_writer.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>

enum {
    RESERVE = 4 << 20, /* bytes that are reserved on the disk at a time */
    PIECE = 128 << 10, /* that are written again at a time: room for any record */
    /* Each record takes at least its head, and encryption no more than half of that. */
    BATCH_SIZE = SEGMENT_BATCH_MAX / 2 * 3,
};
_Static_assert(SEGMENT_TAG_SIZE % SEGMENT_ALIGNMENT == 0 &&
                   2 * SEGMENT_TAG_SIZE <= sizeof(struct segment_head),
               "a tag takes up so much more room");

static const char unfinished[] = "next.tmp"; /* a segment's name until its header is on the disk */

/* ---- a new segment ---- */

static bool
has_keys(const struct segment_writer *w)
{
    return w->keys && w->keys->count > 0;
}

/* Its header, and with keys its cipher. */
static int
make_header(struct segment_writer *w, struct segment_header *header, struct segment_cipher *cipher)
{
    uint8_t id[SEGMENT_ID_SIZE];
    int result = w->os->random(w->os->arg, id, sizeof(id));

    if (result == 0 && has_keys(w))
        result = segment_cipher_init(cipher, w->keys->keys[0], id, true);
    segment_header_make(header, w->next, os_realtime(w->os),
                        cipher->context ? SEGMENT_IS_SEALED : 0, id);
    return result;
}

static int
make_segment(struct segment_writer *w, int fd, const struct segment_header *header)
{
    const struct os *os = w->os;
    char name[SEGMENT_NAME_SIZE];
    int result = os_write_all(w->os, fd, header, sizeof(*header), 0);

    if (result != 0)
        return result;
    segment_name(name, header->first);
    if (os->fsync(os->arg, fd) != 0)
        return error_from_errno(errno);
    w->is_left = true;
    if (os->renameat(os->arg, w->directory, unfinished, w->directory, name) != 0 ||
        os->fsync(os->arg, w->directory) != 0)
        return error_from_errno(errno);
    return 0;
}

/* The one that is open, all of which is on the disk, is cut to its length: the last thing that is
 * done to it. Left out, a reader finds zeros at its end. */
static void
leave_segment(struct segment_writer *w)
{
    if (w->fd < 0)
        return;
    if (w->reserved > w->end && w->os->ftruncate(w->os->arg, w->fd, w->end) != 0) {
        /* zeros, as said */
    }
    w->os->close(w->os->arg, w->fd);
    w->fd = -1;
}

static int
next_segment(struct segment_writer *w)
{
    const struct os *os = w->os;
    struct segment_header header;
    struct segment_cipher cipher = {0};
    int fd = os->openat(os->arg, w->directory, unfinished,
                        O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int result = fd >= 0 ? make_header(w, &header, &cipher) : error_from_errno(errno);

    if (result == 0)
        result = make_segment(w, fd, &header);
    if (result != 0) {
        segment_cipher_release(&cipher);
        if (fd >= 0)
            os->close(os->arg, fd);
        return result;
    }
    leave_segment(w);
    segment_cipher_release(&w->cipher);
    w->fd = fd;
    w->cipher = cipher;
    w->is_sealed = cipher.context != NULL;
    w->seed = segment_seed(header.id);
    w->first = w->next;
    w->end = w->synced = w->reserved = sizeof(struct segment_header);
    w->is_lost = w->is_torn = w->is_left = false;
    return 0;
}

/* ---- durability ---- */

static void
tell_read(const struct segment_writer *w, uint64_t done, uint64_t all)
{
    if (w->watch && w->watch->read)
        w->watch->read(w->watch->arg, done, all);
}

/* The whole records in these bytes: how long they are together. */
static size_t
whole_records(const struct segment_writer *w, const uint8_t *bytes, size_t length)
{
    size_t at = 0, room = 0;

    for (; length - at >= sizeof(struct segment_head); at += room) {
        struct segment_head head;

        memcpy(&head, bytes + at, sizeof(head));
        room = segment_room(head.length);
        if (!segment_head_check(&head, w->is_sealed) || room > length - at ||
            head.crc != segment_record_crc(w->seed, bytes + at))
            break;
    }
    return at;
}

/* From the page cache, which keeps what it could not write, for a while; it is new to it then. */
static int
write_again(struct segment_writer *w)
{
    off_t at = w->synced;
    int result = 0;

    while (at < w->end && result == 0) {
        size_t length = w->end - at < PIECE ? (size_t)(w->end - at) : PIECE;

        result = os_read_all(w->os, w->fd, w->batch, length, at);
        if (result != 0)
            return result;
        length = whole_records(w, w->batch, length);
        result = length > 0 ? os_write_all(w->os, w->fd, w->batch, length, at) : PASU_E_CORRUPT;
        at += (off_t)length;
        tell_read(w, (uint64_t)at, (uint64_t)w->end);
    }
    return result;
}

static int
sync_file(struct segment_writer *w)
{
    int result = w->is_lost ? write_again(w) : 0;

    if (result == 0 && w->os->fdatasync(w->os->arg, w->fd) != 0)
        result = error_from_errno(errno);
    w->is_lost = result != 0;
    if (result != 0)
        return result;
    w->synced = w->end;
    w->durable = w->next;
    return 0;
}

/* ---- opening ---- */

/* What is known after the newest segment has been read. */
struct walk {
    uint64_t next, end; /* behind the last record that stays: its index, its place */
    uint64_t pending;   /* records behind it of a batch without its end */
    uint64_t durable;   /* the most that any record says was on the disk */
    uint64_t bad;       /* where the first one that is not whole begins; 0: none */
    bool is_unknown;    /* a batch's end that does not fit the batch */
    uint64_t records;   /* that stay */
};

static void
see_record(struct walk *walk, const struct segment_record *record, const struct segment_scan *scan,
           const struct segment_watch *watch)
{
    struct segment_taken taken = {0};

    if (record->type == SEGMENT_TAKEN && record->payload.length == sizeof(taken)) {
        memcpy(&taken, record->payload.bytes, sizeof(taken));
        if (taken.durable <= record->index && taken.durable > walk->durable)
            walk->durable = taken.durable;
    }
    if (walk->bad != 0 || walk->is_unknown)
        return;
    if (segment_is_from_ring(record->type)) {
        walk->pending++;
        return;
    }
    if (walk->pending != taken.count) {
        walk->is_unknown = true; /* no writer of ours made it */
        return;
    }
    walk->records += walk->pending + 1;
    walk->pending = 0;
    walk->next = scan->next;
    walk->end = scan->offset;
    if (watch && watch->see)
        watch->see(watch->arg, record);
}

static int
walk_over(struct segment_writer *w, struct segment_scan *scan, struct walk *walk,
          const struct segment_watch *watch)
{
    struct segment_record record;
    int result;

    *walk = (struct walk){.next = w->first, .end = sizeof(struct segment_header)};
    while ((result = segment_scan_next(scan, &record)) != 0) {
        tell_read(w, scan->offset, scan->file.limit);
        if (result == 1 && record.is_sealed)
            return PASU_E_LEDGER_KEY;
        if (result == 1)
            see_record(walk, &record, scan, watch);
        else if (result != PASU_E_CORRUPT)
            return result;
        else if (walk->bad == 0)
            walk->bad = scan->damage;
    }
    if (walk->bad == 0 && scan->is_torn)
        walk->bad = scan->offset;
    return 0;
}

/* What is behind the records that stay goes, on the disk too, before anything new comes. */
static int
cut(struct segment_writer *w)
{
    if (w->os->ftruncate(w->os->arg, w->fd, w->end) != 0 || w->os->fsync(w->os->arg, w->fd) != 0)
        return error_from_errno(errno);
    w->reserved = w->end;
    return next_segment(w);
}

static int
take_up(struct segment_writer *w, struct segment_scan *scan, uint64_t known,
        const struct segment_watch *watch, struct segment_report *report)
{
    struct walk walk;
    int result = walk_over(w, scan, &walk, watch);

    if (result != 0)
        return result;
    if (known > walk.durable)
        walk.durable = known;
    report->records = walk.records;
    w->next = walk.next;
    w->end = (off_t)walk.end;
    w->reserved = (off_t)scan->file.limit;
    if (walk.is_unknown || walk.next < walk.durable) {
        report->damage = walk.bad != 0 ? walk.bad : walk.end;
        report->segment = w->first;
        return PASU_E_CORRUPT;
    }
    /* It is in the page cache. Who wrote it may not have come to a sync, or may have been told, as
     * nobody is again, that one failed. */
    w->synced = sizeof(struct segment_header);
    w->is_lost = true;
    result = sync_file(w);
    if (result != 0 || (walk.bad == 0 && walk.pending == 0))
        return result;
    report->cut = walk.end;
    report->cut_end = scan->file.limit;
    return cut(w);
}

static int
open_newest(struct segment_writer *w, uint64_t first, uint64_t known,
            const struct segment_watch *watch, struct segment_report *report)
{
    struct segment_scan scan;
    char name[SEGMENT_NAME_SIZE];
    int result;

    segment_name(name, first);
    w->fd = w->os->openat(w->os->arg, w->directory, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
    if (w->fd < 0)
        return error_from_errno(errno);
    w->first = first;
    result = segment_scan_init(&scan, w->os, w->fd, first);
    if (result == PASU_E_CORRUPT)
        report->segment = first;
    if (result != 0)
        return result;
    window_distrust(&scan.file);
    w->seed = scan.seed;
    w->is_sealed = (scan.header.flags & SEGMENT_IS_SEALED) != 0;
    /* What another writer has put there and the power took away was under this segment's key. */
    w->is_left = w->is_sealed || has_keys(w);
    result = segment_scan_unlock(&scan, w->keys);
    /* Its name may not be on the disk yet: who gave it may have been killed. */
    if (result == 0 && w->os->fsync(w->os->arg, w->directory) != 0)
        result = error_from_errno(errno);
    if (result == 0)
        result = take_up(w, &scan, known, watch, report);
    if (result == PASU_E_LEDGER_KEY)
        report->segment = first;
    segment_scan_release(&scan);
    return result;
}

int
segment_writer_open(struct segment_writer *w, const struct os *os, int directory, uint64_t known,
                    const struct segment_keys *keys, const struct segment_watch *watch,
                    struct segment_report *report)
{
    uint64_t *firsts;
    size_t count;
    int result;

    *w = (struct segment_writer){
        .os = os, .directory = directory, .fd = -1, .size = SEGMENT_SIZE, .keys = keys};
    *report = (struct segment_report){0};
    w->batch = memory_new(1, BATCH_SIZE);
    if (!w->batch)
        return PASU_E_NOMEM;
    w->watch = watch;
    result = segment_list(os, directory, &firsts, &count);
    if (result == 0 && count > 0)
        result = open_newest(w, firsts[count - 1], known, watch, report);
    else if (result == 0)
        result = known == 0 ? next_segment(w) : PASU_E_CORRUPT;
    memory_free(firsts);
    w->durable = w->next;
    w->watch = NULL;
    if (result != 0) {
        w->reserved = w->end; /* nothing is cut off */
        segment_writer_close(w);
    }
    return result;
}

void
segment_writer_close(struct segment_writer *w)
{
    leave_segment(w);
    segment_cipher_release(&w->cipher);
    if (w->batch)
        memory_wipe(w->batch, BATCH_SIZE);
    memory_free(w->batch);
    w->batch = NULL;
}

/* ---- appending ---- */

/* Torn bytes go, before anything comes behind or beside them. */
static int
cut_torn(struct segment_writer *w)
{
    w->is_torn = w->os->ftruncate(w->os->arg, w->fd, w->end) != 0;
    if (w->is_torn)
        return error_from_errno(errno);
    w->reserved = w->end;
    return 0;
}

static bool
has_room(const struct segment_writer *w, size_t bytes)
{
    return w->end + (off_t)(w->is_sealed ? bytes + bytes / 2 : bytes) <= w->size;
}

int
segment_begin(struct segment_writer *w, size_t bytes)
{
    int result = 0;

    if (w->fd < 0)
        return PASU_E_UNAVAILABLE;
    if (w->is_open)
        return PASU_E_MISUSE;
    if (bytes > SEGMENT_BATCH_MAX)
        return PASU_E_RANGE;
    if (w->is_torn)
        result = cut_torn(w);
    if (result == 0 && (w->is_left || (!has_room(w, bytes) && w->next != w->first))) {
        result = sync_file(w); /* also that torn bytes are gone */
        if (result == 0)
            result = next_segment(w);
    }
    w->used = w->asked = 0;
    w->put = 0;
    w->pending = 0;
    w->is_open = result == 0;
    return result;
}

/* Whether a record may stand there: a batch from a ring ends with what counts it. */
static bool
is_in_order(const struct segment_writer *w, enum segment_type type, const struct iovec *parts,
            size_t count)
{
    struct segment_taken taken;

    if (type != SEGMENT_TAKEN)
        return segment_is_from_ring(type) || w->pending == 0;
    if (count != 1 || parts[0].iov_len != sizeof(taken))
        return false;
    memcpy(&taken, parts[0].iov_base, sizeof(taken));
    return taken.count == w->pending;
}

int
segment_put(struct segment_writer *w, enum segment_type type, int64_t time,
            const struct iovec *parts, size_t count, struct segment_record *record)
{
    struct segment_head head = {.index = w->next + w->put, .time = time, .type = (uint16_t)type};
    const size_t tag = w->is_sealed ? SEGMENT_TAG_SIZE : 0;
    uint8_t *at, *to;
    size_t length = 0, room;

    if (!w->is_open || !is_in_order(w, type, parts, count))
        return PASU_E_MISUSE;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].iov_len > SEGMENT_PAYLOAD_MAX - length)
            return PASU_E_RANGE;
        length += parts[i].iov_len;
    }
    if (segment_room(length) > SEGMENT_BATCH_MAX - w->asked)
        return PASU_E_AGAIN;
    room = segment_room(length + tag);
    at = to = w->batch + w->used + sizeof(head);
    for (size_t i = 0; i < count; to += parts[i++].iov_len)
        if (parts[i].iov_len > 0)
            memcpy(to, parts[i].iov_base, parts[i].iov_len);
    memset(to, 0, room - sizeof(head) - length);
    head.length = (uint32_t)(length + tag);
    if (!w->is_sealed)
        head.crc = segment_crc(w->seed, head, at);
    memcpy(w->batch + w->used, &head, sizeof(head));
    *record = (struct segment_record){.offset = (uint64_t)w->end + w->used,
                                      .index = head.index,
                                      .time = time,
                                      .type = head.type,
                                      .payload = view_of(at, length)};
    w->used += room;
    w->asked += segment_room(length);
    w->put++;
    w->pending = segment_is_from_ring(type) ? w->pending + 1 : 0;
    return 0;
}

void
segment_abort(struct segment_writer *w)
{
    w->is_open = false;
    w->used = w->asked = 0;
    w->put = 0;
}

/* Room on the disk, where there is some: without it, the write finds out. */
static void
reserve(struct segment_writer *w)
{
    if ((off_t)w->used <= w->reserved - w->end)
        return;
    if (w->os->fallocate(w->os->arg, w->fd, w->end, RESERVE) == 0)
        w->reserved = w->end + RESERVE;
}

/* Encrypts the batch where it lies. */
static int
seal(struct segment_writer *w)
{
    int result = 0;

    for (size_t at = 0; at < w->used && result == 0;) {
        uint8_t *payload = w->batch + at + sizeof(struct segment_head);
        struct segment_head head;

        memcpy(&head, w->batch + at, sizeof(head));
        result = segment_cipher_seal(&w->cipher, &head, payload);
        head.crc = segment_crc(w->seed, head, payload);
        memcpy(w->batch + at, &head, sizeof(head));
        at += segment_room(head.length);
    }
    return result;
}

/* Encrypted as it is, or not, it goes behind what is committed; what a failure leaves goes. */
static int
write_batch(struct segment_writer *w)
{
    int result = w->is_sealed ? seal(w) : 0;

    if (result == 0) {
        reserve(w);
        result = os_write_all(w->os, w->fd, w->batch, w->used, w->end);
    }
    if (result == 0)
        return 0;
    if (cut_torn(w) != 0) {
        /* before the next one */
    }
    /* Some of it may be on the disk, under the key and the nonces of what is put next. */
    w->is_left = w->is_left || w->is_sealed;
    return result;
}

int
segment_commit(struct segment_writer *w)
{
    int result = w->is_open && w->pending == 0 ? 0 : PASU_E_MISUSE;

    if (result == 0 && w->used > 0)
        result = write_batch(w);
    if (result == 0) {
        w->end += (off_t)w->used;
        w->next += w->put;
        if (w->reserved < w->end)
            w->reserved = w->end;
    }
    segment_abort(w);
    return result;
}

int
segment_sync(struct segment_writer *w)
{
    if (w->is_open)
        return PASU_E_MISUSE;
    return w->fd < 0 || w->synced == w->end ? 0 : sync_file(w);
}
