/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/journal.h"

#include "base/memory.h"
#include "ledger/journal_scan.h"

#include <errno.h>
#include <fcntl.h>

static void
note_taken(struct journal *j, uint32_t type, const uint8_t *payload, size_t length)
{
    struct journal_ring taken;

    if (type != JOURNAL_RING || length < sizeof(taken))
        return;
    memcpy(&taken, payload, sizeof(taken));
    if (taken.ring < RINGS_MAX)
        j->taken[taken.ring] = (struct journal_taken){taken.file, taken.to};
}

/* Walks the records up to the first that is not whole. */
static int
scan(struct journal *j, const struct journal_watch *watch, struct journal_report *report)
{
    struct journal_scan scan;
    struct journal_record record;
    int result = journal_scan_init(&scan, j->os, j->fd);

    if (result != 0)
        return result;
    scan.watch = watch;
    while ((result = journal_scan_next(&scan, &record)) == 1) {
        report->records++;
        note_taken(j, record.type, record.payload.bytes, record.payload.length);
    }
    j->end = (off_t)scan.offset;
    report->cut = scan.file.limit - scan.offset;
    journal_scan_release(&scan);
    return result;
}

int
journal_open(struct journal *j, const struct os *os, int directory, const char *name,
             const struct journal_watch *watch, struct journal_report *report)
{
    int result;

    *j = (struct journal){.os = os, .fd = -1};
    *report = (struct journal_report){0};
    j->space = memory_new(1, JOURNAL_HEAD + JOURNAL_PAYLOAD_MAX);
    if (!j->space)
        return PASU_E_NOMEM;
    j->fd = os->openat(os->arg, directory, name, O_RDWR | O_CREAT, 0600);
    result = j->fd >= 0 ? scan(j, watch, report) : error_from_errno(errno);
    j->synced = j->end;
    /* New, or its very first write was cut: nothing is in it yet. */
    if (result == 0 && j->end < JOURNAL_HEADER) {
        result = os_write_all(j->os, j->fd, journal_header, JOURNAL_HEADER, 0);
        j->end = JOURNAL_HEADER;
    }
    if (result == 0 && report->cut > 0 && os->ftruncate(os->arg, j->fd, j->end) != 0)
        result = error_from_errno(errno);
    if (result != 0)
        journal_close(j);
    return result;
}

int
journal_append(struct journal *j, enum journal_type type, const void *payload, size_t length)
{
    struct journal_head head = {
        .length = (uint32_t)length, .type = (uint32_t)type, .time = (uint64_t)os_realtime(j->os)};
    int result;

    if (j->fd < 0)
        return PASU_E_UNAVAILABLE;
    if (length > JOURNAL_PAYLOAD_MAX)
        return PASU_E_RANGE;
    if (j->is_torn && j->os->ftruncate(j->os->arg, j->fd, j->end) != 0)
        return error_from_errno(errno);
    j->is_torn = false;
    if (length > 0 && payload != journal_space(j))
        memcpy(journal_space(j), payload, length);
    head.crc = journal_crc(head, journal_space(j));
    memcpy(j->space, &head, sizeof(head));
    result = os_write_all(j->os, j->fd, j->space, JOURNAL_HEAD + length, j->end);
    if (result != 0) {
        j->is_torn = j->os->ftruncate(j->os->arg, j->fd, j->end) != 0;
        return result;
    }
    j->end += JOURNAL_HEAD + (off_t)length;
    j->is_dirty = true;
    note_taken(j, head.type, journal_space(j), length);
    return 0;
}

uint8_t *
journal_space(struct journal *j)
{
    return j->space + JOURNAL_HEAD;
}

uint64_t
journal_taken(const struct journal *j, unsigned ring, uint64_t file)
{
    return j->taken[ring].file == file ? j->taken[ring].position : 0;
}

/* The whole record at `at` goes into j->space, and its length into *length. */
static int
read_record(struct journal *j, off_t at, size_t *length)
{
    struct journal_head head;
    int result = os_read_all(j->os, j->fd, &head, sizeof(head), at);

    if (result != 0)
        return result;
    if (head.length > JOURNAL_PAYLOAD_MAX || j->end - at < (off_t)(JOURNAL_HEAD + head.length))
        return PASU_E_CORRUPT;
    *length = JOURNAL_HEAD + head.length;
    result = os_read_all(j->os, j->fd, j->space, *length, at);
    if (result == 0 && journal_crc(head, journal_space(j)) != head.crc)
        result = PASU_E_CORRUPT;
    return result;
}

/* From the page cache, which keeps what it could not write, for a while; it is new to it then. */
static int
write_again(struct journal *j)
{
    off_t at = j->synced;
    size_t length;
    int result = 0;

    if (at < JOURNAL_HEADER) {
        result = os_write_all(j->os, j->fd, journal_header, JOURNAL_HEADER, 0);
        at = JOURNAL_HEADER;
    }
    for (; at < j->end && result == 0; at += (off_t)length) {
        result = read_record(j, at, &length);
        if (result == 0)
            result = os_write_all(j->os, j->fd, j->space, length, at);
    }
    return result;
}

int
journal_sync(struct journal *j)
{
    int result;

    if (j->fd < 0 || !j->is_dirty)
        return 0;
    result = j->is_lost ? write_again(j) : 0;
    if (result == 0 && j->os->fdatasync(j->os->arg, j->fd) != 0)
        result = error_from_errno(errno);
    j->is_lost = result != 0;
    if (result != 0)
        return result;
    j->synced = j->end;
    j->is_dirty = false;
    return 0;
}

void
journal_close(struct journal *j)
{
    if (j->fd >= 0)
        j->os->close(j->os->arg, j->fd);
    j->fd = -1;
    memory_free(j->space);
    j->space = NULL;
}
