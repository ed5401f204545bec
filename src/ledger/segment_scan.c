/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/segment_scan.h"

#include "base/memory.h"

#include <errno.h>
#include <sys/stat.h>

enum { BUFFER_SIZE = 1 << 20 };
/* How many bytes behind damage are checked for being a record. */
#define SEARCH_MAX (UINT64_C(256) << 20)

_Static_assert(BUFFER_SIZE >= 2 * (SEGMENT_PAYLOAD_MAX + 64), "a record fits, and is worth a read");

/* Makes [at, at + length) available, which is within the limit; NULL otherwise, with *error or,
 * where the file has become shorter, with a new limit. */
static const uint8_t *
bytes_at(struct segment_scan *s, uint64_t at, size_t length, int *error)
{
    size_t kept = 0;

    if (at >= s->buffer_at && at + length <= s->buffer_at + s->have)
        return s->buffer + (at - s->buffer_at);
    if (at >= s->buffer_at && at < s->buffer_at + s->have) {
        kept = (size_t)(s->buffer_at + s->have - at);
        memmove(s->buffer, s->buffer + (at - s->buffer_at), kept);
    }
    s->buffer_at = at;
    s->have = kept;
    while (s->have < length) {
        uint64_t left = s->limit - at - s->have, room = BUFFER_SIZE - s->have;
        ssize_t n = s->os->pread(s->os->arg, s->fd, s->buffer + s->have,
                                 (size_t)(left < room ? left : room), (off_t)(at + s->have));

        if (n < 0) {
            *error = error_from_errno(errno);
            return NULL;
        }
        if (n == 0) { /* cut off by the keeper: it ends here now */
            s->limit = at + s->have;
            return NULL;
        }
        s->have += (size_t)n;
    }
    return s->buffer;
}

int
segment_scan_init(struct segment_scan *s, const struct os *os, int fd, uint64_t first)
{
    const uint8_t *found;
    struct stat st;
    int error = 0;

    *s = (struct segment_scan){.os = os, .fd = fd, .next = first};
    if (fstat(fd, &st) != 0)
        return error_from_errno(errno);
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < sizeof(s->header))
        return PASU_E_CORRUPT;
    s->buffer = memory_new(1, BUFFER_SIZE);
    if (!s->buffer)
        return PASU_E_NOMEM;
    s->limit = (uint64_t)st.st_size;
    found = bytes_at(s, 0, sizeof(s->header), &error);
    if (found) {
        memcpy(&s->header, found, sizeof(s->header));
        error = segment_header_check(&s->header, first);
    } else if (error == 0) {
        error = PASU_E_CORRUPT;
    }
    s->offset = sizeof(s->header);
    if (error != 0)
        segment_scan_release(s);
    return error;
}

void
segment_scan_release(struct segment_scan *s)
{
    memory_free(s->buffer);
    s->buffer = NULL;
}

static bool
is_zero(const uint8_t *bytes, size_t length)
{
    while (length > 0 && *bytes == 0) {
        bytes++;
        length--;
    }
    return length == 0;
}

/* 1 where a whole record begins, whatever its index; 0 where none does; or an error. */
static int
look(struct segment_scan *s, uint64_t at, bool is_search, struct segment_record *record)
{
    struct segment_head head;
    const uint8_t *bytes;
    size_t room;
    int error = 0;

    if (s->limit - at < sizeof(head))
        return 0;
    bytes = bytes_at(s, at, sizeof(head), &error);
    if (!bytes)
        return error;
    memcpy(&head, bytes, sizeof(head));
    room = segment_room(head.length);
    if (!segment_head_check(&head) || room > s->limit - at)
        return 0;
    if (is_search) {
        if (head.index <= s->next || s->searched + room > SEARCH_MAX)
            return 0;
        s->searched += room;
    } else if (head.index != s->next) {
        return 0;
    }
    bytes = bytes_at(s, at, room, &error);
    if (!bytes)
        return error;
    bytes += sizeof(head);
    if (head.crc != segment_crc(head, bytes) ||
        !is_zero(bytes + head.length, room - sizeof(head) - head.length))
        return 0;
    *record = (struct segment_record){.offset = at,
                                      .index = head.index,
                                      .time = head.time,
                                      .type = head.type,
                                      .payload = view_of(bytes, head.length)};
    return 1;
}

/* What is at `offset` is no whole record: is one behind it, or at least anything? */
static int
search(struct segment_scan *s)
{
    struct segment_record record;

    s->is_torn = false;
    for (uint64_t at = s->offset; at < s->limit; at += SEGMENT_ALIGNMENT) {
        size_t length =
            s->limit - at < SEGMENT_ALIGNMENT ? (size_t)(s->limit - at) : (size_t)SEGMENT_ALIGNMENT;
        int result = 0;
        const uint8_t *bytes = bytes_at(s, at, length, &result);

        if (!bytes && result < 0)
            return result;
        if (!bytes)
            break;
        if (is_zero(bytes, length))
            continue; /* a record has a length or a checksum */
        s->is_torn = true;
        result = look(s, at, true, &record);
        if (result < 0)
            return result;
        if (result == 0)
            continue;
        s->damage = s->offset;
        s->lost = record.index - s->next;
        s->offset = at;
        s->next = record.index;
        return PASU_E_CORRUPT;
    }
    return 0;
}

int
segment_scan_next(struct segment_scan *s, struct segment_record *record)
{
    int result = s->offset < s->limit ? look(s, s->offset, false, record) : 0;

    /* What was torn when it was read may be whole by now. */
    if (result == 0 && s->offset < s->limit) {
        s->have = 0;
        result = look(s, s->offset, false, record);
    }
    if (result == 0)
        return search(s);
    if (result > 0) {
        s->offset += segment_room(record->payload.length);
        s->next++;
    }
    return result;
}
