/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger's folder for a test, with a keeper's parts and the gate's end of the rings. */
#ifndef PASU_TEST_LEDGER_PLACE_H
#define PASU_TEST_LEDGER_PLACE_H

#include "base/memory.h"
#include "clock.h"
#include "disk.h"
#include "ledger/intake.h"
#include "ledger/reader.h"

struct place {
    struct disk *disk; /* whose operating system is that of a reader */
    int directory, ring_fd;
    struct os os; /* the keeper's: nothing fails, unless the test has it */
    struct log log;
    struct ring_file gate;
    struct record_keeping records;
    struct intake intake;
};

/* Less than a keeper reserves, so that a reader has less to look through. */
static inline int
place_fallocate(void *arg PASU_UNUSED, int fd, off_t offset, off_t length PASU_UNUSED)
{
    return posix_fallocate(fd, offset, DISK_RESERVED);
}

/* A new keeper, which takes what is there. */
static inline void
begin(struct place *p)
{
    record_init(&p->records, &p->log, p->directory);
    assert_int_equal(intake_init(&p->intake, &p->records, dup(p->ring_fd), -1, -1), 0);
    assert_int_equal(record_open(&p->records), 0);
    assert_int_equal(intake_take(&p->intake), 0);
}

/* As if it were killed: nothing more is written; but for the room that was reserved, of which a
 * test of its own says that it does not matter. */
static inline void
kill_keeper(struct place *p)
{
    intake_release(&p->intake);
    if (p->records.is_open)
        chain_close(&p->records.chain);
    p->records.is_open = false;
    live_release(&p->records.live);
}

static inline int
make_place(void **state)
{
    static struct place place;
    struct place *p = &place;

    if (disk_make(state) != 0)
        return -1;
    *p = (struct place){.disk = *state, .os = os_real, .intake = {.wake = -1, .durable = -1}};
    p->directory = p->disk->directory;
    now = NANOSECONDS_PER_SECOND;
    p->os.arg = p;
    p->os.monotonic = clock_read;
    p->os.fallocate = place_fallocate;
    p->log = (struct log){.fd = -1, .level = LOG_ERROR + 1, .process = "test", .os = &p->os};
    p->ring_fd = ring_open(&os_real, p->directory, "exposures.ring", 2);
    *state = p;
    return p->ring_fd < 0 ? -1 : ring_map(&p->gate, p->ring_fd, true);
}

static inline int
remove_place(void **state)
{
    struct place *p = *state;

    ring_unmap(&p->gate);
    close(p->ring_fd);
    *state = p->disk;
    return disk_remove(state);
}

static inline int
append(struct place *p, unsigned ring, enum ring_type type, const void *bytes, size_t length)
{
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    uint64_t position;

    return ring_append(ring_get(&p->gate, ring), type, &part, 1, DURABILITY_GROUP, &position);
}

/* A shape whose fingerprint is a number. */
static inline int
append_number(struct place *p, unsigned ring, uint64_t number, size_t more)
{
    static char text[RING_PAYLOAD_MAX] = "SELECT";
    struct iovec parts[] = {{&number, sizeof(number)}, {text, more}};
    uint64_t position;

    return ring_append(ring_get(&p->gate, ring), RING_SHAPE, parts, 2, DURABILITY_GROUP, &position);
}

/* The newest segment, with its first index. */
static inline int
open_segments(struct place *p)
{
    return openat(p->directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline int
open_segment(struct place *p, uint64_t first, int flags)
{
    char path[64] = "segments/";
    int fd;

    segment_name(path + strlen(path), first);
    fd = openat(p->directory, path, flags | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static inline struct ledger_reader *
open_reader(struct place *p)
{
    struct ledger_reader *r = NULL;

    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    return r;
}

#endif
