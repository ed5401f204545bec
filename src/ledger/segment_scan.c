/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/segment_scan.h"

#include <errno.h>
#include <fcntl.h>

#include "base/memory.h"

/* The buffer and what is made of it stay in a processor's own cache. A place that is sought is
 * found to within NEAR; at each step on the way the bytes that are looked through for the beginning
 * of a record. */
enum { BUFFER_SIZE = 192 << 10, NEAR = 64 << 10, LOOK_MAX = 128 << 10 };
/* How many bytes behind damage are checked for being a record. */
#define SEARCH_MAX (UINT64_C(256) << 20)

_Static_assert(BUFFER_SIZE >= 2 * (SEGMENT_PAYLOAD_MAX + 64), "a record fits, and is worth a read");
_Static_assert(LOOK_MAX > SEGMENT_PAYLOAD_MAX + 64, "a record begins there, if there are any");

static bool
is_sealed(const struct segment_scan *s)
{
    return (s->header.flags & SEGMENT_IS_SEALED) != 0;
}

int
segment_scan_open(struct segment_scan *s, const struct os *os, int fd, uint64_t first)
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
        s->seed = segment_seed(s->header.id);
        return 0;
    }
    segment_scan_release(s);
    return error != 0 ? error : PASU_E_CORRUPT;
}

int
segment_scan_init(struct segment_scan *s, const struct os *os, int fd, uint64_t first)
{
    int error = segment_scan_open(s, os, fd, first);

    if (error != 0)
        return error;
    error = segment_header_check(&s->header, first);
    if (error != 0)
        segment_scan_release(s);
    return error;
}

void
segment_scan_release(struct segment_scan *s)
{
    window_close(&s->file);
    segment_cipher_release(&s->cipher);
    if (s->plain)
        memory_wipe(s->plain, SEGMENT_PAYLOAD_MAX);
    memory_free(s->plain);
    s->plain = NULL;
}

int
segment_scan_unlock(struct segment_scan *s, const struct segment_keys *keys)
{
    if (!is_sealed(s) || !keys || keys->count == 0)
        return 0;
    s->plain = memory_new(1, SEGMENT_PAYLOAD_MAX);
    if (!s->plain)
        return PASU_E_NOMEM;
    s->keys = keys;
    return 0;
}

/* Whether a head can be one that is looked for. PASU_E_RANGE: that is not looked for any more. */
static int
is_sought(struct segment_scan *s, uint64_t at, const struct segment_head *head)
{
    size_t room = segment_room(head->length);

    /* No more can be missing than there is room for. */
    if (head->index <= s->next || head->index - s->next > (at - s->offset) / sizeof(*head))
        return 0;
    if (s->searched + room > SEARCH_MAX)
        return PASU_E_RANGE;
    s->searched += room;
    return 1;
}

enum look { LOOK_NEXT, LOOK_SEARCH, LOOK_ANY };

/* 1 where a whole record begins: the next one, one that is sought, or any; 0 where none does; or an
 * error. */
static int
look(struct segment_scan *s, uint64_t at, enum look way, struct segment_record *record)
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
    if (!segment_head_check(&head, is_sealed(s)) || room > s->file.limit - at)
        return 0;
    if (way == LOOK_NEXT && head.index != s->next)
        return 0;
    if (way == LOOK_SEARCH && (error = is_sought(s, at, &head)) != 1)
        return error;
    error = 0;
    bytes = window_bytes(&s->file, at, room, &error);
    if (!bytes)
        return error;
    if (head.crc != segment_record_crc(s->seed, bytes))
        return 0;
    bytes += sizeof(head);
    if (!bytes_are_zero(bytes + head.length, room - sizeof(head) - head.length))
        return 0;
    *record = (struct segment_record){.offset = at,
                                      .index = head.index,
                                      .time = head.time,
                                      .type = head.type,
                                      .payload = view_of(bytes, head.length)};
    s->room = room;
    return 1;
}

/* Opens it with the key that is the segment's, or, as long as none is known to be, tries them. */
static int
try_keys(struct segment_scan *s, const struct segment_head *head, const uint8_t *stored)
{
    if (s->cipher.context)
        return segment_cipher_open(&s->cipher, head, stored, s->plain) == 0 ? 0 : PASU_E_CORRUPT;
    for (size_t i = 0; i < s->keys->count; i++) {
        int result = segment_cipher_init(&s->cipher, s->keys->keys[i], s->header.id, false);

        if (result != 0)
            return result;
        if (segment_cipher_open(&s->cipher, head, stored, s->plain) == 0)
            return 0;
        segment_cipher_release(&s->cipher);
    }
    return PASU_E_LEDGER_KEY;
}

static struct segment_head
head_of(const struct segment_record *record)
{
    return (struct segment_head){.length = (uint32_t)record->payload.length,
                                 .index = record->index,
                                 .time = record->time,
                                 .type = (uint16_t)record->type};
}

/* None of the keys opens a record: if one opens another that follows, it is the segment's, and the
 * record was changed. Looked for once. */
static int
find_key(struct segment_scan *s, uint64_t behind)
{
    size_t room = s->room;
    struct segment_record record;
    int result = PASU_E_LEDGER_KEY, found = s->is_key_sought ? 0 : 1;

    s->is_key_sought = true;
    while (found == 1 && result == PASU_E_LEDGER_KEY) {
        found = look(s, behind, LOOK_ANY, &record);
        if (found == 1) {
            const struct segment_head head = head_of(&record);

            behind += s->room;
            result = try_keys(s, &head, record.payload.bytes);
        }
    }
    s->room = room;
    if (found < 0)
        return found;
    return result == 0 ? PASU_E_CORRUPT : result;
}

