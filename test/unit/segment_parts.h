/* SPDX-License-Identifier: Apache-2.0 */
/* Segments on a disk for tests: batches of records that can be checked, and readers of them all. */
#ifndef PASU_TEST_SEGMENT_PARTS_H
#define PASU_TEST_SEGMENT_PARTS_H

#include "disk.h"
#include "ledger/segment_writer.h"

enum { SMALL = 20000 }; /* bytes of a segment in most tests */

/* ---- records that say themselves what they must be ---- */

/* The payload of the record with this index: its length and bytes follow from it. */
static inline size_t
payload_of(uint64_t index, uint8_t *bytes)
{
    struct random random = {.state = index + 1};
    size_t length = random_below(&random, 4) == 0 ? 0 : random_below(&random, 300);

    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)random_u64(&random);
    return length;
}

static inline void
check_payload(const struct segment_record *record)
{
    uint8_t bytes[300];
    size_t length = payload_of(record->index, bytes);

    assert_int_equal(record->payload.length, length);
    assert_memory_equal(record->payload.bytes, bytes, length);
}

/* A batch of so many records, the last of a type that needs no other. */
static inline int
append(struct segment_writer *w, unsigned count)
{
    int result = segment_begin(w, count * segment_room(300));

    for (unsigned i = 0; i < count && result == 0; i++) {
        uint8_t bytes[300];
        struct segment_record record;
        struct iovec parts[2] = {{bytes, 0}, {NULL, 0}};
        size_t length = payload_of(w->next + w->put, bytes);

        parts[0].iov_len = length / 2;
        parts[1] = (struct iovec){bytes + length / 2, length - length / 2};
        assert_int_equal(segment_put(w, SEGMENT_CLOSED, 7, parts, 2, &record), 0);
        check_payload(&record);
    }
    return result == 0 ? segment_commit(w) : result;
}

static inline int
open_known(struct disk *d, struct segment_writer *w, uint64_t known, struct segment_report *report)
{
    int result = segment_writer_open(w, &d->os, d->directory, known, NULL, NULL, report);

    w->size = SMALL;
    return result;
}

static inline void
open_writer(struct disk *d, struct segment_writer *w)
{
    struct segment_report report;

    assert_int_equal(open_known(d, w, 0, &report), 0);
}

/* Reads one segment from its beginning to its end; what comes behind it. */
static inline uint64_t
read_segment(struct disk *d, uint64_t first, uint64_t *damages)
{
    struct segment_scan scan;
    struct segment_record record;
    char name[SEGMENT_NAME_SIZE];
    int fd, result;
    uint64_t next;

    segment_name(name, first);
    fd = openat(d->directory, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(segment_scan_init(&scan, &os_real, fd, first), 0);
    while ((result = segment_scan_next(&scan, &record)) != 0) {
        if (result == 1 && record.type == SEGMENT_CLOSED)
            check_payload(&record);
        if (result == PASU_E_CORRUPT)
            (*damages)++;
        else
            assert_int_equal(result, 1);
    }
    next = scan.next;
    segment_scan_release(&scan);
    close(fd);
    return next;
}

/* Reads all segments, each of which begins where the one before it ends. How many records. */
static inline uint64_t
read_all(struct disk *d)
{
    uint64_t *firsts, next = 0, damages = 0;
    size_t count;

    assert_int_equal(segment_list(&os_real, d->directory, &firsts, &count), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(firsts[i], next);
        next = read_segment(d, firsts[i], &damages);
    }
    assert_int_equal(damages, 0);
    memory_free(firsts);
    return next;
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, disk_make, disk_remove)

#endif
