/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_segments.h"

#include "base/crc32c.h"
#include "base/memory.h"
#include "breach/index_each.h"
#include "breach/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { PIECE = 1 << 20 };
/* The clock that files are stamped with moves in steps: what is as young as this may be written to
 * again without its stamp telling. Such a stamp is not kept. */
#define YOUNG (2 * NANOSECONDS_PER_SECOND)

/* As the index has it. */
struct noted {
    uint64_t first;  /* of which segment; not in the value */
    uint64_t length; /* bytes that are in the index, from the file's beginning */
    uint32_t crc;    /* of those */
    /* What the file system said before they were read; zeros: not known. */
    uint64_t inode, size;
    int64_t changed, modified; /* realtime ns */
};

struct files {
    const struct os *os;
    int segments;
    uint8_t *piece;
    uint64_t *firsts; /* those that there are, in order */
    size_t count;
};

static int
files_init(struct files *files, const struct os *os, int segments)
{
    *files = (struct files){.os = os, .segments = segments, .piece = memory_new(PIECE, 1)};
    return files->piece == NULL ? PASU_E_NOMEM
                                : segment_list(os, segments, &files->firsts, &files->count);
}

static void
files_release(struct files *files)
{
    memory_free(files->piece);
    memory_free(files->firsts);
}

