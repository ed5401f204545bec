/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/chain.h"

#include "base/memory.h"
#include "ledger/entry.h"
#include "ledger/prologue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    /* A record takes up at least its head. */
    BATCH_RECORDS = SEGMENT_BATCH_MAX / sizeof(struct segment_head),
    CHECKPOINT_MAX = HANDOVER_NOTE_MAX, /* bytes: at most two signatures of ours */
    ORIGIN_MAX = 255,
};

static const char checkpoint_name[] = "checkpoint", checkpoint_new[] = "checkpoint.new",
                  segments_name[] = "segments";

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
    int result = segment_scan_enter(&scan, c->os, c->segments, first, c->keys);

    if (result != 0)
        return result;
    if (first < f->from) /* what is before it is in the tree */
        result = segment_scan_seek(&scan, f->from);
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
        if (result == 0)
            result = chain_tail_see(&c->tail, first, &record, &c->change.before);
        if (result != 0)
            break;
    }
    f->done += scan.file.limit;
    segment_scan_leave(&scan);
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

/* The tiles that stand for records that were deleted by age; of a whole ledger, nothing yet. */
static int
open_first_tiles(struct chain *c, const struct checkpoint *last)
{
    struct tree_frontier frontier;
    int result = prologue_frontier(c->os, c->segments, c->keys, last->size, &frontier);

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
    int result = start > 0 ? open_tiles(c, start) : open_first_tiles(c, last);

    *read = 0;
    c->tail = (struct chain_tail){.from = last->size};
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
    struct tree_frontier empty = {0};
    struct tree_hash root;
    int result;

    if (note.length > 0)
        return chain_key_check(c, note, last);
    if (c->change.before.name[0] == '\0')
        return PASU_E_NOTFOUND; /* nothing was signed with a key that is lost */
    *last = (struct checkpoint){.size = 0};
    result = tree_frontier_root(&empty, &c->hasher, &root);
    memcpy(last->root, root.bytes, sizeof(last->root));
    return result;
}

static int
replace_checkpoint(const struct chain *c, const char *name, struct view note)
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
        (os->renameat(os->arg, c->directory, checkpoint_new, c->directory, name) != 0 ||
         os->fsync(os->arg, c->directory) != 0))
        result = error_from_errno(errno);
    return result;
}

/* Signs it, and makes it the last one; where the key changes, the one of that change before. */
static int
publish(struct chain *c, const struct checkpoint *next)
{
    uint8_t bytes[CHECKPOINT_MAX];
    struct writer w = writer_of(bytes, sizeof(bytes));
    bool is_change = c->change.stage == CHANGE_RECORDED;
    char name[HANDOVER_NAME_SIZE];
    int result = chain_key_sign(c, next, &w);

    handover_name(name, c->change.record);
    if (result == 0 && is_change)
        result = replace_checkpoint(c, name, view_of(bytes, writer_length(&w)));
    if (result == 0)
        result = replace_checkpoint(c, checkpoint_name, view_of(bytes, writer_length(&w)));
    if (result == 0 && is_change)
        chain_key_signed(c);
    return result;
}

