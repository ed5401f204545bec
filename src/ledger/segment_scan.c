/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/segment_scan.h"

enum { BUFFER_SIZE = 1 << 20, NEAR = 512 << 10 };
/* How many bytes behind damage are checked for being a record. */
#define SEARCH_MAX (UINT64_C(256) << 20)

_Static_assert(BUFFER_SIZE >= 2 * (SEGMENT_PAYLOAD_MAX + 64), "a record fits, and is worth a read");

int
segment_scan_init(struct segment_scan *s, const struct os *os, int fd, uint64_t first)
{
    const uint8_t *found;
    int error;

    *s = (struct segment_scan){.offset = sizeof(s->header), .next = first};
    error = window_open(&s->file, os, fd, BUFFER_SIZE);
    if (error != 0)
        return error;
    found = s->file.limit >= sizeof(s->header) && s->file.limit <= SEGMENT_LENGTH
                ? window_bytes(&s->file, 0, sizeof(s->header), &error)
                : NULL;
    if (found) {
        memcpy(&s->header, found, sizeof(s->header));
        error = segment_header_check(&s->header, first);
        s->seed = segment_seed(s->header.id);
    } else if (error == 0) {
        error = PASU_E_CORRUPT;
    }
    if (error != 0)
        segment_scan_release(s);
    return error;
}

void
segment_scan_release(struct segment_scan *s)
{
    window_close(&s->file);
}

/* 1 where a whole record begins, whatever its index; 0 where none does; PASU_E_RANGE: that is not
 * looked for any more; or another error. */
static int
look(struct segment_scan *s, uint64_t at, bool is_search, struct segment_record *record)
{
    struct segment_head head;
    const uint8_t *bytes;
    size_t room;
    int error = 0;

    if (s->file.limit - at < sizeof(head))
        return 0;
    bytes = window_bytes(&s->file, at, sizeof(head), &error);
    if (!bytes)
        return error;
    memcpy(&head, bytes, sizeof(head));
    room = segment_room(head.length);
    if (!segment_head_check(&head) || room > s->file.limit - at)
        return 0;
    if (is_search) {
        /* No more can be missing than there is room for. */
        if (head.index <= s->next || head.index - s->next > (at - s->offset) / sizeof(head))
            return 0;
        if (s->searched + room > SEARCH_MAX)
            return PASU_E_RANGE;
        s->searched += room;
    } else if (head.index != s->next) {
        return 0;
    }
    bytes = window_bytes(&s->file, at, room, &error);
    if (!bytes)
        return error;
    bytes += sizeof(head);
    if (head.crc != segment_crc(s->seed, head, bytes) ||
        !bytes_are_zero(bytes + head.length, room - sizeof(head) - head.length))
        return 0;
    *record = (struct segment_record){.offset = at,
                                      .index = head.index,
                                      .time = head.time,
                                      .type = head.type,
                                      .payload = view_of(bytes, head.length)};
    return 1;
}

/* The place of the next bytes that are not zero, from `at` on; the limit where there are none. A
 * record has a length or a checksum. */
static int
skip_zeros(struct segment_scan *s, uint64_t *at)
{
    static const uint8_t zeros[4096];

    while (*at < s->file.limit) {
        size_t length =
            s->file.limit - *at < sizeof(zeros) ? (size_t)(s->file.limit - *at) : sizeof(zeros);
        int error = 0;
        const uint8_t *bytes = window_bytes(&s->file, *at, length, &error);

        if (!bytes)
            return error;
        if (memcmp(bytes, zeros, length) != 0) {
            while (bytes_are_zero(bytes, length < SEGMENT_ALIGNMENT ? length : SEGMENT_ALIGNMENT)) {
                bytes += SEGMENT_ALIGNMENT;
                length -= SEGMENT_ALIGNMENT;
                *at += SEGMENT_ALIGNMENT;
            }
            return 0;
        }
        *at += length;
    }
    return 0;
}

static int
skip_to(struct segment_scan *s, uint64_t at, uint64_t next)
{
    s->damage = s->offset;
    s->offset = at;
    s->next = next;
    return PASU_E_CORRUPT;
}

/* What is at `offset` is no whole record: is one behind it, or at least anything? */
static int
search(struct segment_scan *s)
{
    struct segment_record record;
    uint64_t at = s->offset;
    int result = skip_zeros(s, &at);

    s->is_torn = result == 0 && at < s->file.limit;
    for (; result == 0 && at < s->file.limit; at += SEGMENT_ALIGNMENT) {
        result = skip_zeros(s, &at);
        if (result != 0 || at >= s->file.limit)
            break;
        result = look(s, at, true, &record);
        if (result == 1)
            return skip_to(s, at, record.index);
    }
    return result == PASU_E_RANGE ? skip_to(s, s->file.limit, s->next) : result;
}

int
segment_scan_next(struct segment_scan *s, struct segment_record *record)
{
    int result = s->offset < s->file.limit ? look(s, s->offset, false, record) : 0;

    /* What was torn when it was read may be whole by now. */
    if (result == 0 && s->offset < s->file.limit) {
        window_forget(&s->file);
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

/* 1: the first whole record from `at` on; 0: none before `end`. */
static int
find_whole(struct segment_scan *s, uint64_t at, uint64_t end, struct segment_record *record)
{
    int result = 0;

    for (; result == 0 && at < end; at += SEGMENT_ALIGNMENT) {
        result = skip_zeros(s, &at);
        if (result == 0 && at < end)
            result = look(s, at, true, record);
    }
    return result == PASU_E_RANGE ? 0 : result;
}

int
segment_scan_seek(struct segment_scan *s, uint64_t index)
{
    uint64_t end = s->file.limit;

    s->offset = sizeof(s->header);
    s->next = s->header.first;
    s->searched = 0;
    while (end > s->offset && end - s->offset > NEAR) {
        uint64_t middle = s->offset + (end - s->offset) / 2 / SEGMENT_ALIGNMENT * SEGMENT_ALIGNMENT;
        struct segment_record record;
        int result = find_whole(s, middle, end, &record);

        if (result < 0)
            return result;
        if (result == 0 || record.index > index) {
            end = middle;
        } else {
            s->offset = record.offset;
            s->next = record.index;
        }
    }
    s->searched = 0;
    return 0;
}