static bool
files_have(const struct files *files, uint64_t first)
{
    size_t low = 0, high = files->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (files->firsts[middle] < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low < files->count && files->firsts[low] == first;
}

static int
open_file(const struct files *files, uint64_t first)
{
    char name[SEGMENT_NAME_SIZE];
    int fd;

    segment_name(name, first);
    fd = files->os->openat(files->os->arg, files->segments, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW,
                           0);
    return fd >= 0 ? fd : error_from_errno(errno);
}

static int
stamp(struct noted *noted, int fd)
{
    struct stat s;

    if (fstat(fd, &s) != 0)
        return error_from_errno(errno);
    noted->inode = s.st_ino;
    noted->size = (uint64_t)s.st_size;
    noted->changed = s.st_ctim.tv_sec * NANOSECONDS_PER_SECOND + s.st_ctim.tv_nsec;
    noted->modified = s.st_mtim.tv_sec * NANOSECONDS_PER_SECOND + s.st_mtim.tv_nsec;
    return 0;
}

static bool
is_same_stamp(const struct noted *one, const struct noted *other)
{
    return one->changed != 0 && one->inode == other->inode && one->size == other->size &&
           one->changed == other->changed && one->modified == other->modified;
}

/* Goes on with the checksum of what is before `from`. PASU_E_CORRUPT: the file ends before `to`. */
static int
sum(const struct files *files, int fd, uint64_t from, uint64_t to, uint32_t *crc)
{
    int result = 0;

    while (result == 0 && from < to) {
        size_t length = to - from < PIECE ? (size_t)(to - from) : PIECE;

        result = os_read_all(files->os, fd, files->piece, length, (off_t)from);
        if (result == 0)
            *crc = crc32c(*crc, files->piece, length);
        from += length;
    }
    return result;
}

/* Whether the file is what was noted: 0, or PASU_E_CORRUPT. `now` is its stamp. */
static int
compare(const struct files *files, int fd, const struct noted *noted, const struct noted *now)
{
    uint32_t crc = 0;
    int result;

    if (is_same_stamp(noted, now))
        return 0;
    result = sum(files, fd, 0, noted->length, &crc);
    return result == 0 && crc != noted->crc ? PASU_E_CORRUPT : result;
}

/* ---- in the index ---- */

static int
put(struct index *index, const struct noted *noted)
{
    struct index_key key = index_key_session(INDEX_SEGMENT, noted->first);
    struct pack pack = {0};
    int result;

    pack_u64(&pack, noted->length);
    pack_u32(&pack, noted->crc);
    pack_u64(&pack, noted->inode);
    pack_u64(&pack, noted->size);
    pack_u64(&pack, (uint64_t)noted->changed);
    pack_u64(&pack, (uint64_t)noted->modified);
    result = pack.failed ? PASU_E_NOMEM
                         : index_put(index, INDEX_MAIN, index_key_view(&key), pack_view(&pack));
    pack_release(&pack);
    return result;
}

static int
read_noted(struct noted *noted, uint64_t first, struct view value)
{
    struct reader r = reader_of(value);

    noted->first = first;
    noted->length = little_read_u64(&r);
    noted->crc = little_read_u32(&r);
    noted->inode = little_read_u64(&r);
    noted->size = little_read_u64(&r);
    noted->changed = (int64_t)little_read_u64(&r);
    noted->modified = (int64_t)little_read_u64(&r);
    return reader_end(&r) == 0 && noted->length <= SEGMENT_LENGTH ? 0 : PASU_E_CORRUPT;
}

struct list {
    struct noted *items;
    size_t count;
};

static int
add_noted(void *arg, struct view key, struct view value)
{
    struct list *list = arg;
    struct noted *more = memory_resize(list->items, list->count + 1, sizeof(*more));

    if (more == NULL)
        return PASU_E_NOMEM;
    list->items = more;
    return read_noted(&more[list->count++], index_key_session_of(key), value);
}

/* ---- writing ---- */

/* One that is in the index up to `length`; UINT64_MAX: all of it. */
static int
note(const struct files *files, struct index *index, const struct noted *before, uint64_t first,
     uint64_t length)
{
    bool is_whole = length == UINT64_MAX;
    struct noted now = {.first = first};
    uint64_t from = 0;
    int fd = open_file(files, first), result;

    if (fd < 0)
        return fd;
    result = stamp(&now, fd);
    now.length = is_whole ? now.size : length;
    if (result == 0 && before != NULL && is_whole && before->length == now.length &&
        is_same_stamp(before, &now)) {
        files->os->close(files->os->arg, fd);
        return 0;
    }
    /* Of one that is appended to only what came is read. */
    if (result == 0 && before != NULL && is_whole)
        result = compare(files, fd, before, &now);
    if (before != NULL && before->length <= now.length) {
        from = before->length;
        now.crc = before->crc;
    }
    if (result == 0)
        result = sum(files, fd, from, now.length, &now.crc);
    if (now.changed > os_realtime(files->os) - YOUNG)
        now.inode = now.size = 0, now.changed = now.modified = 0;
    if (result == 0)
        result = put(index, &now);
    files->os->close(files->os->arg, fd);
    return result;
}

static int
save(const struct files *files, struct index *index, const struct list *list,
     const struct records_place *end)
{
    size_t at = 0;
    int result = 0;

    for (size_t f = 0; result == 0 && f < files->count && files->firsts[f] <= end->segment; f++) {
        uint64_t first = files->firsts[f];
        const struct noted *before;

        for (; at < list->count && list->items[at].first < first; at++)
            if (f > 0)
                return PASU_E_CORRUPT; /* it is gone, and not by age */
        before = at < list->count && list->items[at].first == first ? &list->items[at++] : NULL;
        result =
            note(files, index, before, first, first == end->segment ? end->offset : UINT64_MAX);
    }
    for (size_t i = 0; result == 0 && files->count > 0 && i < list->count; i++) {
        struct index_key key = index_key_session(INDEX_SEGMENT, list->items[i].first);

        if (list->items[i].first < files->firsts[0])
            result = index_delete(index, INDEX_MAIN, index_key_view(&key));
    }
    return result;
}

int
index_segments_save(struct index *index, const struct os *os, int segments,
                    const struct records_place *end)
{
    struct files files;
    struct list list = {0};
    int result = files_init(&files, os, segments);

    if (result == 0)
        result = index_each_session(index, INDEX_SEGMENT, add_noted, &list);
    if (result == 0)
        result = save(&files, index, &list, end);
    memory_free(list.items);
    files_release(&files);
    return result;
}

/* ---- asking ---- */

static int
check(const struct files *files, const struct noted *noted)
{
    struct noted now = {0};
    int fd, result;

    if (!files_have(files, noted->first))
        return files->count > 0 && noted->first < files->firsts[0] ? 0 : PASU_E_CORRUPT;
    fd = open_file(files, noted->first);
    if (fd < 0)
        return fd;
    result = stamp(&now, fd);
    if (result == 0)
        result = compare(files, fd, noted, &now);
    files->os->close(files->os->arg, fd);
    return result;
}

int
index_segments_check(struct index *index, const struct os *os, int segments, uint64_t *first)
{
    struct files files;
    struct list list = {0};
    int result = files_init(&files, os, segments);

    if (result == 0)
        result = index_each_session(index, INDEX_SEGMENT, add_noted, &list);
    if (result == 0 && list.count == 0)
        result = PASU_E_UNAVAILABLE;
    for (size_t i = 0; result == 0 && i < list.count; i++) {
        result = check(&files, &list.items[i]);
        *first = list.items[i].first;
        if (result == PASU_E_CORRUPT)
            result = 1;
    }
    memory_free(list.items);
    files_release(&files);
    return result;
}
