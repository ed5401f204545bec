/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's side of the rings: each entry is in the ledger once, whatever fails or is killed. */
#include "ledger/intake.h"

#include "base/memory.h"
#include "clock.h"
#include "disk.h"
#include "ledger/records.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* A ledger's folder, the gate's end of its rings, and an operating system whose disk can be full
 * and whose clock we set. */
struct place {
    char path[64];
    int directory, wake, durable;
    struct os os;
    struct log log;
    int writes_left, syncs_left; /* -1: none fails */
    int syncs;
    int ring_fd;
    struct ring_file gate;
    struct record_keeping records;
    struct intake intake;
    enum durability durability; /* of what is appended */
};

static ssize_t
failing_pwrite(void *arg, int fd, const void *bytes, size_t size, off_t offset)
{
    struct place *p = arg;

    errno = ENOSPC;
    if (p->writes_left >= 0 && p->writes_left-- == 0)
        return -1;
    return pwrite(fd, bytes, size, offset);
}

static int
failing_fdatasync(void *arg, int fd PASU_UNUSED)
{
    struct place *p = arg;

    p->syncs++;
    errno = EIO;
    return p->syncs_left >= 0 && p->syncs_left-- == 0 ? -1 : 0;
}

static int
small_fallocate(void *arg PASU_UNUSED, int fd, off_t offset, off_t length PASU_UNUSED)
{
    return posix_fallocate(fd, offset, DISK_RESERVED);
}

/* A new keeper. */
static void
begin(struct place *p, enum durability durability)
{
    record_init(&p->records, &p->log, p->directory);
    p->durability = p->records.durability = durability;
    assert_int_equal(
        intake_init(&p->intake, &p->records, dup(p->ring_fd), dup(p->wake), dup(p->durable)), 0);
    assert_int_equal(record_open(&p->records), 0);
}

/* As if it were killed: nothing more is written. */
static void
kill_keeper(struct place *p)
{
    intake_release(&p->intake);
    chain_close(&p->records.chain);
    live_release(&p->records.live);
}

static int
make_place(void **state)
{
    static struct place place;
    struct place *p = &place;

    now = 1000;
    *p = (struct place){
        .writes_left = -1, .syncs_left = -1, .os = os_real, .durability = DURABILITY_GROUP};
    snprintf(p->path, sizeof(p->path), "/tmp/pasu-intake-XXXXXX");
    if (!mkdtemp(p->path))
        return -1;
    p->directory = open(p->path, O_RDONLY | O_DIRECTORY);
    p->wake = eventfd(0, EFD_NONBLOCK);
    p->durable = eventfd(0, EFD_NONBLOCK);
    p->os.arg = p;
    p->os.pwrite = failing_pwrite;
    p->os.fdatasync = failing_fdatasync;
    p->os.fallocate = small_fallocate;
    p->os.monotonic = clock_read;
    p->log = (struct log){.fd = -1, .level = LOG_ERROR + 1, .process = "test", .os = &p->os};
    p->ring_fd = ring_open(&os_real, p->directory, "r", 2);
    *state = p;
    return p->ring_fd < 0 ? -1 : ring_map(&p->gate, p->ring_fd, true);
}

static int
remove_place(void **state)
{
    struct place *p = *state;

    ring_unmap(&p->gate);
    close(p->ring_fd);
    close(p->wake);
    close(p->durable);
    disk_each(NULL, p->directory, disk_unlink, disk_rmdir, NULL);
    close(p->directory);
    return rmdir(p->path);
}

/* A shape whose fingerprint is a number. */
static int
append(struct place *p, unsigned ring, uint64_t number, size_t more)
{
    static uint8_t bytes[RING_PAYLOAD_MAX];
    struct iovec parts[] = {{&number, sizeof(number)}, {bytes, more}};
    uint64_t position;

    return ring_append(ring_get(&p->gate, ring), RING_SHAPE, parts, 2, p->durability, &position);
}

