/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger of some days, what it says, and what is left of it. */
#ifndef PASU_TEST_PRUNE_STORY_H
#define PASU_TEST_PRUNE_STORY_H

#include "base/memory.h"
#include "breach/book.h"
#include "breach/keys.h"
#include "gate/past_marks.h"
#include "ledger/entry.h"
#include "ledger/prologue.h"
#include "ledger/prune.h"
#include "ledger/reader.h"
#include "ledger_place.h"

#include <openssl/evp.h>

#define SECOND NANOSECONDS_PER_SECOND
#define DAY    (86400 * SECOND)

enum { DAYS = 12, KEPT_DAYS = 5, SIZE = 6000, LEAVES = 4096, TEXT = 1 << 17, ORDINAL = 0xf0000000 };

static bool is_encrypted; /* the ledger is */

/* ---- a ledger of some days ---- */

static inline void
add_key(struct segment_keys *keys)
{
    static const uint8_t key[SEGMENT_KEY_SIZE] = {1, 2, 3};

    *keys = (struct segment_keys){0};
    if (is_encrypted)
        assert_int_equal(segment_keys_add(keys, key), 0);
}

static inline void
open_keeper(struct place *p)
{
    p->os = p->disk->os;
    p->os.monotonic = clock_read;
    record_init(&p->records, &p->log, p->directory);
    add_key(&p->records.keys);
    assert_int_equal(intake_init(&p->intake, &p->records, dup(p->ring_fd), -1, -1), 0);
    assert_int_equal(record_open(&p->records), 0);
    p->records.chain.writer.size = SIZE;
    assert_int_equal(intake_take(&p->intake), 0);
}

static inline void
stop_keeper(struct place *p)
{
    assert_int_equal(intake_take(&p->intake), 0);
    intake_release(&p->intake);
    record_close(&p->records);
}

static inline uint64_t
session_of(unsigned day)
{
    return (day + 1) * 64;
}

static inline void
open_session(struct place *p, unsigned day)
{
    struct message_session session = {.session = session_of(day), .opened = p->disk->time};

    snprintf(session.principal, sizeof(session.principal), "role %u", day);
    snprintf(session.gateway, sizeof(session.gateway), "shop");
    assert_int_equal(record_opened(&p->records, &session), 0);
}

static inline void
close_session(struct place *p, unsigned day)
{
    const struct message_closed closed = {.session = session_of(day), .closed = p->disk->time};

    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(record_closed(&p->records, &closed), 0);
}

static inline uint32_t
say_vocabulary(struct place *p, bool is_said)
{
    static uint8_t bytes[RING_PAYLOAD_MAX];
    struct config config = {0};
    struct vocabulary vocabulary;
    ssize_t n;

    assert_int_equal(vocabulary_of_config(&vocabulary, &config), 0);
    n = vocabulary_encode(&vocabulary, bytes, sizeof(bytes));
    assert_true(n > 0);
    if (is_said)
        assert_int_equal(append(p, 0, RING_VOCABULARY, bytes, (size_t)n), 0);
    return vocabulary.id;
}

static inline void
show(struct place *p, unsigned day, uint64_t shape, uint32_t ordinal)
{
    uint8_t bytes[512];
    const struct exposure exposure = {.session = session_of(day),
                                      .time = p->disk->time,
                                      .statements = 1,
                                      .shape = shape,
                                      .vocabulary = say_vocabulary(p, false),
                                      .part_count = 1,
                                      .parts = {{.attribution = ATTRIBUTION_KEY,
                                                 .clear = 1,
                                                 .ordinals = &ordinal,
                                                 .ordinal_count = 1}}};
    ssize_t n = exposure_encode(&exposure, bytes, sizeof(bytes));

    assert_true(n > 0);
    assert_int_equal(append(p, day % 2, RING_EXPOSURE, bytes, (size_t)n), 0);
}

static inline void
mark(struct place *p, enum ring_mark_what what, uint64_t number, uint32_t relation)
{
    const struct ring_mark mark = {.number = number,
                                   .what = (uint8_t)what,
                                   .fields =
                                       what == RING_MARK_CARRIES || what == RING_MARK_INTENDED,
                                   .vocabulary = 1,
                                   .relation = relation,
                                   .system = 5,
                                   .database_oid = 6,
                                   .gateway = "shop",
                                   .database = "shop"};

    assert_int_equal(append(p, 0, RING_MARK, &mark, sizeof(mark)), 0);
}

static inline void
mark_of_day(struct place *p, unsigned day)
{
    mark(p, RING_MARK_CARRIES, 100 + day, 1000 + day);
    if (day % 3 == 1) /* that of a day before, which may be deleted or not */
        mark(p, RING_MARK_FORGOTTEN, 200 + day, 1000 + day - 1);
    mark(p, RING_MARK_INTENDED, 300 + day, 2000 + day);
    if (day > 0 && day % 2 == 0)
        mark(p, RING_MARK_OVER, 300 + day - 1, 0);
}

