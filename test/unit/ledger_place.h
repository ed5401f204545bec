/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger's folder for a test, with a keeper's parts and the gate's end of the rings. */
#ifndef PASU_TEST_LEDGER_PLACE_H
#define PASU_TEST_LEDGER_PLACE_H

#include "ledger/intake.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct place {
    char path[64];
    int directory, ring_fd;
    struct os os;
    struct log log;
    int calls_left; /* of the reader's; -1: none fails */
    struct ring_file gate;
    struct record_keeping records;
    struct intake intake;
};

static int
failing_openat(void *arg, int directory, const char *path, int flags, mode_t mode)
{
    struct place *p = arg;

    errno = EIO;
    return p->calls_left >= 0 && p->calls_left-- == 0 ? -1 : openat(directory, path, flags, mode);
}

static ssize_t
failing_pread(void *arg, int fd, void *bytes, size_t size, off_t offset)
{
    struct place *p = arg;

    errno = EIO;
    return p->calls_left >= 0 && p->calls_left-- == 0 ? -1 : pread(fd, bytes, size, offset);
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

static inline void
kill_keeper(struct place *p)
{
    intake_release(&p->intake);
    journal_close(&p->records.journal);
    live_release(&p->records.live);
}

static int
make_place(void **state)
{
    static struct place place;
    struct place *p = &place;

    *p = (struct place){.calls_left = -1, .os = os_real};
    snprintf(p->path, sizeof(p->path), "/tmp/pasu-reader-XXXXXX");
    if (!mkdtemp(p->path))
        return -1;
    p->directory = open(p->path, O_RDONLY | O_DIRECTORY);
    p->os.arg = p;
    p->os.openat = failing_openat;
    p->os.pread = failing_pread;
    p->log = (struct log){.fd = -1, .level = LOG_ERROR + 1, .process = "test", .os = &os_real};
    p->ring_fd = ring_open(&os_real, p->directory, "exposures.ring", 2);
    *state = p;
    return p->ring_fd < 0 ? -1 : ring_map(&p->gate, p->ring_fd, true);
}

static int
remove_place(void **state)
{
    struct place *p = *state;

    ring_unmap(&p->gate);
    close(p->ring_fd);
    unlinkat(p->directory, "exposures.ring", 0);
    unlinkat(p->directory, "sessions.journal", 0);
    close(p->directory);
    return rmdir(p->path);
}

static inline int
append(struct place *p, unsigned ring, enum ring_type type, const void *bytes, size_t length)
{
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    uint64_t position;

    return ring_append(ring_get(&p->gate, ring), type, &part, 1, &position);
}

/* A shape whose fingerprint is a number. */
static inline int
append_number(struct place *p, unsigned ring, uint64_t number, size_t more)
{
    static char text[4096] = "SELECT";
    struct iovec parts[] = {{&number, sizeof(number)}, {text, more}};
    uint64_t position;

    return ring_append(ring_get(&p->gate, ring), RING_SHAPE, parts, 2, &position);
}

#endif