static bool
can_be_read(int event)
{
    uint64_t count;

    return read(event, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

enum { BATCH_MOST = SEGMENT_BATCH_MAX / 32 };

struct found {
    uint32_t entries, records, gaps, marks;
    uint64_t size;            /* records of the ledger */
    uint32_t last[RINGS_MAX]; /* number of the last entry */
};

/* Walks the ledger: each ring's entries have the numbers 1, 2, 3 and so on. `records` are what ends
 * a batch, `marks` what says where one begins. */
static struct found
look(struct place *p)
{
    struct source_folder folder = {
        .os = &os_real,
        .directory = openat(p->directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    struct found found = {0};
    uint64_t batch[BATCH_MOST];
    uint32_t count = 0;
    struct segment_record record;
    struct records r;
    int result;

    assert_int_equal(records_init(&r, &os_real, (struct source){source_open_folder, &folder}), 0);
    while ((result = records_next(&r, &record)) == 1) {
        struct segment_taken taken;

        found.gaps += record.type == SEGMENT_GAP;
        found.size = record.index + 1;
        if (record.type == SEGMENT_SHAPE) {
            assert_true(count < COUNT_OF(batch));
            memcpy(&batch[count++], record.payload.bytes, sizeof(batch[0]));
        }
        if (record.type != SEGMENT_TAKEN)
            continue;
        memcpy(&taken, record.payload.bytes, sizeof(taken));
        assert_true(taken.ring < 2 && taken.file == p->gate.id);
        assert_int_equal(taken.count, count);
        assert_true(count > 0 ? taken.from < taken.to : taken.from == taken.to);
        found.records += count > 0;
        found.marks += count == 0;
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(batch[i], ++found.last[taken.ring]);
        found.entries += count;
        count = 0;
    }
    assert_int_equal(result, 0);
    records_release(&r);
    close(folder.directory);
    return found;
}

static void
what_is_taken_from_a_ring_is_one_record(void **state)
{
    struct place *p = *state;
    struct found found;

    for (uint32_t i = 1; i <= 10; i++)
        assert_int_equal(append(p, i % 2, (i + 1) / 2, i), 0);
    begin(p, DURABILITY_GROUP);
    p->syncs = 0;
    assert_int_equal(intake_take(&p->intake), 0);
    found = look(p);
    assert_int_equal(found.entries, 10);
    assert_int_equal(found.records, 2);
    for (unsigned i = 0; i < 2; i++) {
        const struct ring *ring = ring_get(&p->gate, i);

        assert_true(ring_tail(ring) == ring_head(ring));
        assert_true(ring_durable(ring) == ring_head(ring));
    }
    assert_int_equal(p->syncs, 1);
    /* Nothing new, nothing written. */
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(look(p).records, 2);
    kill_keeper(p);
}

static void
a_full_ring_is_taken_whole(void **state)
{
    struct place *p = *state;
    uint32_t count = 0;

    begin(p, DURABILITY_OS);
    p->syncs = 0;
    assert_int_equal(intake_take(&p->intake), 0);
    for (int round = 0; round < 3; round++) {
        while (append(p, 0, count + 1, round == 1 ? 20 : 60000) == 0)
            count++;
        assert_int_equal(intake_take(&p->intake), 0);
        assert_int_equal(look(p).last[0], count);
    }
    assert_int_equal(p->syncs, 0);
    kill_keeper(p);
}

static void
a_keeper_killed_between_record_and_release_takes_nothing_twice(void **state)
{
    struct place *p = *state;
    uint64_t tail = ring_tail(ring_get(&p->gate, 0));

    begin(p, DURABILITY_GROUP);
    assert_int_equal(append(p, 0, 1, 0), 0);
    intake_append(&p->intake);
    assert_int_equal(append(p, 0, 2, 0), 0);
    kill_keeper(p);
    assert_true(ring_tail(ring_get(&p->gate, 0)) == tail);
    begin(p, DURABILITY_GROUP);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(look(p).last[0], 2);
    kill_keeper(p);
    /* Everything is killed, and the supervisor begins a new run. */
    begin(p, DURABILITY_GROUP);
    assert_int_equal(append(p, 0, 3, 0), 0);
    intake_append(&p->intake);
    assert_int_equal(append(p, 0, 4, 0), 0);
    kill_keeper(p);
    close(p->ring_fd);
    p->ring_fd = ring_open(&os_real, p->directory, "r", 2);
    assert_true(p->ring_fd >= 0);
    begin(p, DURABILITY_GROUP);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(append(p, 0, 5, 0), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(look(p).last[0], 5);
    kill_keeper(p);
}

/* A power cut takes the end of the segment; what the ring has of it comes again. */
static void
a_record_torn_at_any_byte_is_taken_again(void **state)
{
    static uint8_t bytes[16384];
    struct place *p = *state;
    uint64_t next;
    off_t whole, end;
    ssize_t length;
    char name[64] = "segments/";
    int fd;

    begin(p, DURABILITY_OS);
    assert_int_equal(append(p, 0, 1, 3), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(record_sign(&p->records), 0);
    whole = p->records.chain.writer.end;
    next = p->records.chain.writer.next;
    assert_int_equal(append(p, 0, 2, 3), 0);
    intake_append(&p->intake);
    end = p->records.chain.writer.end;
    kill_keeper(p);
    segment_name(name + strlen(name), 0);
    fd = openat(p->directory, name, O_RDWR | O_CLOEXEC);
    length = pread(fd, bytes, sizeof(bytes), 0);
    assert_int_equal(length, end);
    for (off_t torn = whole + 1; torn < end; torn++) {
        assert_int_equal(ftruncate(fd, torn), 0);
        begin(p, DURABILITY_OS);
        intake_append(&p->intake);
        assert_int_equal(look(p).last[0], 2);
        assert_int_equal(look(p).size, next + 5); /* started, two marks, the entry, its end */
        kill_keeper(p);
        assert_int_equal(pwrite(fd, bytes, (size_t)length, 0), length);
        /* What the next keepers began. */
        segment_name(name + strlen("segments/"), next);
        assert_int_equal(unlinkat(p->directory, name, 0), 0);
    }
    close(fd);
}

static void
a_full_disk_leaves_it_in_the_ring(void **state)
{
    struct place *p = *state;
    struct found found;

    begin(p, DURABILITY_STRICT);
    assert_int_equal(append(p, 0, 1, 0), 0);
    assert_int_equal(append(p, 1, 1, 0), 0);
    p->writes_left = 1; /* ring 0's is written */
    assert_int_equal(intake_take(&p->intake), PASU_E_DISKFULL);
    assert_true(ring_durable(ring_get(&p->gate, 0)) == ring_head(ring_get(&p->gate, 0)));
    assert_true(can_be_read(p->durable)); /* who waits for that is told */
    assert_true(ring_tail(ring_get(&p->gate, 1)) < ring_head(ring_get(&p->gate, 1)));
    assert_int_equal(intake_wait(&p->intake, 200), 100);
    p->writes_left = 0;
    now += 100 * NANOSECONDS_PER_MILLISECOND;
    intake_look(&p->intake, now);
    assert_int_equal(intake_wait(&p->intake, 200), 100);
    now += 100 * NANOSECONDS_PER_MILLISECOND;
    intake_look(&p->intake, now);
    found = look(p);
    assert_int_equal(found.entries, 2);
    assert_int_equal(found.gaps, 0);
    assert_int_equal(intake_wait(&p->intake, 200), 200);
    kill_keeper(p);
}

static void
what_is_not_on_disk_is_not_released(void **state)
{
    struct place *p = *state;
    const struct ring *ring = ring_get(&p->gate, 0);
    uint64_t durable = ring_durable(ring);

    begin(p, DURABILITY_GROUP);
    assert_int_equal(append(p, 0, 1, 0), 0);
    p->syncs_left = 0;
    assert_int_equal(intake_take(&p->intake), PASU_E_IO);
    assert_true(ring_tail(ring) < ring_head(ring) && ring_durable(ring) == durable);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_true(ring_tail(ring) == ring_head(ring) && ring_durable(ring) == ring_head(ring));
    assert_int_equal(look(p).entries, 1);
    kill_keeper(p);
}

static void
damage_in_a_ring_is_a_gap(void **state)
{
    struct place *p = *state;
    uint32_t *byte;
    struct found found;

    begin(p, DURABILITY_GROUP);
    assert_int_equal(append(p, 0, 1, 0), 0);
    /* The second entry's checksum. */
    byte = (uint32_t *)(void *)(p->gate.memory + 2 * 4096 +
                                ring_head(ring_get(&p->gate, 0)) % RING_SIZE + 8);
    assert_int_equal(append(p, 0, 2, 0), 0);
    ++*byte;
    assert_int_equal(intake_take(&p->intake), 0);
    assert_true(ring_tail(ring_get(&p->gate, 0)) == ring_head(ring_get(&p->gate, 0)));
    assert_int_equal(append(p, 0, 2, 0), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    found = look(p);
    assert_int_equal(found.last[0], 2);
    assert_int_equal(found.gaps, 1);
    kill_keeper(p);
}

static int
append_bytes(struct place *p, enum ring_type type, const void *bytes, size_t length)
{
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    uint64_t position;

    return ring_append(ring_get(&p->gate, 0), type, &part, 1, p->durability, &position);
}

static void
an_exposure_that_is_none_is_a_gap_of_one(void **state)
{
    static uint8_t long_one[RING_PAYLOAD_MAX];
    struct place *p = *state;
    struct found found;

    begin(p, DURABILITY_GROUP);
    assert_int_equal(append(p, 0, 1, 0), 0);
    assert_int_equal(append_bytes(p, RING_EXPOSURE, "nothing", 7), 0);
    assert_int_equal(append(p, 0, 2, 0), 0);
    assert_int_equal(append_bytes(p, RING_EXPOSURE, "", 0), 0);
    assert_int_equal(append_bytes(p, RING_EXPOSURE, long_one, sizeof(long_one)), 0);
    assert_int_equal(append(p, 0, 3, 0), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(p->records.gap.count, 3);
    assert_int_equal(p->records.gap.error, PASU_E_CORRUPT);
    found = look(p);
    assert_true(found.last[0] == 3 && found.records == 1 && found.gaps == 0);
    for (uint32_t number = 4; number < 6; number++) { /* the gap is before what comes next */
        assert_int_equal(append(p, 0, number, 0), 0);
        assert_int_equal(intake_take(&p->intake), 0);
        assert_int_equal(look(p).gaps, 1);
    }
    /* A batch of nothing else. */
    assert_int_equal(append_bytes(p, RING_EXPOSURE, "nothing", 7), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(look(p).records, 3);
    assert_true(ring_tail(ring_get(&p->gate, 0)) == ring_head(ring_get(&p->gate, 0)));
    assert_int_equal(append(p, 0, 6, 0), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    found = look(p);
    assert_true(found.last[0] == 6 && found.gaps == 2);
    kill_keeper(p);
}

static void
the_gate_wakes_us_and_we_gather(void **state)
{
    struct place *p = *state;
    struct ring *ring = ring_get(&p->gate, 0);

    begin(p, DURABILITY_GROUP);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(intake_wait(&p->intake, 200), 200);
    assert_int_equal(append(p, 0, 1, 0), 0);
    assert_true(ring_must_wake(ring));
    assert_int_equal(eventfd_write(p->wake, 1), 0);
    intake_woken(&p->intake);
    assert_false(can_be_read(p->wake));
    assert_int_equal(intake_wait(&p->intake, 200), 10);
    assert_int_equal(append(p, 0, 2, 0), 0);
    assert_false(ring_must_wake(ring));
    intake_look(&p->intake, now);
    assert_int_equal(look(p).entries, 0);
    now += 10 * NANOSECONDS_PER_MILLISECOND;
    intake_look(&p->intake, now);
    assert_int_equal(look(p).records, 1);
    assert_int_equal(look(p).entries, 2);
    assert_false(can_be_read(p->durable));
    /* A ring that is half full does not wait. */
    assert_int_equal(append(p, 0, 3, 0), 0);
    assert_true(ring_must_wake(ring));
    intake_woken(&p->intake);
    for (uint32_t number = 4; number < 40; number++)
        assert_int_equal(append(p, 0, number, RING_PAYLOAD_MAX - 8), 0);
    assert_true(ring_must_wake(ring));
    intake_woken(&p->intake);
    intake_look(&p->intake, now);
    assert_int_equal(look(p).last[0], 39);
    kill_keeper(p);
}

static void
strict_takes_at_once_and_tells_the_gate(void **state)
{
    struct place *p = *state;

    begin(p, DURABILITY_STRICT);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_false(can_be_read(p->durable));
    assert_int_equal(append(p, 0, 1, 0), 0);
    assert_true(ring_must_wake(ring_get(&p->gate, 0)));
    intake_woken(&p->intake);
    assert_int_equal(intake_wait(&p->intake, 200), 0);
    intake_look(&p->intake, now);
    assert_true(can_be_read(p->durable));
    assert_true(ring_durable(ring_get(&p->gate, 0)) == ring_head(ring_get(&p->gate, 0)));
    kill_keeper(p);
}

/* What failed may be something else: who asks for `strict` waits for no other try. */
static void
strict_takes_at_once_after_a_failure_too(void **state)
{
    struct place *p = *state;

    begin(p, DURABILITY_STRICT);
    assert_int_equal(intake_take(&p->intake), 0);
    p->writes_left = 0;
    assert_int_equal(record_sign(&p->records), PASU_E_DISKFULL);
    assert_int_equal(append(p, 0, 1, 0), 0);
    intake_woken(&p->intake);
    assert_int_equal(intake_wait(&p->intake, 200), 0);
    intake_look(&p->intake, now);
    assert_true(ring_durable(ring_get(&p->gate, 0)) == ring_head(ring_get(&p->gate, 0)));
    assert_int_equal(look(p).entries, 1);
    kill_keeper(p);
}

/* A ring file that was taken away and made anew counts from its own beginning. */
static void
another_ring_file_is_taken_from_its_beginning(void **state)
{
    struct place *p = *state;

    begin(p, DURABILITY_OS);
    for (uint32_t i = 1; i <= 100; i++)
        assert_int_equal(append(p, 0, i, 0), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    kill_keeper(p);
    disk_each(NULL, p->directory, disk_unlink, disk_rmdir, NULL);
    ring_unmap(&p->gate);
    close(p->ring_fd);
    p->ring_fd = ring_open(&os_real, p->directory, "r", 2);
    assert_int_equal(ring_map(&p->gate, p->ring_fd, true), 0);
    begin(p, DURABILITY_OS);
    p->records.taken.rings[0].file = p->gate.id + 1;
    p->records.taken.rings[0].position = UINT64_MAX;
    assert_int_equal(append(p, 0, 1, 0), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(look(p).entries, 1);
    kill_keeper(p);
}

/* ---- killed ---- */

static uint32_t
next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void
run_keeper(struct place *p)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* also where the test fails */
    begin(p, DURABILITY_GROUP);
    for (;;)
        if (intake_take(&p->intake) != 0)
            _exit(1);
}

/* Keepers are killed at any instruction while two rings fill. */
static void
killed_keepers_lose_nothing_and_take_nothing_twice(void **state)
{
    struct place *p = *state;
    uint32_t seed = 11, number[2] = {0, 0};

    for (int round = 0; round < 50; round++) {
        uint64_t goal = number[0] + number[1] + next_random(&seed) % 2000;
        pid_t pid = fork();
        int status;

        if (pid == 0)
            run_keeper(p);
        while (number[0] + number[1] < goal) {
            unsigned ring = next_random(&seed) % 2;

            number[ring] += append(p, ring, number[ring] + 1, next_random(&seed) % 2000) == 0;
        }
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
    }
    begin(p, DURABILITY_GROUP);
    assert_int_equal(intake_take(&p->intake), 0);
    kill_keeper(p);
    assert_int_equal(look(p).last[0], number[0]);
    assert_int_equal(look(p).last[1], number[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_taken_from_a_ring_is_one_record),
        TEST(a_full_ring_is_taken_whole),
        TEST(a_keeper_killed_between_record_and_release_takes_nothing_twice),
        TEST(a_record_torn_at_any_byte_is_taken_again),
        TEST(a_full_disk_leaves_it_in_the_ring),
        TEST(what_is_not_on_disk_is_not_released),
        TEST(damage_in_a_ring_is_a_gap),
        TEST(an_exposure_that_is_none_is_a_gap_of_one),
        TEST(the_gate_wakes_us_and_we_gather),
        TEST(strict_takes_at_once_and_tells_the_gate),
        TEST(strict_takes_at_once_after_a_failure_too),
        TEST(another_ring_file_is_taken_from_its_beginning),
        TEST(killed_keepers_lose_nothing_and_take_nothing_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