/* The first session goes on all the time, each other one until the next day. */
static inline void
live_a_day(struct place *p, unsigned day)
{
    const struct message_refused refused = {.error = PASU_E_DENIED, .principal = "nobody"};
    struct {
        struct ring_ordinal head;
        char sealed[5];
    } ordinal = {{.ordinal = ORDINAL + day, .kind = 1, .hash = {(uint8_t)day}}, "seal"};

    p->disk->time += DAY;
    open_session(p, day);
    if (day == 0) {
        say_vocabulary(p, true);
        assert_int_equal(append_number(p, 0, 999, 40), 0); /* a text that is said once */
    }
    assert_int_equal(append_number(p, 0, day, 40), 0);
    assert_int_equal(append(p, 0, RING_ORDINAL, &ordinal, sizeof(ordinal.head) + 5), 0);
    mark_of_day(p, day);
    assert_int_equal(intake_take(&p->intake), 0);
    show(p, 0, 999, ORDINAL + day);
    show(p, day, day, ORDINAL + day / 2);
    if (day > 0)
        show(p, day - 1, day - 1, 7);
    if (day > 1)
        close_session(p, day - 1);
    assert_int_equal(intake_take(&p->intake), 0);
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(record_refused(&p->records, &refused), 0);
    assert_int_equal(record_sign(&p->records), 0);
    if (day % 5 == 3) {
        stop_keeper(p);
        p->disk->time += SECOND;
        open_keeper(p);
    }
}

static inline void
remove_but_ring(struct disk *d, int folder, const char *name, void *arg)
{
    if (strcmp(name, "exposures.ring") != 0)
        disk_unlink(d, folder, name, arg);
}

static inline void
begin_ledger(struct place *p)
{
    disk_each(p->disk, p->directory, remove_but_ring, disk_rmdir, NULL);
    p->disk->time = INT64_C(1767225600000000000);
    now = SECOND;
    open_keeper(p);
}

static inline void
make_ledger(struct place *p)
{
    begin_ledger(p);
    for (unsigned day = 0; day < DAYS; day++)
        live_a_day(p, day);
}

/* ---- pruning ---- */

/* As the keeper's loop, until there is nothing to do for a while. */
static inline void
prune(struct place *p, struct prune *prune)
{
    for (int i = 0; i < 10000 && prune->look_at <= now; i++) {
        assert_true(prune_wait(prune, 200) >= 0);
        prune_look(prune, now);
    }
    assert_true(prune->look_at > now || p->records.log == NULL);
}

static inline void
prune_all(struct place *p)
{
    struct prune all;

    prune_init(&all, &p->records);
    prune_set(&all, KEPT_DAYS * DAY);
    prune(p, &all);
    prune_release(&all);
}

/* The index of the first record of a segment, the ledger's first one being 0. */
static inline uint64_t
segment_begin_of(struct place *p, size_t number)
{
    uint64_t *firsts, first;
    size_t count;
    int folder = open_segments(p);

    assert_int_equal(segment_list(&os_real, folder, &firsts, &count), 0);
    assert_true(count > number);
    first = firsts[number];
    memory_free(firsts);
    close(folder);
    return first;
}

static inline uint64_t
first_of(struct place *p)
{
    return segment_begin_of(p, 0);
}

/* ---- what is left says what it said ---- */

struct answers {
    char text[TEXT];
    size_t used, facts; /* facts: without where it was not watched */
    uint64_t ordinals;  /* bits: which have an entry */
    int64_t since, until;
    unsigned pruned;
};

static inline void
say(struct answers *a, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    a->used += (size_t)vsnprintf(a->text + a->used, TEXT - a->used, format, list);
    va_end(list);
    assert_true(a->used < TEXT);
}

static inline void
say_exposure(struct answers *a, struct book *book, const struct ledger_entry *entry)
{
    const struct exposure *e = entry->u.exposure;
    const struct session_info *session = sessions_get(&book->sessions, e->session);
    const char *sql = shapes_get(&book->shapes, e->shape);
    struct lexicon *lexicon;

    assert_int_equal(names_lexicon(&book->names, e->vocabulary, &lexicon), 0);
    say(a, "%llu %s %s %d %u\n", (unsigned long long)entry->seq, session ? session->principal : "?",
        sql ? sql : "?", lexicon->is_known, e->parts[0].ordinals[0]);
}

static inline int
by_relation(const void *a, const void *b)
{
    const struct ring_mark *one = a, *other = b;

    return one->relation < other->relation ? -1 : one->relation > other->relation;
}

static inline void
say_marks(struct answers *a, struct past_marks *marks)
{
    qsort(marks->items, marks->count, sizeof(marks->items[0]), by_relation);
    for (size_t i = 0; i < marks->count; i++)
        say(a, "mark %u %u %llu\n", marks->items[i].relation, marks->items[i].what,
            (unsigned long long)marks->items[i].number);
}

