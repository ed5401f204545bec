/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/entry_keys.h"

#include "base/crc32c.h"
#include "base/memory.h"
#include "exposure/key.h"
#include "ledger/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1, CHUNK = 4096 };

static const char name[] = "entry.keys", magic[8] = "pasukey";

struct header {
    char magic[8];
    uint32_t version, zero;
    uint64_t applied;
    uint32_t zeros, crc;
};
_Static_assert(sizeof(struct header) == ENTRY_KEY_SIZE, "it takes the place of a key");

/* ---- the file ---- */

static void
touch(struct entry_keys *k, off_t at)
{
    if (k->from >= k->to) {
        k->from = at;
        k->to = at + ENTRY_KEY_SIZE;
        return;
    }
    k->from = at < k->from ? at : k->from;
    k->to = at + ENTRY_KEY_SIZE > k->to ? at + ENTRY_KEY_SIZE : k->to;
}

/* From the page cache, which holds for clean what it could not write. */
static int
write_again(const struct entry_keys *k)
{
    uint8_t bytes[CHUNK];
    int result = 0;

    for (off_t at = k->from; at < k->to && result == 0; at += CHUNK) {
        size_t length = k->to - at < CHUNK ? (size_t)(k->to - at) : (size_t)CHUNK;

        result = os_read_all(k->os, k->fd, bytes, length, at);
        if (result == 0)
            result = os_write_all(k->os, k->fd, bytes, length, at);
    }
    memory_wipe(bytes, sizeof(bytes));
    return result;
}

int
entry_keys_sync(struct entry_keys *k)
{
    int result;

    if (k->from >= k->to)
        return 0;
    result = k->is_lost ? write_again(k) : 0;
    if (result == 0 && k->os->fdatasync(k->os->arg, k->fd) != 0)
        result = error_from_errno(errno);
    k->is_lost = result != 0;
    if (result == 0)
        k->from = k->to = 0;
    return result;
}

static int
write_header(struct entry_keys *k, uint64_t applied)
{
    struct header header = {.version = VERSION, .applied = applied};
    int result;

    memcpy(header.magic, magic, sizeof(magic));
    header.crc = crc32c(0, &header, offsetof(struct header, crc));
    touch(k, 0);
    result = os_write_all(k->os, k->fd, &header, sizeof(header), 0);
    if (result == 0)
        result = entry_keys_sync(k);
    if (result == 0)
        k->applied = applied;
    return result;
}

static int
read_header(struct entry_keys *k)
{
    struct header header;
    int result = os_read_all(k->os, k->fd, &header, sizeof(header), 0);

    if (result != 0)
        return result;
    if (memcmp(header.magic, magic, sizeof(magic)) != 0 || header.version != VERSION)
        return PASU_E_CORRUPT;
    /* Torn when it was written over: then it is not known that it has seen anything. */
    k->applied =
        header.crc == crc32c(0, &header, offsetof(struct header, crc)) ? header.applied : 0;
    return 0;
}

static int
check_file(const struct entry_keys *k, struct stat *st)
{
    if (fstat(k->fd, st) != 0)
        return error_from_errno(errno);
    if (!S_ISREG(st->st_mode))
        return PASU_E_CORRUPT;
    return (st->st_mode & 077) != 0 ? PASU_E_DENIED : 0;
}

