/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger as it grows: what it has signed once stays true, whatever happens to process or disk.
 */
#include "base/memory.h"
#include "disk.h"
#include "ledger/chain.h"
#include "ledger/entry.h"

enum { SMALL = 40000, NOTE_MAX = 4096 };

static const char origin[] = "ledger.example/test";
static const struct sandbox_account nobody;

static int
try_open(struct disk *d, struct chain *c, struct chain_report *report)
{
    int result = chain_open(c, &d->os, d->directory, view_of_text(origin), &nobody, NULL, report);

    c->writer.size = SMALL;
    return result;
}

static void
open_chain(struct disk *d, struct chain *c)
{
    struct chain_report report;

    assert_int_equal(try_open(d, c, &report), 0);
}

/* A batch whose payloads follow from their indexes. */
static int
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

static void
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
static void
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
        while (frontier.size < size && segment_scan_next(&scan, &record) == 1) {
            assert_int_equal(record.index, frontier.size);
            assert_int_equal(record.type, record.index == 0   ? SEGMENT_BEGUN
                                          : record.index == 1 ? SEGMENT_KEY
                                                              : SEGMENT_CLOSED);
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

static void
check_against_records(struct disk *d, const struct outside *outside)
{
    struct tree_hash root;

    root_of_records(d, outside->checkpoint.size, &root);
    assert_memory_equal(root.bytes, outside->checkpoint.root, sizeof(root.bytes));
}

/* ---- growing ---- */

static void
a_new_ledger_says_whose_it_is_and_signs_that(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;
    struct outside outside;
    struct stat st;

    assert_int_equal(try_open(d, &c, &report), 0);
    assert_true(report.is_new);
    assert_int_equal(chain_size(&c), 2);
    fetch(d, &c, &outside);
    assert_int_equal(outside.checkpoint.size, 2);
    assert_true(view_equal(outside.checkpoint.origin, view_of_text(origin)));
    check_against_records(d, &outside);
    assert_int_equal(fstatat(d->directory, "signing.key", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    chain_close(&c);
    assert_int_equal(try_open(d, &c, &report), 0);
    assert_false(report.is_new);
    assert_int_equal(chain_size(&c), 2);
    chain_close(&c);
}

static void
every_checkpoint_is_consistent_with_all_before_it(void **state)
{
    struct disk *d = *state;
    struct random random = {.state = 11};
    struct outside *all = memory_new(60, sizeof(*all));
    struct tree_source source;
    struct tree_proof proof;
    struct chain c;

    open_chain(d, &c);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(append(&c, 1 + random_below(&random, 60)), 0);
        assert_int_equal(chain_checkpoint(&c), 0);
        fetch(d, &c, &all[i]);
        assert_int_equal(all[i].checkpoint.size, chain_size(&c));
        if (random_below(&random, 5) == 0) {
            chain_close(&c);
            open_chain(d, &c);
        }
    }
    assert_true(chain_size(&c) > 1000);
    source = tile_source(&c.tiles);
    for (int i = 1; i < 60; i++) {
        struct tree_hash from, to;
        uint64_t older = all[i - 1].checkpoint.size, newer = all[i].checkpoint.size;

        check_against_records(d, &all[i]);
        memcpy(from.bytes, all[i - 1].checkpoint.root, sizeof(from.bytes));
        memcpy(to.bytes, all[i].checkpoint.root, sizeof(to.bytes));
        assert_int_equal(tree_prove_consistency(&c.hasher, &source, older, newer, &proof), 0);
        assert_int_equal(
            tree_verify_consistency(&c.hasher, older, &from, newer, &to, proof.hashes, proof.count),
            0);
    }
    chain_close(&c);
    memory_free(all);
}

static void
without_anything_new_nothing_is_signed_again(void **state)
{
    struct disk *d = *state;
    struct chain c;

    open_chain(d, &c);
    assert_int_equal(append(&c, 3), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    d->calls_left = 0;
    assert_int_equal(chain_checkpoint(&c), 0);
    d->calls_left = -1;
    chain_close(&c);
}

static void
an_aborted_batch_is_in_no_tree(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct outside outside;
    uint64_t index;

    open_chain(d, &c);
    assert_int_equal(chain_begin(&c, 1000), 0);
    assert_int_equal(chain_put(&c, SEGMENT_GAP, 1, NULL, 0, &index), 0);
    chain_abort(&c);
    assert_int_equal(append(&c, 3), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &outside);
    assert_int_equal(outside.checkpoint.size, 5);
    check_against_records(d, &outside);
    chain_close(&c);
}

/* ---- faults ---- */

/* Each step again until it succeeds; what was signed before stays true. */
static void
run(struct disk *d, int *failures)
{
    struct chain c;
    struct chain_report report;
    struct outside outside;

    while (try_open(d, &c, &report) != 0)
        ++*failures;
    for (int i = 0; i < 3; i++) {
        uint64_t size = chain_size(&c);

        while (append(&c, 200) != 0) {
            ++*failures;
            assert_int_equal(chain_size(&c), size);
        }
        while (chain_checkpoint(&c) != 0) {
            ++*failures;
            fetch(d, &c, &outside);
            check_against_records(d, &outside);
        }
        fetch(d, &c, &outside);
        assert_int_equal(outside.checkpoint.size, size + 200);
    }
    assert_true(c.writer.first > 0);
    chain_close(&c);
    assert_int_equal(chain_size(&c), 602);
    check_against_records(d, &outside);
}

static void
whichever_call_fails_the_same_can_be_tried_again(void **state)
{
    struct disk *d = *state;
    int calls = 1;

    for (int half = 0; half < 2; half++)
        for (int n = 0; n < calls; n++) {
            int failures = 0;

            d->is_partial = half;
            d->calls_left = n;
            d->calls = 0;
            run(d, &failures);
            calls = d->calls;
            d->calls_left = -1;
            disk_clear(d);
        }
    assert_true(calls > 60);
}

static void
whichever_call_is_the_last_the_next_start_goes_on(void **state)
{
    struct disk *d = *state;
    bool is_through = false;

    for (int n = 0; !is_through; n++) {
        struct chain c;
        struct chain_report report;
        struct outside outside;

        d->is_dead = true;
        d->is_partial = n % 2;
        d->calls_left = n;
        is_through = try_open(d, &c, &report) == 0;
        if (is_through) {
            for (int i = 0; i < 3 && is_through; i++)
                is_through = append(&c, 200) == 0 && chain_checkpoint(&c) == 0;
            chain_close(&c);
        }
        is_through = is_through && d->calls_left > 0;
        d->calls_left = -1;
        open_chain(d, &c);
        assert_int_equal(append(&c, 2), 0);
        assert_int_equal(chain_checkpoint(&c), 0);
        fetch(d, &c, &outside);
        assert_int_equal(outside.checkpoint.size, chain_size(&c));
        check_against_records(d, &outside);
        chain_close(&c);
        disk_clear(d);
    }
}

static void
a_tree_that_cannot_be_written_holds_records_back_and_is_made_up_for(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct outside outside;

    open_chain(d, &c);
    assert_int_equal(renameat(d->directory, "tile", d->directory, "away"), 0);
    close(openat(d->directory, "tile", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(append(&c, 300), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(append(&c, 300) < 0);
        assert_true(chain_checkpoint(&c) < 0);
    }
    assert_int_equal(chain_size(&c), 302);
    assert_int_equal(unlinkat(d->directory, "tile", 0), 0);
    assert_int_equal(renameat(d->directory, "away", d->directory, "tile"), 0);
    assert_int_equal(append(&c, 300), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &outside);
    assert_int_equal(outside.checkpoint.size, 602);
    check_against_records(d, &outside);
    chain_close(&c);
}

static void
what_was_signed_survives_a_power_cut_whatever_pages_reached_the_disk(void **state)
{
    struct disk *d = *state;
    unsigned lost = 0;

    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct random random = {.state = seed};
        struct outside outside = {.length = 0};
        uint64_t next = 0, durable = 0;

        d->is_recording = true;
        for (int cuts = 0; cuts < 4; cuts++) {
            struct chain c;

            open_chain(d, &c);
            assert_true(chain_size(&c) >= durable);
            assert_true(chain_size(&c) <= next || next == 0);
            lost += (unsigned)(next > chain_size(&c) ? next - chain_size(&c) : 0);
            if (outside.length > 0)
                check_against_records(d, &outside);
            for (unsigned i = random_below(&random, 12); i > 0; i--) {
                assert_int_equal(append(&c, 1 + random_below(&random, 90)), 0);
                if (random_below(&random, 3) == 0)
                    assert_int_equal(chain_sync(&c), 0);
                if (random_below(&random, 3) == 0)
                    assert_int_equal(chain_checkpoint(&c), 0);
            }
            fetch(d, &c, &outside);
            next = chain_size(&c);
            durable = c.writer.durable;
            assert_true(outside.checkpoint.size <= durable);
            chain_close(&c);
            disk_cut_power(d, &random);
        }
        disk_clear(d);
    }
    assert_true(lost > 100);
}

/* ---- damage, and somebody's work ---- */

static void
fill(struct disk *d, unsigned batches)
{
    struct chain c;

    open_chain(d, &c);
    for (unsigned i = 0; i < batches; i++)
        assert_int_equal(append(&c, 100), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    assert_true(batches < 5 || c.writer.first > 512);
    chain_close(&c);
}

static void
remove_file(struct disk *d, const char *path)
{
    assert_int_equal(unlinkat(d->directory, path, 0), 0);
}

static void
change_byte(struct disk *d, const char *path, off_t at)
{
    int fd = openat(d->directory, path, O_RDWR | O_CLOEXEC);
    uint8_t byte;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void
the_tree_is_made_again_of_the_records_where_tiles_are_gone_or_wrong(void **state)
{
    static const char *const tiles[] = {"tile/1/000.p/3", "tile/0/001"};
    struct disk *d = *state;

    for (int is_gone = 0; is_gone < 2; is_gone++) {
        struct chain c;
        struct chain_report report;
        struct outside outside;

        fill(d, 8);
        assert_int_equal(try_open(d, &c, &report), 0);
        assert_int_equal(report.rebuilt, 0);
        chain_close(&c);
        if (is_gone) {
            remove_file(d, tiles[0]);
            remove_file(d, tiles[1]);
        } else {
            change_byte(d, tiles[0], 40);
        }
        assert_int_equal(try_open(d, &c, &report), 0);
        assert_int_equal(report.rebuilt, 802);
        assert_int_equal(append(&c, 300), 0);
        assert_int_equal(chain_checkpoint(&c), 0);
        fetch(d, &c, &outside);
        check_against_records(d, &outside);
        chain_close(&c);
        disk_clear(d);
    }
}

/* The record with this index gets another payload, and a checksum that fits. */
static void
forge_record(struct disk *d, uint64_t index)
{
    static const char path[] = "segments/00000000000000000000.seg";
    int fd = openat(d->directory, path, O_RDWR | O_CLOEXEC);
    struct segment_scan scan;
    struct segment_record record;

    assert_int_equal(segment_scan_init(&scan, &os_real, fd, 0), 0);
    while (segment_scan_next(&scan, &record) == 1)
        if (record.index == index) {
            uint8_t payload[104] = {0};
            struct segment_head head;

            memcpy(payload, record.payload.bytes, 100);
            payload[3] ^= 1;
            assert_int_equal(pread(fd, &head, sizeof(head), (off_t)record.offset), sizeof(head));
            head.crc = segment_crc(head, payload);
            assert_int_equal(pwrite(fd, &head, sizeof(head), (off_t)record.offset), sizeof(head));
            assert_int_equal(
                pwrite(fd, payload, sizeof(payload), (off_t)(record.offset + sizeof(head))),
                sizeof(payload));
        }
    segment_scan_release(&scan);
    close(fd);
}

static void
a_record_that_was_changed_with_its_checksum_is_found_out(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;

    fill(d, 1);
    forge_record(d, 40);
    assert_int_equal(try_open(d, &c, &report), PASU_E_CORRUPT);
    forge_record(d, 40);
    open_chain(d, &c);
    chain_close(&c);
}

static void
a_tail_that_was_cut_off_is_missed(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;
    int fd;

    fill(d, 1);
    fd = openat(d->directory, "segments/00000000000000000000.seg", O_RDWR | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, 3000), 0);
    close(fd);
    assert_int_equal(try_open(d, &c, &report), PASU_E_CORRUPT);
    assert_true(report.segments.damage > 2000 && report.segments.damage <= 3000);
}

/* Takes away a segment, counted from the newest one. */
static void
remove_segment(struct disk *d, size_t age)
{
    int folder = openat(d->directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint64_t *firsts;
    size_t count;
    char name[SEGMENT_NAME_SIZE];

    assert_int_equal(segment_list(&os_real, folder, &firsts, &count), 0);
    assert_true(age < count);
    segment_name(name, firsts[count - 1 - age]);
    assert_int_equal(unlinkat(folder, name, 0), 0);
    memory_free(firsts);
    close(folder);
}

static void
a_segment_that_is_gone_is_missed(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;

    fill(d, 8);
    for (int i = 0; i < 3; i++) {
        remove_segment(d, 0);
        assert_int_equal(try_open(d, &c, &report), PASU_E_CORRUPT);
    }
    disk_clear(d);
    /* Of records that nobody has signed yet, too. */
    open_chain(d, &c);
    for (int i = 0; i < 8; i++)
        assert_int_equal(append(&c, 100), 0);
    chain_close(&c);
    remove_segment(d, 1);
    assert_int_equal(try_open(d, &c, &report), PASU_E_CORRUPT);
}

static void
a_ledger_without_its_key_or_with_anothers_does_not_open(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;
    struct signing_key other;

    fill(d, 1);
    assert_int_equal(
        chain_open(&c, &d->os, d->directory, VIEW("ledger.example/other"), &nobody, NULL, &report),
        PASU_E_CORRUPT);
    remove_file(d, "signing.key");
    assert_int_equal(try_open(d, &c, &report), PASU_E_NOTFOUND);
    assert_int_equal(signing_key_make(&other, &os_real, NOTE_KEY_ED25519, view_of_text(origin)), 0);
    assert_int_equal(signing_key_store(&other, &d->os, d->directory, "signing.key", &nobody), 0);
    signing_key_release(&other);
    assert_int_equal(try_open(d, &c, &report), PASU_E_CORRUPT);
}

static void
every_byte_of_a_checkpoint_counts(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;
    struct outside outside;

    open_chain(d, &c);
    fetch(d, &c, &outside);
    chain_close(&c);
    for (size_t i = 0; i < outside.length; i++) {
        change_byte(d, "checkpoint", (off_t)i);
        assert_int_equal(try_open(d, &c, &report), PASU_E_CORRUPT);
        change_byte(d, "checkpoint", (off_t)i);
    }
    open_chain(d, &c);
    chain_close(&c);
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, disk_make, disk_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(a_new_ledger_says_whose_it_is_and_signs_that),
        ON_DISK(every_checkpoint_is_consistent_with_all_before_it),
        ON_DISK(without_anything_new_nothing_is_signed_again),
        ON_DISK(an_aborted_batch_is_in_no_tree),
        ON_DISK(whichever_call_fails_the_same_can_be_tried_again),
        ON_DISK(whichever_call_is_the_last_the_next_start_goes_on),
        ON_DISK(a_tree_that_cannot_be_written_holds_records_back_and_is_made_up_for),
        ON_DISK(what_was_signed_survives_a_power_cut_whatever_pages_reached_the_disk),
        ON_DISK(the_tree_is_made_again_of_the_records_where_tiles_are_gone_or_wrong),
        ON_DISK(a_record_that_was_changed_with_its_checksum_is_found_out),
        ON_DISK(a_tail_that_was_cut_off_is_missed),
        ON_DISK(a_segment_that_is_gone_is_missed),
        ON_DISK(a_ledger_without_its_key_or_with_anothers_does_not_open),
        ON_DISK(every_byte_of_a_checkpoint_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