int
chain_checkpoint(struct chain *c)
{
    struct checkpoint next = {.origin = view_of_text(c->change.before.name),
                              .size = c->writer.next};
    struct tree_hash root;
    int result;

    if (c->signed_size == c->writer.next)
        return chain_key_end(c);
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
    result = publish(c, &next);
    if (result != 0)
        return result;
    c->signed_size = next.size;
    return chain_key_end(c);
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
    bool is_change = c->change.is_put;

    c->change.is_put = false;
    if (result != 0) {
        c->leaf_batch = c->leaf_end;
        return result;
    }
    if (is_change)
        c->change.stage = CHANGE_RECORDED;
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
    c->change.is_put = false;
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

uint64_t
chain_next(const struct chain *c)
{
    return c->writer.next + c->writer.put;
}

/* ---- opening ---- */

enum { FIRST_RECORDS = 2 }; /* whose ledger it is, and who signs it */

struct first_records {
    uint8_t id[SEGMENT_ID_SIZE], length, use[HANDOVER_PAYLOAD];
    struct iovec begun[3], key[1];
};

static void
make_first(const struct chain *c, struct first_records *first)
{
    const char *origin = c->change.before.name;

    *first = (struct first_records){.length = (uint8_t)strlen(origin)};
    handover_payload(first->use, HANDOVER_IN_USE, c->change.before.public);
    first->begun[0] = (struct iovec){first->id, sizeof(first->id)};
    first->begun[1] = (struct iovec){&first->length, 1};
    first->begun[2] = (struct iovec){(void *)(uintptr_t)origin, first->length};
    first->key[0] = (struct iovec){first->use, sizeof(first->use)};
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
    result = chain_key_id(c, first.id);
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

/* The ledger's first records, where they are still there, name our origin and, of `count` two, our
 * key. */
static int
check_first(struct chain *c, uint64_t count)
{
    struct segment_scan scan;
    struct segment_record record;
    struct first_records first;
    int result = segment_scan_enter(&scan, c->os, c->segments, 0, c->keys);

    if (result != 0)
        return result == PASU_E_NOTFOUND ? 0 : result;
    make_first(c, &first);
    while (result == 0 && scan.next < count) {
        result = segment_scan_next(&scan, &record);
        if (result == 1 && record.is_sealed)
            result = PASU_E_LEDGER_KEY;
        if (result != 1)
            break;
        result = record.index == 0
                     ? record.type == SEGMENT_BEGUN &&
                           ends_with(record.payload, SEGMENT_ID_SIZE + 1, &first.begun[2])
                     : record.type == SEGMENT_KEY && ends_with(record.payload, 0, &first.key[0]);
        result = result ? 0 : PASU_E_CORRUPT;
    }
    segment_scan_leave(&scan);
    return result;
}

/* The records are of whoever has signed the last checkpoint. */
static int
check_signer(struct chain *c, const struct checkpoint *last, struct segment_report *report)
{
    int result;

    if (last->size < FIRST_RECORDS)
        return check_first(c, FIRST_RECORDS);
    result = check_first(c, 1);
    return result == 0 ? chain_key_compare(c, last->size, &report->segment, &report->damage)
                       : result;
}

/* The tree; and, where that is not over, the ledger's beginning, or a change of its key. */
static int
open_rest(struct chain *c, const struct checkpoint *last, const struct segment_watch *watch,
          struct chain_report *report)
{
    struct tree_frontier frontier;
    int result;

    c->signed_size = last->size;
    c->watch = watch;
    result = open_tree(c, last, report);
    c->watch = NULL;
    report->is_new = last->size == 0;
    if (result == 0 && c->tail.is_pruned && !c->tail.is_forged) {
        result = prologue_frontier(c->os, c->segments, c->keys, last->size, &frontier);
        result = result == PASU_E_NOTFOUND ? 0 : result;
    }
    if (result == 0)
        result = chain_key_settle(c);
    if (c->tail.is_forged) {
        report->segments.segment = c->tail.segment;
        report->segments.damage = c->tail.offset;
    }
    if (result == 0 && report->is_new)
        result = begin_ledger(c);
    report->size = c->writer.next;
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
        result = chain_key_open(c, origin, account, count == 0 && length == 0);
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
        result = check_signer(c, &last, &report->segments);
    return result == 0 ? open_rest(c, &last, watch, report) : result;
}

static int
open_chain(struct chain *c, struct view origin, const struct sandbox_account *account,
           const struct segment_watch *watch, struct chain_report *report)
{
    const struct os *os = c->os;
    int result;

    *report = (struct chain_report){0};
    c->folder = (struct tile_folder){.os = os, .directory = c->directory};
    if (origin.length > ORIGIN_MAX)
        return PASU_E_RANGE;
    c->leaves = memory_new(BATCH_RECORDS, sizeof(*c->leaves));
    result = c->leaves ? tree_hasher_init(&c->hasher) : PASU_E_NOMEM;
    if (result == 0 && os->mkdirat(os->arg, c->directory, segments_name, 0700) != 0 &&
        errno != EEXIST)
        result = error_from_errno(errno);
    if (result == 0) {
        c->segments = os->openat(os->arg, c->directory, segments_name,
                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
        result = c->segments >= 0 ? open_parts(c, origin, account, watch, report)
                                  : error_from_errno(errno);
    }
    if (result != 0)
        chain_close(c);
    return result;
}

int
chain_open(struct chain *c, const struct os *os, int directory, struct view origin,
           const struct sandbox_account *account, const struct segment_keys *keys,
           const struct segment_watch *watch, struct chain_report *report)
{
    *c = (struct chain){
        .os = os, .directory = directory, .segments = -1, .writer = {.fd = -1}, .keys = keys};
    return open_chain(c, origin, account, watch, report);
}

int
chain_open_lost(struct chain *c, const struct os *os, int directory,
                const struct segment_keys *keys, const struct segment_watch *watch,
                struct chain_report *report)
{
    const struct sandbox_account nobody = {0};

    *c = (struct chain){.os = os,
                        .directory = directory,
                        .segments = -1,
                        .writer = {.fd = -1},
                        .keys = keys,
                        .change = {.may_be_lost = true}};
    return open_chain(c, view_of("", 0), &nobody, watch, report);
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
    chain_key_release(c);
    memory_free(c->leaves);
    c->leaves = NULL;
}