/* Of a whole record, the payload as it was before it was encrypted. */
static int
open_payload(struct segment_scan *s, struct segment_record *record)
{
    struct segment_head head;
    int result;

    if (!is_sealed(s))
        return 0;
    record->is_sealed = !s->keys;
    if (record->is_sealed) {
        record->payload = view_of(record->payload.bytes, 0);
        return 0;
    }
    head = head_of(record);
    result = try_keys(s, &head, record->payload.bytes);
    record->payload = view_of(s->plain, head.length - SEGMENT_TAG_SIZE);
    return result == PASU_E_LEDGER_KEY ? find_key(s, record->offset + s->room) : result;
}

int
segment_scan_at(struct segment_scan *s, uint64_t offset, struct segment_record *record)
{
    int result = look(s, offset, LOOK_ANY, record);
    int opened = result == 1 ? open_payload(s, record) : 0;

    return opened == 0 ? result : opened;
}

/* The place of the next bytes that are not zero, from `at` on; at `end` or behind it where there
 * are none before. A record has a length or a checksum. */
static int
skip_zeros(struct segment_scan *s, uint64_t *at, uint64_t end)
{
    static const uint8_t zeros[4096];

    while (*at < end && *at < s->file.limit) {
        size_t length =
            s->file.limit - *at < sizeof(zeros) ? (size_t)(s->file.limit - *at) : sizeof(zeros);
        int error = 0;
        uint64_t data = window_data(&s->file, *at) / SEGMENT_ALIGNMENT * SEGMENT_ALIGNMENT;
        const uint8_t *bytes;

        if (data > *at) { /* only reserved */
            *at = data;
            continue;
        }
        bytes = window_bytes(&s->file, *at, length, &error);
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

/* One behind what is at `offset` is whole. Records are written in their order: if that was merely
 * on its way, it is there by now. 1: the next record; PASU_E_CORRUPT: it is damage. */
static int
damage_or_late(struct segment_scan *s, const struct segment_record *behind,
               struct segment_record *record)
{
    const uint64_t at = behind->offset, index = behind->index;
    int result;

    window_forget(&s->file);
    result = look(s, s->offset, LOOK_NEXT, record);
    return result == 0 ? skip_to(s, at, index) : result;
}

/* What is at `offset` is no whole record: is one behind it, or at least anything? 1: it has become
 * one meanwhile. */
static int
search(struct segment_scan *s, struct segment_record *record)
{
    struct segment_record behind = {0};
    uint64_t at = s->offset;
    int result = skip_zeros(s, &at, s->file.limit);

    s->is_torn = result == 0 && at < s->file.limit;
    for (; result == 0 && at < s->file.limit; at += SEGMENT_ALIGNMENT) {
        result = skip_zeros(s, &at, s->file.limit);
        if (result != 0 || at >= s->file.limit)
            break;
        result = look(s, at, LOOK_SEARCH, &behind);
        if (result == 1)
            return damage_or_late(s, &behind, record);
    }
    return result == PASU_E_RANGE ? skip_to(s, s->file.limit, s->next) : result;
}

int
segment_scan_next(struct segment_scan *s, struct segment_record *record)
{
    int result = s->offset < s->file.limit ? look(s, s->offset, LOOK_NEXT, record) : 0;

    /* What was torn when it was read may be whole by now. */
    if (result == 0 && s->offset < s->file.limit) {
        window_forget(&s->file);
        result = look(s, s->offset, LOOK_NEXT, record);
    }
    if (result == 0)
        result = search(s, record);
    if (result != 1)
        return result;
    result = open_payload(s, record);
    if (result == PASU_E_NOMEM || result == PASU_E_CRYPTO)
        return result;
    s->damage = s->offset;
    s->offset += s->room;
    s->next++;
    return result == 0 ? 1 : result;
}

int
segment_scan_renew(struct segment_scan *s)
{
    s->is_torn = false;
    return window_renew(&s->file);
}

int
segment_scan_enter(struct segment_scan *s, const struct os *os, int directory, uint64_t first,
                   const struct segment_keys *keys)
{
    char name[SEGMENT_NAME_SIZE];
    int fd, result;

    segment_name(name, first);
    fd = os->openat(os->arg, directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    if (fd < 0)
        return errno == ENOENT ? PASU_E_NOTFOUND : error_from_errno(errno);
    result = segment_scan_init(s, os, fd, first);
    if (result != 0) {
        os->close(os->arg, fd);
        return result;
    }
    result = segment_scan_unlock(s, keys);
    if (result != 0)
        segment_scan_leave(s);
    return result;
}

void
segment_scan_leave(struct segment_scan *s)
{
    const struct os *os = s->file.os;
    int fd = s->file.fd;

    segment_scan_release(s);
    os->close(os->arg, fd);
}

/* 1: the first whole record from `at` on; 0: none that begins before `end`. */
static int
find_whole(struct segment_scan *s, uint64_t at, uint64_t end, struct segment_record *record)
{
    int result = 0;

    for (; result == 0 && at < end; at += SEGMENT_ALIGNMENT) {
        result = skip_zeros(s, &at, end);
        if (result == 0 && at < end)
            result = look(s, at, LOOK_SEARCH, record);
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
        uint64_t most = end - middle > LOOK_MAX ? middle + LOOK_MAX : end;
        int result = find_whole(s, middle, most, &record);

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
