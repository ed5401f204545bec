/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

enum { HEADER_SIZE = 16, RECORD_HEAD = 24 };

/* magic, version 1, eight bytes that must be zero */
static const uint8_t header[HEADER_SIZE] = {'p', 'a', 's', 'u', 'j', 'n', 'l', 1};

/* A record's head as it stands in the file; little-endian, as every machine we run on. */
struct record {
    uint32_t length; /* of the payload */
    uint32_t type;
    uint64_t time; /* realtime ns */
    uint32_t crc;  /* CRC-32 of the head with crc 0, and the payload */
    uint32_t zero;
};

_Static_assert(sizeof(struct record) == RECORD_HEAD, "the head has no holes");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian");

static uint32_t
crc_of(struct record record, const void *payload)
{
    uLong crc;

    record.crc = 0;
    crc = crc32(0, (const Bytef *)&record, sizeof(record));
    return (uint32_t)crc32(crc, payload, (uInt)record.length);
}

static int
write_at(struct journal *j, const void *bytes, size_t length, off_t at)
{
    const uint8_t *from = bytes;

    while (length > 0) {
        ssize_t n = j->os->pwrite(j->os->arg, j->fd, from, length, at);

        if (n < 0)
            return error_from_errno(errno);
        if (n == 0)
            return PASU_E_DISKFULL;
        from += n;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

/* Bytes read; fewer than asked only at the end of the file. */
static ssize_t
read_at(const struct journal *j, void *bytes, size_t length, off_t at)
{
    size_t have = 0;

    while (have < length) {
        ssize_t n = j->os->pread(j->os->arg, j->fd, (uint8_t *)bytes + have, length - have,
                                 at + (off_t)have);

        if (n < 0)
            return error_from_errno(errno);
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

/* Walks the records up to the first that is not whole. */
static int
scan(struct journal *j, off_t size, struct journal_report *report)
{
    uint8_t payload[JOURNAL_PAYLOAD_MAX];
    struct record record;

    for (;;) {
        ssize_t n = read_at(j, &record, sizeof(record), j->end);

        if (n < 0)
            return (int)n;
        if (n < (ssize_t)sizeof(record) || record.length > sizeof(payload))
            break;
        n = read_at(j, payload, record.length, j->end + RECORD_HEAD);
        if (n < 0)
            return (int)n;
        if (n < (ssize_t)record.length || record.zero != 0 || record.crc != crc_of(record, payload))
            break;
        j->end += RECORD_HEAD + (off_t)record.length;
        report->records++;
    }
    report->cut = (uint64_t)(size - j->end);
    /* A crash tears the last record only; more than one is damage, which nobody may paper over. */
    return report->cut > RECORD_HEAD + JOURNAL_PAYLOAD_MAX ? PASU_E_CORRUPT : 0;
}

int
journal_open(struct journal *j, const struct os *os, int directory, const char *name,
             struct journal_report *report)
{
    uint8_t found[HEADER_SIZE];
    struct stat st;
    ssize_t n;
    int result = 0;

    *j = (struct journal){.os = os, .fd = -1};
    *report = (struct journal_report){0};
    j->fd = os->openat(os->arg, directory, name, O_RDWR | O_CREAT, 0600);
    if (j->fd < 0)
        return error_from_errno(errno);
    if (fstat(j->fd, &st) != 0) {
        result = error_from_errno(errno);
        goto out;
    }
    n = read_at(j, found, sizeof(found), 0);
    if (n < 0) {
        result = (int)n;
    } else if (n < HEADER_SIZE) {
        /* New, or its very first write was cut: nothing is in it yet. */
        result = memcmp(found, header, (size_t)n) == 0 ? write_at(j, header, sizeof(header), 0)
                                                       : PASU_E_CORRUPT;
        st.st_size = HEADER_SIZE;
    } else if (memcmp(found, header, sizeof(header)) != 0) {
        result = PASU_E_CORRUPT;
    }
    j->end = HEADER_SIZE;
    if (result == 0)
        result = scan(j, st.st_size, report);
    if (result == 0 && report->cut > 0 && os->ftruncate(os->arg, j->fd, j->end) != 0)
        result = error_from_errno(errno);
out:
    if (result != 0)
        journal_close(j);
    return result;
}

int
journal_append(struct journal *j, enum journal_type type, const void *payload, size_t length)
{
    uint8_t bytes[RECORD_HEAD + JOURNAL_PAYLOAD_MAX];
    struct record record = {
        .length = (uint32_t)length, .type = (uint32_t)type, .time = (uint64_t)os_realtime(j->os)};
    int result;

    if (j->fd < 0)
        return PASU_E_UNAVAILABLE;
    if (length > JOURNAL_PAYLOAD_MAX)
        return PASU_E_RANGE;
    if (j->is_torn && j->os->ftruncate(j->os->arg, j->fd, j->end) != 0)
        return error_from_errno(errno);
    j->is_torn = false;
    record.crc = crc_of(record, payload);
    memcpy(bytes, &record, sizeof(record));
    if (length > 0)
        memcpy(bytes + RECORD_HEAD, payload, length);
    result = write_at(j, bytes, RECORD_HEAD + length, j->end);
    if (result != 0) {
        j->is_torn = j->os->ftruncate(j->os->arg, j->fd, j->end) != 0;
        return result;
    }
    j->end += RECORD_HEAD + (off_t)length;
    j->is_dirty = true;
    return 0;
}

int
journal_sync(struct journal *j)
{
    if (j->fd < 0 || !j->is_dirty)
        return 0;
    if (j->os->fdatasync(j->os->arg, j->fd) != 0)
        return error_from_errno(errno);
    j->is_dirty = false;
    return 0;
}

void
journal_close(struct journal *j)
{
    if (j->fd >= 0)
        j->os->close(j->os->arg, j->fd);
    j->fd = -1;
}