/* Of the records from an index on, which was recorded at that time at the earliest. After so many
 * entries something is done meanwhile. */
static inline void
ask_beside(struct place *p, uint64_t from, int64_t time, struct answers *a, unsigned count,
           void (*meanwhile)(struct place *p))
{
    struct past_marks marks = {0};
    struct ledger_reader *r;
    struct ledger_entry entry;
    struct segment_keys keys;
    struct book *book;
    int result;

    add_key(&keys);
    *a = (struct answers){0};
    assert_int_equal(book_new(&book, &os_real), 0);
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    ledger_reader_unlock(r, &keys);
    for (unsigned n = 0;; n++) {
        if (n == count)
            meanwhile(p);
        result = ledger_reader_next(r, &entry);
        if (result != 1)
            break;
        assert_int_equal(book_note(book, &entry), 0);
        if (entry.type == LEDGER_EXPOSURE && entry.seq >= from)
            say_exposure(a, book, &entry);
        else if (entry.type == LEDGER_MARK)
            assert_int_equal(past_marks_see(&marks, entry.u.mark), 0);
        else if (entry.type == LEDGER_ORDINAL)
            a->ordinals |= UINT64_C(1) << (entry.u.ordinal->head.ordinal - ORDINAL);
        else if (entry.type == LEDGER_PRUNED)
            a->pruned++;
    }
    assert_int_equal(result, 0);
    say_marks(a, &marks);
    a->facts = a->used;
    for (size_t i = 0; i < book->gaps.count; i++) {
        const struct gap *gap = &book->gaps.items[i];

        if (gap->what == GAP_PRUNED) {
            a->since = gap->from;
            a->until = gap->to;
        } else if (gap->to >= time) {
            say(a, "%s %lld %lld\n", gap_what_text(gap->what), (long long)gap->from,
                (long long)gap->to);
        }
    }
    past_marks_release(&marks);
    ledger_reader_close(r);
    segment_keys_release(&keys);
    book_free(book);
}

static inline void
ask(struct place *p, uint64_t from, int64_t time, struct answers *a)
{
    ask_beside(p, from, time, a, UINT_MAX, NULL);
}

static inline int64_t
begun_at(struct place *p, uint64_t first)
{
    struct segment_header header;
    int fd = open_segment(p, first, O_RDONLY);

    assert_int_equal(read(fd, &header, sizeof(header)), sizeof(header));
    close(fd);
    return header.time;
}

/* ---- the tree, by the hashes of all records that there ever were ---- */

static struct tree_hash leaves[LEAVES];
static uint64_t leaf_count;

static inline void
see_leaves(struct place *p, struct tree_hasher *hasher)
{
    int folder = open_segments(p);
    struct segment_keys keys;
    uint64_t *firsts;
    size_t count;

    add_key(&keys);
    assert_int_equal(segment_list(&os_real, folder, &firsts, &count), 0);
    for (size_t i = 0; i < count; i++) {
        struct segment_scan scan;
        struct segment_record record;

        assert_int_equal(segment_scan_enter(&scan, &os_real, folder, firsts[i], &keys), 0);
        while (segment_scan_next(&scan, &record) == 1) {
            assert_true(record.index < LEAVES && record.index <= leaf_count);
            assert_int_equal(entry_leaf(hasher, &record, &leaves[record.index]), 0);
            leaf_count = record.index >= leaf_count ? record.index + 1 : leaf_count;
        }
        segment_scan_leave(&scan);
    }
    segment_keys_release(&keys);
    memory_free(firsts);
    close(folder);
}

/* The checkpoint's root is that over all of them. */
static inline void
check_root(struct place *p)
{
    char note[4096] = {0}, base64[64] = {0}, *root;
    struct tree_frontier frontier = {0};
    struct tree_hasher hasher;
    struct tree_hash hash;
    unsigned long long size;
    int fd = openat(p->directory, "checkpoint", O_RDONLY | O_CLOEXEC);

    assert_true(read(fd, note, sizeof(note) - 1) > 0);
    close(fd);
    root = strchr(note, '\n') + 1;
    size = strtoull(root, &root, 10);
    assert_int_equal(tree_hasher_init(&hasher), 0);
    see_leaves(p, &hasher);
    assert_true(size <= leaf_count);
    while (frontier.size < size)
        assert_int_equal(tree_frontier_add(&frontier, &hasher, &leaves[frontier.size]), 0);
    assert_int_equal(tree_frontier_root(&frontier, &hasher, &hash), 0);
    assert_int_equal(EVP_EncodeBlock((uint8_t *)base64, hash.bytes, sizeof(hash.bytes)), 44);
    assert_memory_equal(root + 1, base64, 44);
    tree_hasher_release(&hasher);
}

static inline void
remove_tiles(struct place *p)
{
    int tiles = openat(p->directory, "tile", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    disk_each(p->disk, tiles, disk_unlink, disk_rmdir, NULL);
    close(tiles);
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

#endif
