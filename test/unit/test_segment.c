/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's segments: their form, and that what is appended is there, once and in order. */
#include "segment_parts.h"

/* ---- the form ---- */

static void
a_segment_is_the_one_that_the_format_shows(void **state)
{
    static const uint8_t expected[] = {
        /* the header and the first record of docs/spec/ledger.md */
        0x70, 0x61, 0x73, 0x75, 0x73, 0x65, 0x67, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfa, 0xed,
        0x51, 0x72, 0x86, 0x18, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
        0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x65, 0xb4, 0x2a, 0x12, 0x24, 0x00, 0x00, 0x00, 0x56, 0x7f,
        0x62, 0x19, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfa, 0xed,
        0x51, 0x72, 0x86, 0x18, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0f, 0x0e,
        0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x00,
        0x13, 0x6c, 0x65, 0x64, 0x67, 0x65, 0x72, 0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c,
        0x65, 0x2f, 0x73, 0x68, 0x6f, 0x70, 0x00, 0x00, 0x00, 0x00};
    static const char origin[] = "\x13ledger.example/shop";
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_record record;
    uint8_t id[SEGMENT_ID_SIZE], found[sizeof(expected)];
    const struct iovec parts[] = {{id, sizeof(id)},
                                  {(void *)(uintptr_t)origin, sizeof(origin) - 1}};
    int fd;

    for (unsigned i = 0; i < sizeof(id); i++)
        id[i] = (uint8_t)(15 - i);
    open_writer(d, &w);
    assert_int_equal(segment_begin(&w, 1000), 0);
    assert_int_equal(segment_put(&w, SEGMENT_BEGUN, d->time, parts, 2, &record), 0);
    assert_int_equal(segment_commit(&w), 0);
    segment_writer_close(&w);
    fd = openat(d->directory, "00000000000000000000.seg", O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, found, sizeof(found), 0), sizeof(found));
    assert_memory_equal(found, expected, sizeof(found));
    close(fd);
}

