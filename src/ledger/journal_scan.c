/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/journal_scan.h"

#include "base/crc32c.h"

#include <zlib.h>

enum { BUFFER_SIZE = 2 << 20 };
/* How many bytes behind damage are checked for being a record. Hostile ones may look like the
 * beginning of a long record at every second place. */
#define SEARCH_MAX (UINT64_C(256) << 20)

const uint8_t journal_header[JOURNAL_HEADER] = {'p', 'a', 's', 'u', 'j', 'n', 'l', 1};

_Static_assert(sizeof(struct journal_head) == JOURNAL_HEAD, "the head has no holes");
_Static_assert(BUFFER_SIZE >= JOURNAL_HEAD + JOURNAL_PAYLOAD_MAX, "a record fits");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian");

uint32_t
journal_crc(struct journal_head head, const void *payload)
{
    uLong crc;

    head.crc = 0;
    if (head.type == JOURNAL_RING)
        return crc32c(crc32c(0, &head, sizeof(head)), payload, head.length);
    crc = crc32(0, (const Bytef *)&head, sizeof(head));
    return (uint32_t)crc32(crc, payload, (uInt)head.length);
}

static const uint8_t *
bytes_at(struct journal_scan *s, uint64_t at, size_t length, int *error)
{
    const uint8_t *bytes = window_bytes(&s->file, at, length, error);
    uint64_t read = s->file.at + s->file.have;

    if (s->watch && read != s->told)
        s->watch->read(s->watch->arg, read, s->file.limit);
    s->told = read;
    return bytes;
}

/* 1 where a whole record begins, 0 where none does, or an error. */
static int
look(struct journal_scan *s, uint64_t at, bool is_search, struct journal_record *record)
{
    struct journal_head head;
    const uint8_t *bytes;
    int error = 0;

    if (s->file.limit - at < JOURNAL_HEAD)
        return 0;
    bytes = bytes_at(s, at, sizeof(head), &error);
    if (!bytes)
        return error;
    memcpy(&head, bytes, sizeof(head));
    if (head.zero != 0 || head.type == 0 || head.length > JOURNAL_PAYLOAD_MAX ||
        head.length > s->file.limit - at - JOURNAL_HEAD)
        return 0;
    if (is_search) {
        if (head.type > JOURNAL_LAST || s->searched + head.length > SEARCH_MAX)
            return 0;
        s->searched += head.length;
    }
    bytes = bytes_at(s, at, sizeof(head) + head.length, &error);
    if (!bytes)
        return error;
    if (head.crc != journal_crc(head, bytes + JOURNAL_HEAD))
        return 0;
    *record = (struct journal_record){.offset = at,
                                      .type = head.type,
                                      .time = (int64_t)head.time,
                                      .payload = view_of(bytes + JOURNAL_HEAD, head.length)};
    return 1;
}

/* What is at `offset` is not whole: is a whole record behind it? */
static int
search(struct journal_scan *s)
{
    struct journal_record record;

    for (uint64_t at = s->offset + 1; at + JOURNAL_HEAD <= s->file.limit; at++) {
        int result = look(s, at, true, &record);

        if (result < 0)
            return result;
        if (result == 0)
            continue;
        s->damage = s->offset;
        s->offset = at;
        return PASU_E_CORRUPT;
    }
    if (s->file.limit - s->offset <= JOURNAL_HEAD + JOURNAL_PAYLOAD_MAX)
        return 0;
    s->damage = s->offset;
    s->offset = s->file.limit;
    return PASU_E_CORRUPT;
}

int
journal_scan_init(struct journal_scan *s, const struct os *os, int fd)
{
    const uint8_t *found;
    int error;

    *s = (struct journal_scan){.offset = 0};
    error = window_open(&s->file, os, fd, BUFFER_SIZE);
    if (error != 0)
        return error;
    s->offset = s->file.limit < JOURNAL_HEADER ? s->file.limit : JOURNAL_HEADER;
    found = bytes_at(s, 0, (size_t)s->offset, &error);
    if (found && memcmp(found, journal_header, (size_t)s->offset) != 0)
        error = PASU_E_CORRUPT;
    if (error != 0)
        journal_scan_release(s);
    return error;
}

void
journal_scan_release(struct journal_scan *s)
{
    window_close(&s->file);
}

int
journal_scan_next(struct journal_scan *s, struct journal_record *record)
{
    int result;

    if (s->offset >= s->file.limit)
        return 0;
    result = look(s, s->offset, false, record);
    /* What was torn when it was read may have been cut off since, and written over. */
    if (result == 0 && s->offset < s->file.limit) {
        window_forget(&s->file);
        result = look(s, s->offset, false, record);
    }
    if (result == 0)
        return s->offset < s->file.limit ? search(s) : 0;
    if (result > 0)
        s->offset += JOURNAL_HEAD + record->payload.length;
    return result;
}
