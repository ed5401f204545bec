/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/chain.h"

#include "base/memory.h"
#include "ledger/entry.h"
#include "ledger/prologue.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    /* A record takes up at least its head. */
    BATCH_RECORDS = SEGMENT_BATCH_MAX / sizeof(struct segment_head),
    CHECKPOINT_MAX = 4096, /* bytes: one signature of ours */
    ORIGIN_MAX = 255,
};

static const char checkpoint_name[] = "checkpoint", checkpoint_new[] = "checkpoint.new",
                  key_name[] = "signing.key", segments_name[] = "segments";

/* ---- the tree ---- */

/* Puts what is committed into the tree. What fails is done first the next time. */
static int
drain(struct chain *c)
{
    while (c->leaf_at < c->leaf_end) {
        int result = tile_append(&c->tiles, &c->leaves[c->leaf_at]);

        if (result != 0)
            return result;
        c->leaf_at++;
    }
    c->leaf_at = c->leaf_end = c->leaf_batch = 0;
    return 0;
}

/* Where the records of a segment from an index on go. */
struct feed {
    struct chain *chain;
    uint64_t from, to, read;
    uint64_t done, all; /* bytes, about */
};

static int
feed_segment(struct feed *f, uint64_t first)
{
    struct chain *c = f->chain;
    struct segment_scan scan;
    struct segment_record record;
    struct tree_hash leaf;
    char name[SEGMENT_NAME_SIZE];
    int fd, result;

    segment_name(name, first);
    fd = c->os->openat(c->os->arg, c->segments, name,
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    if (fd < 0)
        return error_from_errno(errno);
    result = segment_scan_init(&scan, c->os, fd, first);
    if (result != 0) {
        c->os->close(c->os->arg, fd);
        return result;
    }
    result = segment_scan_unlock(&scan, c->keys);
    while (result == 0 && scan.next < f->to && (result = segment_scan_next(&scan, &record)) == 1) {
        result = 0;
        if (c->watch && c->watch->read)
            c->watch->read(c->watch->arg, f->done + scan.offset, f->all);
        if (record.index < f->from)
            continue;
        f->read++;
        result = record.is_sealed                         ? PASU_E_LEDGER_KEY
                 : record.index == c->tiles.frontier.size ? 0
                                                          : PASU_E_CORRUPT;
        if (result == 0)
            result = entry_leaf(&c->hasher, &record, &leaf);
        if (result == 0)
            result = tile_append(&c->tiles, &leaf);
        if (result != 0)
            break;
    }
    f->done += scan.file.limit;
    segment_scan_release(&scan);
    c->os->close(c->os->arg, fd);
    return result;
}

/* Adds the records from the tree's size on up to an index, of all segments that have some. */
static int
feed(struct chain *c, const uint64_t *firsts, size_t count, uint64_t to, uint64_t *read)
{
    struct feed f = {
        .chain = c, .from = c->tiles.frontier.size, .to = to, .all = count * SEGMENT_SIZE};
    int result = 0;

    for (size_t i = 0; i < count && firsts[i] < to && result == 0; i++)
        if (i + 1 == count || firsts[i + 1] > f.from)
            result = feed_segment(&f, firsts[i]);
    *read += f.read;
    if (result == 0 && c->tiles.frontier.size != to)
        result = PASU_E_CORRUPT; /* a segment in between is not there, or ends too early */
    return result;
}

static int
open_tiles(struct chain *c, uint64_t size)
{
    int result = tile_open(&c->tiles, &c->folder, &c->hasher, size, NULL);

    c->has_tiles = result == 0;
    return result;
}

/* What is left of what the records make whose segments were deleted by age; of a whole ledger,
 * nothing yet. */
static int
open_first_tiles(struct chain *c)
{
    struct source_folder folder = {c->os, c->segments};
    struct tree_frontier frontier;
    struct prologue prologue;
    int result;

    prologue_init(&prologue, c->os, (struct source){source_open_folder, &folder}, c->keys);
    result = prologue_find(&prologue);
    if (result == 0)
        pruned_frontier(&prologue.pruned, &frontier);
    prologue_release(&prologue);
    if (result == PASU_E_NOTFOUND)
        return open_tiles(c, 0);
    if (result == 0)
        result = tile_open_at(&c->tiles, &c->folder, &c->hasher, &frontier);
    c->has_tiles = result == 0;
    return result;
}

static void
close_tiles(struct chain *c)
{
    if (c->has_tiles)
        tile_close(&c->tiles);
    c->has_tiles = false;
}

/* The tree from the tiles that there are of so many records (0: from the beginning on), with all
 * others. It is right if its root is the signed one when it has as many records as that was signed
 * for: so nothing of a tile that is gone on with is believed, and those are of no more records than
 * were signed. */
static int
make_tree(struct chain *c, const uint64_t *firsts, size_t count, uint64_t start,
          const struct checkpoint *last, uint64_t *read)
{
    struct tree_hash root;
    int result = start > 0 ? open_tiles(c, start) : open_first_tiles(c);

    *read = 0;
    if (result == 0)
        result = feed(c, firsts, count, last->size, read);
    if (result == 0)
        result = tree_frontier_root(&c->tiles.frontier, &c->hasher, &root);
    if (result == 0 && memcmp(root.bytes, last->root, sizeof(last->root)) != 0)
        result = PASU_E_CORRUPT;
    if (result == 0)
        result = feed(c, firsts, count, c->writer.next, read);
    if (result != 0)
        close_tiles(c);
    return result;
}

static int
open_tree(struct chain *c, const struct checkpoint *last, struct chain_report *report)
{
    uint64_t *firsts, read, start = last->size - last->size % TILE_WIDTH;
    size_t count;
    int result = segment_list(c->os, c->segments, &firsts, &count);

    if (result != 0)
        return result;
    result = make_tree(c, firsts, count, start, last, &read);
    if (start > 0 && result != 0 && result != PASU_E_NOMEM && result != PASU_E_CRYPTO &&
        result != PASU_E_LEDGER_KEY) {
        result = make_tree(c, firsts, count, 0, last, &read);
        report->rebuilt = read;
    }
    memory_free(firsts);
    return result;
}

/* ---- the checkpoint ---- */

/* Its bytes; none where there is no checkpoint. */
static int
read_checkpoint(struct chain *c, uint8_t bytes[CHECKPOINT_MAX], size_t *length)
{
    const struct os *os = c->os;
    int fd = os->openat(os->arg, c->directory, checkpoint_name,
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    struct stat st;
    int result = PASU_E_CORRUPT;

    *length = 0;
    if (fd < 0)
        return errno == ENOENT ? 0 : error_from_errno(errno);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
        st.st_size <= CHECKPOINT_MAX)
        result = os_read_all(os, fd, bytes, (size_t)st.st_size, 0);
    os->close(os->arg, fd);
    if (result == 0)
        *length = (size_t)st.st_size;
    return result;
}

/* The last one; where there is none, that of the empty tree. */
static int
load_checkpoint(struct chain *c, struct view note, struct checkpoint *last)
{
    struct note_voice voice;
    struct tree_frontier empty = {0};
    struct tree_hash root;
    int result;

    if (note.length > 0) {
        result = checkpoint_open(last, note, &c->key.public, 1, &voice);
        return result == 0 || result == PASU_E_CRYPTO ? result : PASU_E_CORRUPT;
    }
    *last = (struct checkpoint){.size = 0};
    result = tree_frontier_root(&empty, &c->hasher, &root);
    memcpy(last->root, root.bytes, sizeof(last->root));
    return result;
}

static int
replace_checkpoint(const struct chain *c, struct view note)
{
    const struct os *os = c->os;
    int fd = os->openat(os->arg, c->directory, checkpoint_new,
                        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    int result =
        fd >= 0 ? os_write_all(os, fd, note.bytes, note.length, 0) : error_from_errno(errno);

    if (result == 0 && os->fsync(os->arg, fd) != 0)
        result = error_from_errno(errno);
    if (fd >= 0)
        os->close(os->arg, fd);
    if (result == 0 &&
        (os->renameat(os->arg, c->directory, checkpoint_new, c->directory, checkpoint_name) != 0 ||
         os->fsync(os->arg, c->directory) != 0))
        result = error_from_errno(errno);
    return result;
}

int
chain_checkpoint(struct chain *c)
{
    uint8_t bytes[CHECKPOINT_MAX];
    struct writer w = writer_of(bytes, sizeof(bytes));
    struct checkpoint next = {.origin = view_of_text(c->key.public.name), .size = c->writer.next};
    struct tree_hash root;
    int result;

    if (c->signed_size == c->writer.next)
        return 0;
    result = chain_sync(c);
    if (result == 0)
        result = drain(c);
    if (result == 0 && c->tiles.frontier.size != c->writer.next)
        result = PASU_E_MISUSE; /* nothing is signed that is not so */
    if (result == 0)
        result = tile_publish(&c->tiles);
    if (result == 0)
        result = tree_frontier_root(&c->tiles.frontier, &c->hasher, &root);
    if (result != 0)
        return result;
    memcpy(next.root, root.bytes, sizeof(next.root));
    result = checkpoint_sign(&next, &c->key, &w);
    if (result == 0)
        result = replace_checkpoint(c, view_of(bytes, (size_t)(w.at - bytes)));
    if (result == 0)
        c->signed_size = next.size;
    return result;
}

/* ---- appending ---- */

int
chain_begin(struct chain *c, size_t bytes)
{
    int result = c->writer.is_open ? PASU_E_MISUSE : drain(c);

    if (result != 0)
        return result;
    c->leaf_batch = c->leaf_end;
    return segment_begin(&c->writer, bytes);
}

int
chain_put(struct chain *c, enum segment_type type, int64_t time, const struct iovec *parts,
          size_t count, uint64_t *index)
{
    struct segment_record record;
    int result = segment_put(&c->writer, type, time, parts, count, &record);

    if (result != 0)
        return result;
    *index = record.index;
    result = entry_leaf(&c->hasher, &record, &c->leaves[c->leaf_batch]);
    if (result != 0)
        chain_abort(c);
    else
        c->leaf_batch++;
    return result;
}

int
chain_commit(struct chain *c)
{
    int result = segment_commit(&c->writer);

    if (result != 0) {
        c->leaf_batch = c->leaf_end;
        return result;
    }
    c->leaf_end = c->leaf_batch;
    if (drain(c) != 0) {
        /* before the next batch */
    }
    return 0;
}

void
chain_abort(struct chain *c)
{
    segment_abort(&c->writer);
    c->leaf_batch = c->leaf_end;
}

int
chain_sync(struct chain *c)
{
    return segment_sync(&c->writer);
}

uint64_t
chain_size(const struct chain *c)
{
    return c->writer.next;
}

/* ---- opening ---- */

/* What a ledger is called that nobody has named: this, and its id in hex. */
static const char own_name[] = "pasu.invalid/";

enum { OWN_NAME = sizeof(own_name) - 1, OWN_SIZE = OWN_NAME + 2 * SEGMENT_ID_SIZE + 1 };

static int
make_name(const struct chain *c, char name[OWN_SIZE])
{
    uint8_t id[SEGMENT_ID_SIZE];
    int result = c->os->random(c->os->arg, id, sizeof(id));

    memcpy(name, own_name, OWN_NAME);
    for (size_t i = 0; i < sizeof(id) && result == 0; i++)
        snprintf(name + OWN_NAME + 2 * i, 3, "%02x", id[i]);
    return result;
}

/* The id in such a name, or a random one. */
static int
find_id(const struct chain *c, uint8_t id[SEGMENT_ID_SIZE])
{
    const char *name = c->key.public.name;
    size_t length = 0;

    if (strncmp(name, own_name, OWN_NAME) == 0 && strlen(name) == OWN_SIZE - 1 &&
        OPENSSL_hexstr2buf_ex(id, SEGMENT_ID_SIZE, &length, name + OWN_NAME, '\0') == 1 &&
        length == SEGMENT_ID_SIZE)
        return 0;
    return c->os->random(c->os->arg, id, SEGMENT_ID_SIZE);
}

static int
make_key(struct chain *c, struct view origin, const struct sandbox_account *account)
{
    char name[OWN_SIZE];
    int result = 0;

    if (origin.length == 0) {
        result = make_name(c, name);
        origin = view_of(name, OWN_SIZE - 1);
    }
    if (result == 0)
        result = signing_key_make(&c->key, c->os, NOTE_KEY_ED25519, origin);
    if (result == 0)
        result = signing_key_store(&c->key, c->os, c->directory, key_name, account);
    return result;
}

static int
open_key(struct chain *c, struct view origin, const struct sandbox_account *account, bool is_new)
{
    int result = signing_key_load(&c->key, c->os, c->directory, key_name);

    if (result == PASU_E_NOTFOUND && is_new)
        result = make_key(c, origin, account);
    if (result == 0 && origin.length > 0 && !view_equal(view_of_text(c->key.public.name), origin))
        result = PASU_E_CORRUPT; /* another ledger's */
    return result;
}

enum { FIRST_RECORDS = 2 }; /* whose ledger it is, and who signs it */

struct first_records {
    uint8_t id[SEGMENT_ID_SIZE], length, use[2];
    struct iovec begun[3], key[2];
};

static void
make_first(const struct chain *c, struct first_records *first)
{
    enum { IN_USE = 1 };
    const char *origin = c->key.public.name;

    *first = (struct first_records){.length = (uint8_t)strlen(origin),
                                    .use = {IN_USE, NOTE_KEY_ED25519}};
    first->begun[0] = (struct iovec){first->id, sizeof(first->id)};
    first->begun[1] = (struct iovec){&first->length, 1};
    first->begun[2] = (struct iovec){(void *)(uintptr_t)origin, first->length};
    first->key[0] = (struct iovec){first->use, sizeof(first->use)};
    first->key[1] =
        (struct iovec){(void *)(uintptr_t)c->key.public.public, sizeof(c->key.public.public)};
}

/* The first ones are missing, or one of them: a crash came before they were signed. */
static int
begin_ledger(struct chain *c)
{
    struct first_records first;
    int64_t time = os_realtime(c->os);
    uint64_t index;
    int result;

    if (c->writer.next > FIRST_RECORDS)
        return PASU_E_CORRUPT; /* there are others, and their checkpoint is gone */
    make_first(c, &first);
    result = find_id(c, first.id);
    if (result == 0 && c->writer.next < FIRST_RECORDS)
        result = chain_begin(c, SEGMENT_BATCH_MAX);
    if (result == 0 && c->writer.next == 0)
        result = chain_put(c, SEGMENT_BEGUN, time, first.begun, COUNT_OF(first.begun), &index);
    if (result == 0 && c->writer.next < FIRST_RECORDS)
        result = chain_put(c, SEGMENT_KEY, time, first.key, COUNT_OF(first.key), &index);
    if (result == 0 && c->writer.is_open)
        result = chain_commit(c);
    if (result == 0)
        result = chain_checkpoint(c);
    return result;
}

/* Whether a payload ends with these bytes, of this many. */
static bool
ends_with(struct view payload, size_t before, const struct iovec *end)
{
    return payload.length == before + end->iov_len &&
           memcmp(payload.bytes + before, end->iov_base, end->iov_len) == 0;
}

/* The ledger's first records, where they are still there, name our origin and our key. */
static int
check_first(struct chain *c)
{
    struct segment_scan scan;
    struct segment_record record;
    struct first_records first;
    char name[SEGMENT_NAME_SIZE];
    int fd, result;

    segment_name(name, 0);
    fd = c->os->openat(c->os->arg, c->segments, name,
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_from_errno(errno);
    make_first(c, &first);
    result = segment_scan_init(&scan, c->os, fd, 0);
    if (result == 0)
        result = segment_scan_unlock(&scan, c->keys);
    while (result == 0 && scan.next < FIRST_RECORDS) {
        result = segment_scan_next(&scan, &record);
        if (result == 1 && record.is_sealed)
            result = PASU_E_LEDGER_KEY;
        if (result != 1)
            break;
        result = record.index == 0
                     ? record.type == SEGMENT_BEGUN &&
                           ends_with(record.payload, SEGMENT_ID_SIZE + 1, &first.begun[2])
                     : record.type == SEGMENT_KEY &&
                           ends_with(record.payload, sizeof(first.use), &first.key[1]);
        result = result ? 0 : PASU_E_CORRUPT;
    }
    segment_scan_release(&scan);
    c->os->close(c->os->arg, fd);
    return result;
}

static int
open_parts(struct chain *c, struct view origin, const struct sandbox_account *account,
           const struct segment_watch *watch, struct chain_report *report)
{
    uint8_t bytes[CHECKPOINT_MAX];
    struct checkpoint last;
    uint64_t *firsts;
    size_t count, length = 0;
    int result = segment_list(c->os, c->segments, &firsts, &count);

    memory_free(firsts);
    if (result == 0)
        result = read_checkpoint(c, bytes, &length);
    if (result == 0)
        result = open_key(c, origin, account, count == 0 && length == 0);
    if (result == 0)
        result = load_checkpoint(c, view_of(bytes, length), &last);
    /* The key's name and the segments' folder may not be on the disk yet. */
    if (result == 0 && c->os->fsync(c->os->arg, c->directory) != 0)
        result = error_from_errno(errno);
    if (result != 0)
        return result;
    result = segment_writer_open(&c->writer, c->os, c->segments, last.size, c->keys, watch,
                                 &report->segments);
    if (result == 0)
        result = check_first(c);
    if (result != 0)
        return result;
    c->signed_size = last.size;
    c->watch = watch;
    result = open_tree(c, &last, report);
    c->watch = NULL;
    report->is_new = last.size == 0;
    if (result == 0 && report->is_new)
        result = begin_ledger(c);
    report->size = c->writer.next;
    return result;
}

int
chain_open(struct chain *c, const struct os *os, int directory, struct view origin,
           const struct sandbox_account *account, const struct segment_keys *keys,
           const struct segment_watch *watch, struct chain_report *report)
{
    int result;

    *c = (struct chain){
        .os = os, .directory = directory, .segments = -1, .writer = {.fd = -1}, .keys = keys};
    *report = (struct chain_report){0};
    c->folder = (struct tile_folder){.os = os, .directory = directory};
    if (origin.length > ORIGIN_MAX)
        return PASU_E_RANGE;
    c->leaves = memory_new(BATCH_RECORDS, sizeof(*c->leaves));
    result = c->leaves ? tree_hasher_init(&c->hasher) : PASU_E_NOMEM;
    if (result == 0 && os->mkdirat(os->arg, directory, segments_name, 0700) != 0 && errno != EEXIST)
        result = error_from_errno(errno);
    if (result == 0) {
        c->segments = os->openat(os->arg, directory, segments_name,
                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
        result = c->segments >= 0 ? open_parts(c, origin, account, watch, report)
                                  : error_from_errno(errno);
    }
    if (result != 0)
        chain_close(c);
    return result;
}

void
chain_close(struct chain *c)
{
    close_tiles(c);
    segment_writer_close(&c->writer);
    if (c->segments >= 0)
        c->os->close(c->os->arg, c->segments);
    c->segments = -1;
    tree_hasher_release(&c->hasher);
    signing_key_release(&c->key);
    memory_free(c->leaves);
    c->leaves = NULL;
}
