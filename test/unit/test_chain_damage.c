/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger that is not what it has signed any more does not open; what is derived is made again. */
#include "chain_parts.h"

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
            head.crc = segment_crc(scan.seed, head, payload);
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
a_ledger_without_its_checkpoint_does_not_open(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;

    fill(d, 1);
    remove_file(d, "checkpoint");
    assert_int_equal(try_open(d, &c, &report), PASU_E_CORRUPT);
}

static void
a_new_key_is_made_for_no_ledger_that_there_is(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;
    struct signing_key other;

    open_chain(d, &c); /* its two records, and nothing else */
    chain_close(&c);
    remove_file(d, "signing.key");
    remove_file(d, "checkpoint");
    assert_int_equal(try_open(d, &c, &report), PASU_E_NOTFOUND);
    assert_int_equal(signing_key_make(&other, &os_real, NOTE_KEY_ED25519, view_of_text(origin)), 0);
    assert_int_equal(signing_key_store(&other, &d->os, d->directory, "signing.key", &nobody), 0);
    signing_key_release(&other);
    assert_int_equal(try_open(d, &c, &report), PASU_E_CORRUPT);
}

static void
without_its_segments_a_ledger_gets_no_new_key(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;

    fill(d, 1);
    remove_segment(d, 0);
    remove_file(d, "signing.key");
    assert_int_equal(try_open(d, &c, &report), PASU_E_NOTFOUND);
    assert_int_equal(faccessat(d->directory, "signing.key", F_OK, 0), -1);
}

static void
a_checkpoint_that_is_a_pipe_holds_nobody_up(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;

    fill(d, 1);
    remove_file(d, "checkpoint");
    assert_int_equal(mkfifoat(d->directory, "checkpoint", 0600), 0);
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
    assert_int_equal(chain_open(&c, &d->os, d->directory, VIEW("ledger.example/other"), &nobody,
                                NULL, NULL, &report),
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(the_tree_is_made_again_of_the_records_where_tiles_are_gone_or_wrong),
        ON_DISK(a_record_that_was_changed_with_its_checksum_is_found_out),
        ON_DISK(a_tail_that_was_cut_off_is_missed),
        ON_DISK(a_segment_that_is_gone_is_missed),
        ON_DISK(a_ledger_without_its_checkpoint_does_not_open),
        ON_DISK(a_new_key_is_made_for_no_ledger_that_there_is),
        ON_DISK(without_its_segments_a_ledger_gets_no_new_key),
        ON_DISK(a_checkpoint_that_is_a_pipe_holds_nobody_up),
        ON_DISK(a_ledger_without_its_key_or_with_anothers_does_not_open),
        ON_DISK(every_byte_of_a_checkpoint_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