static int
open_file(struct entry_keys *k, const struct os *os, int directory, int flags)
{
    *k = (struct entry_keys){.os = os};
    k->fd = os->openat(os->arg, directory, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (k->fd < 0)
        return errno == ELOOP ? PASU_E_CORRUPT : error_from_errno(errno);
    return 0;
}

static int
make_header(struct entry_keys *k, int directory, const struct sandbox_account *account)
{
    int result = 0;

    if (account->uid != 0 && fchown(k->fd, account->uid, account->gid) != 0)
        result = error_from_errno(errno);
    if (result == 0)
        result = write_header(k, 0);
    if (result == 0 && k->os->fsync(k->os->arg, directory) != 0)
        result = error_from_errno(errno);
    return result;
}

int
entry_keys_open(struct entry_keys *k, const struct os *os, int directory,
                const struct sandbox_account *account)
{
    struct stat st;
    int result = open_file(k, os, directory, O_RDWR | O_CREAT);

    if (result != 0)
        return result;
    result = check_file(k, &st);
    if (result == 0)
        result = st.st_size < (off_t)sizeof(struct header) ? make_header(k, directory, account)
                                                           : read_header(k);
    if (result != 0)
        entry_keys_close(k);
    return result;
}

int
entry_keys_open_reading(struct entry_keys *k, const struct os *os, int directory)
{
    struct stat st;
    int result = open_file(k, os, directory, O_RDONLY);

    if (result != 0)
        return result;
    result = check_file(k, &st);
    if (result == 0)
        result = read_header(k);
    if (result != 0)
        entry_keys_close(k);
    return result;
}

void
entry_keys_close(struct entry_keys *k)
{
    if (k->fd >= 0)
        k->os->close(k->os->arg, k->fd);
    k->fd = -1;
}

/* ---- keys ---- */

static off_t
place_of(uint32_t ordinal)
{
    return ENTRY_KEY_SIZE * ((INT64_C(1) << 32) - ordinal);
}

static bool
is_destroyed(const uint8_t key[ENTRY_KEY_SIZE])
{
    size_t i = 0;

    while (i < ENTRY_KEY_SIZE && key[i] == 0xff)
        i++;
    return i == ENTRY_KEY_SIZE;
}

int
entry_keys_get(const struct entry_keys *k, uint32_t ordinal, uint8_t key[ENTRY_KEY_SIZE])
{
    ssize_t n;

    memset(key, 0, ENTRY_KEY_SIZE);
    if (ordinal < KEY_ORDINAL_FIRST)
        return PASU_E_RANGE;
    n = k->os->pread(k->os->arg, k->fd, key, ENTRY_KEY_SIZE, place_of(ordinal));
    if (n < 0)
        return error_from_errno(errno);
    if (n < ENTRY_KEY_SIZE || bytes_are_zero(key, ENTRY_KEY_SIZE))
        return PASU_E_NOTFOUND;
    return is_destroyed(key) ? PASU_E_ERASED : 0;
}

int
entry_keys_make(struct entry_keys *k, uint32_t ordinal, uint8_t key[ENTRY_KEY_SIZE])
{
    int result = entry_keys_get(k, ordinal, key);

    if (result == PASU_E_NOTFOUND)
        result = k->os->random(k->os->arg, key, ENTRY_KEY_SIZE);
    /* One that is there, too: who made it may not have come to a sync, or been told that it failed.
     */
    if (result == 0) {
        touch(k, place_of(ordinal));
        result = os_write_all(k->os, k->fd, key, ENTRY_KEY_SIZE, place_of(ordinal));
    }
    if (result != 0)
        memory_wipe(key, ENTRY_KEY_SIZE);
    return result;
}

/* ---- erasure ---- */

static int
destroy(struct entry_keys *k, uint32_t ordinal)
{
    uint8_t ones[ENTRY_KEY_SIZE];
    int result;

    memset(ones, 0xff, sizeof(ones));
    touch(k, place_of(ordinal));
    result = os_write_all(k->os, k->fd, ones, sizeof(ones), place_of(ordinal));
    return result == 0 ? entry_keys_sync(k) : result;
}

int
entry_keys_apply(struct entry_keys *k, const struct segment_record *record)
{
    struct payload_carried carried = {.type = (uint16_t)record->type, .payload = record->payload};
    struct payload_erased erased;
    int result = 0;

    if (record->is_sealed)
        return PASU_E_LEDGER_KEY;
    if (record->type == SEGMENT_CARRIED && record->index >= k->applied)
        result = payload_read_carried(&carried, record->payload);
    if (carried.type != SEGMENT_ERASED || record->index < k->applied)
        return result;
    result = payload_read_erased(&erased, carried.payload);
    return result == 0 ? destroy(k, erased.ordinal) : result;
}

int
entry_keys_set_applied(struct entry_keys *k, uint64_t index)
{
    return index > k->applied ? write_header(k, index) : 0;
}

static int
apply_segment(struct entry_keys *k, int segments, const struct segment_keys *segment_keys,
              uint64_t first, uint64_t to, const struct segment_watch *watch)
{
    struct segment_scan scan;
    struct segment_record record;
    int result = segment_scan_enter(&scan, k->os, segments, first, segment_keys);

    if (result != 0)
        return result == PASU_E_NOTFOUND ? PASU_E_CORRUPT : result;
    while (result == 0 && scan.next < to && (result = segment_scan_next(&scan, &record)) == 1) {
        result = entry_keys_apply(k, &record);
        if (watch && watch->read)
            watch->read(watch->arg, scan.offset, scan.file.limit);
    }
    segment_scan_leave(&scan);
    return result;
}

int
entry_keys_catch_up(struct entry_keys *k, int segments, const struct segment_keys *segment_keys,
                    uint64_t to, const struct segment_watch *watch)
{
    uint64_t *firsts;
    size_t count;
    int result = segment_list(k->os, segments, &firsts, &count);

    for (size_t i = 0; i < count && firsts[i] < to && result == 0; i++) {
        uint64_t end = i + 1 < count && firsts[i + 1] < to ? firsts[i + 1] : to;

        if (end <= k->applied)
            continue;
        result = apply_segment(k, segments, segment_keys, firsts[i], to, watch);
        if (result == 0)
            result = entry_keys_set_applied(k, end);
    }
    memory_free(firsts);
    return result;
}
