/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/embed.h"

#include "base/memory.h"
#include "ledger/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <pasu/ledger.h>

struct pasu_reader {
    int segments; /* the folder */
    int fd;       /* of the segment that is open; -1: none */
    struct segment_scan scan;
    uint64_t first;  /* of that segment */
    uint64_t next;   /* the next segment begins here or behind it */
    uint64_t offset; /* of what was given last */
    struct tree_hasher hasher;
    struct entry entry;
    uint8_t *bytes;    /* of the entry */
    bool is_looked_at; /* again, after another segment was seen */
};

enum { ENTRY_MAX = SEGMENT_PAYLOAD_MAX + ENTRY_PIECES * 64 };

static void
close_segment(struct pasu_reader *r)
{
    if (r->fd < 0)
        return;
    segment_scan_release(&r->scan);
    os_real.close(os_real.arg, r->fd);
    r->fd = -1;
}

/* The first segment that begins at an index or behind it: 1, or 0 where there is none. */
static int
find_segment(const struct pasu_reader *r, uint64_t from, uint64_t *first)
{
    uint64_t *firsts;
    size_t count, i = 0;
    int result = segment_list(&os_real, r->segments, &firsts, &count);

    if (result != 0)
        return result;
    while (i < count && firsts[i] < from)
        i++;
    if (i < count)
        *first = firsts[i];
    result = i < count;
    memory_free(firsts);
    return result;
}

static int
open_segment(struct pasu_reader *r, uint64_t first)
{
    char name[SEGMENT_NAME_SIZE];
    int fd, result;

    segment_name(name, first);
    r->first = first;
    r->next = first + 1;
    r->is_looked_at = false;
    r->offset = 0;
    fd = os_real.openat(os_real.arg, r->segments, name,
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    if (fd < 0)
        return errno == ELOOP ? PASU_E_CORRUPT : error_from_errno(errno);
    result = segment_scan_init(&r->scan, &os_real, fd, first);
    if (result == 0) {
        r->fd = fd;
        return 0;
    }
    os_real.close(os_real.arg, fd);
    return result;
}

int
pasu_reader_open(struct pasu_ledger *ledger, struct pasu_reader **reader)
{
    struct pasu_reader *r = memory_new(1, sizeof(*r));
    int result;

    *reader = NULL;
    if (!r)
        return PASU_LEDGER_NOMEM;
    r->fd = r->segments = -1;
    r->bytes = memory_new(1, ENTRY_MAX);
    result = r->bytes ? tree_hasher_init(&r->hasher) : PASU_E_NOMEM;
    if (result == 0) {
        r->segments = os_real.openat(os_real.arg, ledger->directory, "segments",
                                     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
        result = r->segments >= 0 ? 0 : error_from_errno(errno);
    }
    if (result != 0) {
        pasu_reader_close(r);
        return embed_error(result);
    }
    *reader = r;
    return 0;
}

void
pasu_reader_close(struct pasu_reader *r)
{
    if (!r)
        return;
    close_segment(r);
    if (r->segments >= 0)
        os_real.close(os_real.arg, r->segments);
    tree_hasher_release(&r->hasher);
    memory_free(r->bytes);
    memory_free(r);
}

/* The entry's bytes in one piece; false: it has none. */
static bool
make_entry(struct pasu_reader *r, const struct segment_record *record, size_t *length)
{
    struct writer w = writer_of(r->bytes, ENTRY_MAX);

    if (entry_make(&r->entry, &r->hasher, record) != 0)
        return false;
    for (size_t i = 0; i < r->entry.count; i++)
        writer_bytes(&w, r->entry.pieces[i].iov_base, r->entry.pieces[i].iov_len);
    *length = writer_length(&w);
    return !w.failed;
}

static void
give(struct pasu_reader *r, const struct segment_record *found, struct pasu_record *record)
{
    r->offset = found->offset;
    r->next = found->index + 1;
    *record = (struct pasu_record){.size = record->size,
                                   .index = found->index,
                                   .time = found->time,
                                   .type = found->type,
                                   .is_encrypted = found->is_sealed};
    if (found->is_sealed)
        return;
    record->payload = found->payload.bytes;
    record->payload_length = found->payload.length;
    if (make_entry(r, found, &record->entry_length))
        record->entry = r->bytes;
}

/* What was appended behind the end that the segment had. Whether there is more. */
static bool
look_again(struct pasu_reader *r)
{
    const uint64_t before = r->scan.file.limit;

    return r->fd >= 0 && segment_scan_renew(&r->scan) == 0 && r->scan.file.limit > before;
}

/* Once, where another segment does not go on with what this one ended with when it was read. */
static bool
has_more(struct pasu_reader *r, bool is_followed, uint64_t first)
{
    if (r->fd < 0 || !is_followed || first == r->scan.next || r->is_looked_at)
        return false;
    r->is_looked_at = true;
    return true;
}

int
pasu_reader_next(struct pasu_reader *r, struct pasu_record *record)
{
    struct segment_record found;
    uint64_t first = 0;
    int result;

    if (record->size < sizeof(*record))
        return PASU_LEDGER_MISUSE;
    for (;;) {
        result = r->fd >= 0 ? segment_scan_next(&r->scan, &found) : 0;
        if (result == 1) {
            give(r, &found, record);
            return 1;
        }
        if (result != 0) {
            r->offset = r->scan.damage;
            return embed_error(result);
        }
        result = find_segment(r, r->next, &first);
        if (result < 0)
            return embed_error(result);
        /* Also where another one follows: it was made after this one was complete. */
        if (look_again(r) || has_more(r, result == 1, first))
            continue;
        if (result == 0)
            return 0;
        close_segment(r);
        result = open_segment(r, first);
        if (result != 0)
            return embed_error(result);
    }
}

void
pasu_reader_place(const struct pasu_reader *r, uint64_t *segment, uint64_t *offset)
{
    *segment = r->first;
    *offset = r->offset;
}
