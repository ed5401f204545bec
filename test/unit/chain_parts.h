/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger on a disk for tests, and what somebody outside has of it. */
#ifndef PASU_TEST_CHAIN_PARTS_H
#define PASU_TEST_CHAIN_PARTS_H

#include "base/memory.h"
#include "disk.h"
#include "ledger/chain.h"
#include "ledger/entry.h"

enum { SMALL = 40000, NOTE_MAX = 4096 };

static const char origin[] = "ledger.example/test";
static const struct sandbox_account nobody;
static struct segment_keys chain_keys; /* none, or those that the ledger is encrypted with */

static inline int
try_open(struct disk *d, struct chain *c, struct chain_report *report)
{
    int result = chain_open(c, &d->os, d->directory, view_of_text(origin), &nobody, &chain_keys,
                            NULL, report);

    c->writer.size = SMALL;
    return result;
}

static inline void
open_chain(struct disk *d, struct chain *c)
{
    struct chain_report report;

    assert_int_equal(try_open(d, c, &report), 0);
}

/* A batch whose payloads follow from their indexes. */
static inline int
append(struct chain *c, unsigned count)
{
    int result = chain_begin(c, count * segment_room(100));

    for (unsigned i = 0; i < count && result == 0; i++) {
        uint8_t payload[100];
        uint64_t index;
        struct iovec part = {payload, 100};

        memset(payload, (int)(chain_size(c) + i), sizeof(payload));
        result = chain_put(c, SEGMENT_CLOSED, 7, &part, 1, &index);
        if (result == 0)
            assert_int_equal(index, chain_size(c) + i);
    }
    return result == 0 ? chain_commit(c) : result;
}

/* ---- a checkpoint, as somebody outside has it ---- */

struct outside {
    uint8_t note[NOTE_MAX];
    size_t length;
    struct checkpoint checkpoint;
};

static inline void
fetch(struct disk *d, const struct chain *c, struct outside *outside)
{
    int fd = openat(d->directory, "checkpoint", O_RDONLY | O_CLOEXEC);
    struct note_voice voice;
    ssize_t n = read(fd, outside->note, sizeof(outside->note));

    assert_true(n > 0);
    close(fd);
    outside->length = (size_t)n;
    assert_int_equal(checkpoint_open(&outside->checkpoint, view_of(outside->note, (size_t)n),
                                     &c->key.public, 1, &voice),
                     0);
}

/* The root of the first records by reading them all, without any tile. */
static inline void
root_of_records(struct disk *d, uint64_t size, struct tree_hash *root)
{
    int folder = openat(d->directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct tree_frontier frontier = {0};
    struct tree_hasher hasher;
    uint64_t *firsts;
    size_t count;

    assert_int_equal(tree_hasher_init(&hasher), 0);
    assert_int_equal(segment_list(&os_real, folder, &firsts, &count), 0);
    for (size_t i = 0; i < count; i++) {
        struct segment_scan scan;
        struct segment_record record;
        struct tree_hash leaf;
        char name[SEGMENT_NAME_SIZE];
        int fd;

        segment_name(name, firsts[i]);
        fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
        assert_int_equal(segment_scan_init(&scan, &os_real, fd, firsts[i]), 0);
        assert_int_equal(segment_scan_unlock(&scan, &chain_keys), 0);
        while (frontier.size < size && segment_scan_next(&scan, &record) == 1) {
            assert_int_equal(record.index, frontier.size);
            if (record.index < 2)
                assert_int_equal(record.type, record.index == 0 ? SEGMENT_BEGUN : SEGMENT_KEY);
            assert_int_equal(entry_leaf(&hasher, &record, &leaf), 0);
            assert_int_equal(tree_frontier_add(&frontier, &hasher, &leaf), 0);
        }
        segment_scan_release(&scan);
        close(fd);
    }
    assert_int_equal(frontier.size, size);
    assert_int_equal(tree_frontier_root(&frontier, &hasher, root), 0);
    memory_free(firsts);
    tree_hasher_release(&hasher);
    close(folder);
}

static inline void
check_against_records(struct disk *d, const struct outside *outside)
{
    struct tree_hash root;

    root_of_records(d, outside->checkpoint.size, &root);
    assert_memory_equal(root.bytes, outside->checkpoint.root, sizeof(root.bytes));
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, disk_make, disk_remove)

#endif