static void
what_is_no_segments_name_is_passed_over(void **state)
{
    static const char *const others[] = {"00000000000000000005.se",
                                         "0000000000000000005.seg",
                                         "99999999999999999999.seg",
                                         "000000000000000000-5.seg",
                                         "next.tmp",
                                         "00000000000000000005.seg2"};
    struct disk *d = *state;
    uint64_t *firsts;
    size_t count;

    for (size_t i = 0; i < COUNT_OF(others); i++)
        close(openat(d->directory, others[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    close(openat(d->directory, "18446744073709551615.seg", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    close(openat(d->directory, "00000000000000000042.seg", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(segment_list(&os_real, d->directory, &firsts, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(firsts[0], 42);
    assert_int_equal(firsts[1], UINT64_MAX);
    memory_free(firsts);
}

/* ---- appending ---- */

static void
what_is_committed_is_read_back_in_order_over_many_segments(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct random random = {.state = 3};

    open_writer(d, &w);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(append(&w, 1 + random_below(&random, 30)), 0);
        if (random_below(&random, 10) == 0) {
            uint64_t next = w.next;

            segment_writer_close(&w);
            open_writer(d, &w);
            assert_int_equal(w.next, next);
        }
    }
    assert_true(w.first > 500);
    assert_int_equal(read_all(d), w.next);
    segment_writer_close(&w);
}

static void
a_batch_is_never_in_two_segments_and_nothing_is_too_long(void **state)
{
    static uint8_t long_payload[SEGMENT_PAYLOAD_MAX + 1];
    struct iovec part = {long_payload, sizeof(long_payload)};
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_record record;

    open_writer(d, &w);
    w.size = SEGMENT_SIZE;
    assert_int_equal(segment_begin(&w, SEGMENT_BATCH_MAX + 1), PASU_E_RANGE);
    assert_int_equal(segment_begin(&w, SEGMENT_BATCH_MAX), 0);
    assert_int_equal(segment_put(&w, SEGMENT_GAP, 1, &part, 1, &record), PASU_E_RANGE);
    part.iov_len--;
    for (int i = 0; i < SEGMENT_BATCH_MAX / (SEGMENT_PAYLOAD_MAX + 32); i++)
        assert_int_equal(segment_put(&w, SEGMENT_GAP, 1, &part, 1, &record), 0);
    assert_int_equal(segment_put(&w, SEGMENT_GAP, 1, &part, 1, &record), PASU_E_AGAIN);
    assert_int_equal(segment_commit(&w), 0);
    w.size = SEGMENT_BATCH_MAX + 100000;
    assert_int_equal(segment_begin(&w, SEGMENT_BATCH_MAX), 0);
    assert_int_equal(w.first, 16);
    segment_writer_close(&w);
    assert_int_equal(read_all(d), 16);
}

static void
an_aborted_batch_was_never_there(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_record record;

    open_writer(d, &w);
    assert_int_equal(append(&w, 3), 0);
    assert_int_equal(segment_begin(&w, 1000), 0);
    assert_int_equal(segment_put(&w, SEGMENT_GAP, 1, NULL, 0, &record), 0);
    assert_int_equal(record.index, 3);
    segment_abort(&w);
    assert_int_equal(append(&w, 2), 0);
    segment_writer_close(&w);
    assert_int_equal(read_all(d), 5);
}

/* Any record is found from its index alone, also where others are damaged. */
static void
a_record_is_found_by_its_index(void **state)
{
    enum { RECORDS = 6000 };
    struct disk *d = *state;
    struct random random = {.state = 5};
    struct segment_writer w;
    struct segment_scan scan;
    int fd;

    open_writer(d, &w);
    w.size = 4 << 20;
    while (w.next < RECORDS)
        assert_int_equal(append(&w, 100), 0);
    segment_writer_close(&w);
    fd = openat(d->directory, "00000000000000000000.seg", O_RDWR | O_CLOEXEC);
    for (int round = 0; round < 300; round++) {
        struct segment_record record = {0};
        uint64_t index = random_below(&random, RECORDS), passed = 0;
        int result;

        if (round >= 200) /* damage, here and there, and more of it */
            assert_int_equal(pwrite(fd, "?", 1, 64 + random_below(&random, 900000)), 1);
        assert_int_equal(segment_scan_init(&scan, &os_real, fd, 0), 0);
        assert_int_equal(segment_scan_seek(&scan, index), 0);
        while ((result = segment_scan_next(&scan, &record)) != 0)
            if (result == 1 && (passed++, record.index >= index))
                break;
        assert_true(record.index == index || (round >= 200 && record.index >= index));
        assert_true(passed < 4500);
        segment_scan_release(&scan);
    }
    close(fd);
}

static size_t bytes_read;

static ssize_t
counting_pread(void *arg PASU_UNUSED, int fd, void *bytes, size_t size, off_t offset)
{
    ssize_t n = pread(fd, bytes, size, offset);

    bytes_read += n > 0 ? (size_t)n : 0;
    return n;
}

/* With much room that is only reserved behind the records, and little of either is read for it. */
static void
to_find_a_record_little_is_read(void **state)
{
    enum { RECORDS = 20000, ROOM = 60 << 20, LITTLE = 2 << 20 };
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_scan scan;
    struct os os = os_real;
    int fd;

    open_writer(d, &w);
    w.size = ROOM;
    while (w.next < RECORDS)
        assert_int_equal(append(&w, 100), 0);
    segment_writer_close(&w);
    fd = openat(d->directory, "00000000000000000000.seg", O_RDWR | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, ROOM), 0);
    os.pread = counting_pread;
    for (uint64_t index = 7; index < RECORDS; index += 1999) {
        struct segment_record record = {0};
        unsigned passed = 0;

        bytes_read = 0;
        assert_int_equal(segment_scan_init(&scan, &os, fd, 0), 0);
        assert_int_equal(segment_scan_seek(&scan, index), 0);
        for (; record.index < index; passed++)
            assert_int_equal(segment_scan_next(&scan, &record), 1);
        assert_int_equal(record.index, index);
        assert_true(bytes_read < LITTLE && passed < 1000);
        segment_scan_release(&scan);
    }
    close(fd);
}

/* Reads all: how many records; what is damaged is told. */
static unsigned
read_through(const struct os *os, int fd, bool is_distrustful, unsigned *damages)
{
    struct segment_scan scan;
    struct segment_record record;
    unsigned count = 0;
    int result;

    bytes_read = 0;
    *damages = 0;
    assert_int_equal(segment_scan_init(&scan, os, fd, 0), 0);
    if (is_distrustful)
        window_distrust(&scan.file);
    while ((result = segment_scan_next(&scan, &record)) != 0) {
        assert_true(result == 1 || result == PASU_E_CORRUPT);
        count += result == 1;
        *damages += result == PASU_E_CORRUPT;
        if (result == 1)
            check_payload(&record);
    }
    segment_scan_release(&scan);
    return count;
}

/* But by whom the file system's word is not enough for; and what stands behind it is found all the
 * same. */
static void
room_that_is_only_reserved_is_not_read(void **state)
{
    enum { RECORDS = 300, ROOM = 60 << 20, LITTLE = 256 << 10, FAR = 30 << 20 };
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_scan scan;
    struct segment_record record;
    struct os os = os_real;
    uint8_t moved[sizeof(struct segment_head) + 304] = {0}, zeros[sizeof(moved)] = {0};
    unsigned damages;
    off_t places[2] = {0};
    size_t room = 0;
    int fd;

    open_writer(d, &w);
    w.size = ROOM;
    assert_int_equal(append(&w, RECORDS), 0);
    segment_writer_close(&w);
    fd = openat(d->directory, "00000000000000000000.seg", O_RDWR | O_CLOEXEC);
    assert_int_equal(segment_scan_init(&scan, &os, fd, 0), 0);
    while (segment_scan_next(&scan, &record) == 1) {
        places[0] = places[1], places[1] = (off_t)record.offset;
        room = scan.room;
    }
    segment_scan_release(&scan);
    assert_int_equal(ftruncate(fd, ROOM), 0);
    os.pread = counting_pread;
    assert_int_equal(read_through(&os, fd, false, &damages), RECORDS);
    assert_int_equal(damages, 0);
    assert_true(bytes_read < LITTLE);
    assert_int_equal(read_through(&os, fd, true, &damages), RECORDS);
    assert_true(bytes_read >= ROOM);
    /* The last one stands far behind, and the one before it is lost. */
    assert_int_equal(pread(fd, moved, room, places[1]), room);
    assert_int_equal(pwrite(fd, zeros, (size_t)(places[1] - places[0]), places[0]),
                     places[1] - places[0]);
    assert_int_equal(pwrite(fd, zeros, room, places[1]), room);
    assert_int_equal(pwrite(fd, moved, room, FAR), room);
    for (int is_distrustful = 0; is_distrustful < 2; is_distrustful++) {
        assert_int_equal(read_through(&os, fd, is_distrustful, &damages), RECORDS - 1);
        assert_int_equal(damages, 1);
    }
    close(fd);
}

/* How many more reads find zeros in there. */
static struct {
    unsigned reads;
    off_t from, to;
} late;

static ssize_t
late_pread(void *arg PASU_UNUSED, int fd, void *bytes, size_t size, off_t offset)
{
    ssize_t n = pread(fd, bytes, size, offset);

    if (late.reads == 0 || n < 0 || offset + n <= late.from || offset >= late.to)
        return n;
    late.reads--;
    for (off_t at = late.from; at < late.to; at++)
        if (at >= offset && at < offset + n)
            ((uint8_t *)bytes)[at - offset] = 0;
    return n;
}

/* The writer comes by between two reads: what is behind is there, and what is before was not yet.
 */
static void
a_record_that_is_on_its_way_is_no_damage(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_record record;
    struct segment_scan scan;
    struct os os = os_real;
    off_t offsets[8];
    int fd;

    open_writer(d, &w);
    assert_int_equal(append(&w, 8), 0);
    segment_writer_close(&w);
    fd = openat(d->directory, "00000000000000000000.seg", O_RDWR | O_CLOEXEC);
    os.pread = late_pread;
    assert_int_equal(segment_scan_init(&scan, &os_real, fd, 0), 0);
    for (unsigned i = 0; i < COUNT_OF(offsets); i++) {
        assert_int_equal(segment_scan_next(&scan, &record), 1);
        offsets[i] = (off_t)record.offset;
    }
    segment_scan_release(&scan);
    for (unsigned reads = 1; reads <= 3; reads++) {
        unsigned damaged = 0, found = 0;
        int result;

        assert_int_equal(segment_scan_init(&scan, &os, fd, 0), 0);
        window_forget(&scan.file);
        late.reads = reads, late.from = offsets[1], late.to = offsets[3];
        while ((result = segment_scan_next(&scan, &record)) != 0) {
            assert_true(result == 1 || result == PASU_E_CORRUPT);
            damaged += result == PASU_E_CORRUPT;
            found += result == 1;
        }
        /* Who reads it a third time, after what is behind, and it is not there: it is lost. */
        assert_int_equal(damaged, reads < 3 ? 0 : 1);
        assert_int_equal(found, reads < 3 ? 8 : 6);
        segment_scan_release(&scan);
    }
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(a_record_is_found_by_its_index),
        ON_DISK(a_record_that_is_on_its_way_is_no_damage),
        ON_DISK(to_find_a_record_little_is_read),
        ON_DISK(room_that_is_only_reserved_is_not_read),
        ON_DISK(a_segment_is_the_one_that_the_format_shows),
        ON_DISK(what_is_no_segments_name_is_passed_over),
        ON_DISK(what_is_committed_is_read_back_in_order_over_many_segments),
        ON_DISK(a_batch_is_never_in_two_segments_and_nothing_is_too_long),
        ON_DISK(an_aborted_batch_was_never_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
