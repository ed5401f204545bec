/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ring.h"

#include "base/crc32c.h"
#include "ledger/ring_layout.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A folder with a ring file, and an operating system whose Nth call fails. */
struct place {
    char path[64];
    int directory;
    struct os os;
    int calls_left;          /* -1: none fails */
    uint8_t disk[RING_PAGE]; /* what a power cut brings back of the ring's head page */
    struct ring_file file;
    struct ring *ring;
};

static bool
is_failing(struct place *p)
{
    errno = ENOSPC;
    return p->calls_left >= 0 && p->calls_left-- == 0;
}

static int
failing_openat(void *arg, int directory, const char *path, int flags, mode_t mode)
{
    return is_failing(arg) ? -1 : openat(directory, path, flags, mode);
}

static ssize_t
failing_pread(void *arg, int fd, void *bytes, size_t size, off_t offset)
{
    return is_failing(arg) ? -1 : pread(fd, bytes, size, offset);
}

static ssize_t
failing_pwrite(void *arg, int fd, const void *bytes, size_t size, off_t offset)
{
    return is_failing(arg) ? -1 : pwrite(fd, bytes, size, offset);
}

static int
failing_fallocate(void *arg, int fd, off_t offset, off_t length)
{
    return is_failing(arg) ? -1 : os_real.fallocate(NULL, fd, offset, length);
}

static int
failing_fsync(void *arg, int fd)
{
    struct place *p = arg;

    if (is_failing(arg))
        return -1;
    assert_true(pread(fd, p->disk, sizeof(p->disk), RING_PAGE) >= 0);
    return fsync(fd);
}

/* As a new supervisor and a new process of each kind. */
static void
begin(struct place *p)
{
    int fd;

    ring_unmap(&p->file);
    fd = ring_open(&p->os, p->directory, "r", 1);
    assert_true(fd >= 0);
    assert_int_equal(ring_map(&p->file, fd, true), 0);
    close(fd);
    p->ring = ring_get(&p->file, 0);
    assert_non_null(p->ring);
    assert_null(ring_get(&p->file, p->file.count));
}

static int
make_place(void **state)
{
    static struct place place;

    place = (struct place){.calls_left = -1, .os = os_real};
    snprintf(place.path, sizeof(place.path), "/tmp/pasu-ring-XXXXXX");
    if (!mkdtemp(place.path))
        return -1;
    place.directory = open(place.path, O_RDONLY | O_DIRECTORY);
    place.os.arg = &place;
    place.os.openat = failing_openat;
    place.os.pread = failing_pread;
    place.os.pwrite = failing_pwrite;
    place.os.fallocate = failing_fallocate;
    place.os.fsync = failing_fsync;
    *state = &place;
    return 0;
}

static int
remove_place(void **state)
{
    struct place *p = *state;

    ring_unmap(&p->file);
    unlinkat(p->directory, "r", 0);
    close(p->directory);
    return rmdir(p->path);
}

static int
append(struct ring *ring, const void *bytes, size_t length)
{
    uint64_t position;
    const struct iovec part = {(void *)(uintptr_t)bytes, length};

    return ring_append(ring, RING_SHAPE, &part, 1, DURABILITY_GROUP, &position);
}

static uint32_t
next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* ---- what is appended is read ---- */

static void
the_parts_of_an_entry_are_read_as_one(void **state)
{
    struct place *p = *state;
    char one[] = "one", two[] = "two";
    struct iovec parts[] = {{one, 3}, {NULL, 0}, {two, 3}};
    struct ring_entry entry;
    uint64_t position, at = 0;

    begin(p);
    assert_int_equal(
        ring_append(p->ring, RING_MARK, parts, COUNT_OF(parts), DURABILITY_GROUP, &position), 0);
    assert_int_equal(ring_read(p->ring, &at, &entry), 1);
    assert_int_equal(entry.type, RING_MARK);
    assert_true(view_equal(entry.payload, VIEW("onetwo")));
    assert_true(entry.position == position && at == position && ring_head(p->ring) == position);
    assert_int_equal(ring_read(p->ring, &at, &entry), 0);
}

/* Ten times around, with every length that can stand before the end of the ring. */
static void
entries_of_any_length_go_around_the_end(void **state)
{
    static uint8_t bytes[RING_PAYLOAD_MAX];
    struct place *p = *state;
    uint32_t seed = 1, check = 1, count = 0, taken = 0;
    uint64_t at = 0;

    begin(p);
    for (uint64_t written = 0; written < 10 * (uint64_t)RING_SIZE;) {
        size_t length = next_random(&seed) % (count % 50 ? 3000 : RING_PAYLOAD_MAX + 1);
        struct ring_entry entry;

        memset(bytes, (int)count, length);
        while (append(p->ring, bytes, length) == PASU_E_AGAIN) {
            size_t expected;

            assert_int_equal(ring_read(p->ring, &at, &entry), 1);
            expected = next_random(&check) % (taken % 50 ? 3000 : RING_PAYLOAD_MAX + 1);
            assert_int_equal(entry.payload.length, expected);
            for (size_t i = 0; i < expected; i += 97)
                assert_int_equal(entry.payload.bytes[i], (uint8_t)taken);
            ring_release(p->ring, at);
            taken++;
        }
        written += length;
        count++;
    }
    assert_true(taken > 1000);
}

static void
a_full_ring_takes_nothing_until_there_is_room(void **state)
{
    static const uint8_t bytes[RING_PAYLOAD_MAX + 1];
    struct place *p = *state;
    uint64_t at = 0, head, count = 0;
    struct ring_entry entry;

    begin(p);
    assert_int_equal(append(p->ring, bytes, sizeof(bytes)), PASU_E_RANGE);
    while (append(p->ring, bytes, 1000) == 0)
        count++;
    assert_int_equal(count, RING_SIZE / 1024);
    head = ring_head(p->ring);
    assert_int_equal(append(p->ring, bytes, 0), PASU_E_AGAIN);
    assert_true(ring_head(p->ring) == head);
    assert_int_equal(ring_read(p->ring, &at, &entry), 1);
    assert_int_equal(append(p->ring, bytes, 0), PASU_E_AGAIN); /* read is not released */
    ring_release(p->ring, at);
    assert_int_equal(append(p->ring, bytes, 1000), 0);
    assert_int_equal(append(p->ring, bytes, 0), PASU_E_AGAIN);
}

/* ---- runs ---- */

static void
a_new_run_has_what_the_former_one_left(void **state)
{
    struct place *p = *state;
    struct ring_entry entry;
    uint64_t at = 0;

    begin(p);
    assert_int_equal(append(p->ring, "first", 5), 0);
    assert_int_equal(append(p->ring, "second", 6), 0);
    begin(p);
    begin(p);
    /* The keeper has not come to it yet. */
    assert_int_equal(append(p->ring, "third", 5), PASU_E_AGAIN);
    assert_int_equal(ring_read(p->ring, &at, &entry), 1);
    assert_true(view_equal(entry.payload, VIEW("first")));
    assert_int_equal(ring_read(p->ring, &at, &entry), 1);
    assert_true(view_equal(entry.payload, VIEW("second")));
    assert_int_equal(ring_read(p->ring, &at, &entry), 0);
    assert_true(at == ring_head(p->ring));
    ring_release(p->ring, at);
    assert_int_equal(append(p->ring, "third", 5), 0);
    assert_int_equal(ring_read(p->ring, &at, &entry), 1);
    assert_true(view_equal(entry.payload, VIEW("third")));
}

/* A power cut brings back the head page as it was at the last sync. */
static void
no_position_is_used_twice_after_a_power_cut(void **state)
{
    struct place *p = *state;
    struct ring_entry entry;
    uint64_t last = 0;

    for (int cut = 0; cut < 3; cut++) {
        uint64_t at = 0;

        begin(p);
        for (int i = 0; i < 100; i++)
            assert_int_equal(append(p->ring, "before", 6), 0);
        assert_int_equal(ring_read(p->ring, &at, &entry), 1);
        assert_true(at > last);
        last = ring_head(p->ring);
        memcpy(p->ring, p->disk, sizeof(p->disk));
    }
}

/* ---- what is not whole ---- */

static void
an_entry_torn_at_any_byte_is_not_there(void **state)
{
    static const char text[] = "an entry that is longer than its head";
    enum { EXTENT = 64 };
    uint8_t whole[EXTENT];
    struct place *p = *state;
    struct ring_entry entry;

    for (size_t torn = 0; torn < RING_HEAD + sizeof(text); torn++) {
        uint64_t at = 0;
        uint8_t *last;

        begin(p);
        ring_release(p->ring, ring_head(p->ring));
        assert_int_equal(append(p->ring, "whole", 5), 0);
        last = p->ring->bytes + ring_head(p->ring) % RING_SIZE;
        memset(last, 0x55, EXTENT);
        assert_int_equal(append(p->ring, text, sizeof(text)), 0);
        memcpy(whole, last, EXTENT);
        memset(last + torn, 0x55, EXTENT - torn);
        /* Of this run it is damage, of a former one its end. */
        assert_int_equal(ring_read(p->ring, &at, &entry), 1);
        assert_int_equal(ring_read(p->ring, &at, &entry), PASU_E_CORRUPT);
        begin(p);
        at = 0;
        assert_int_equal(ring_read(p->ring, &at, &entry), 1);
        assert_true(view_equal(entry.payload, VIEW("whole")));
        assert_int_equal(ring_read(p->ring, &at, &entry), 0);
        memcpy(last, whole, EXTENT);
        begin(p);
        at = 0;
        assert_int_equal(ring_read(p->ring, &at, &entry), 1);
        assert_int_equal(ring_read(p->ring, &at, &entry), 1);
        assert_int_equal(entry.payload.length, sizeof(text));
    }
}

static void
a_changed_bit_is_found(void **state)
{
    struct place *p = *state;
    struct ring_entry entry;

    begin(p);
    assert_int_equal(append(p->ring, "some entry", 10), 0);
    for (size_t bit = 0; bit < 8 * (RING_HEAD + 10); bit++) {
        uint8_t *byte = p->ring->bytes + ring_tail(p->ring) % RING_SIZE + bit / 8;
        uint64_t at = 0;

        *byte ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(ring_read(p->ring, &at, &entry), PASU_E_CORRUPT);
        *byte ^= (uint8_t)(1 << bit % 8);
    }
}

static void
an_entry_does_not_go_beyond_what_is_published(void **state)
{
    static const uint8_t bytes[1000];
    struct place *p = *state;
    struct ring_entry entry;
    uint64_t at = 0;

    begin(p);
    assert_int_equal(append(p->ring, bytes, sizeof(bytes)), 0);
    p->ring->head -= RING_ALIGN;
    assert_int_equal(ring_read(p->ring, &at, &entry), PASU_E_CORRUPT);
    assert_true(at == ring_tail(p->ring));
}

/* Whoever writes the ring may write anything: reading ends, and stays within the ring. */
static void
hostile_bytes_lead_nowhere(void **state)
{
    struct place *p = *state;
    uint32_t seed = 7;
    size_t read = 0;

    begin(p);
    for (int round = 0; round < 20000; round++) {
        static const uint64_t odd[] = {0, 1, RING_SIZE, UINT64_MAX, 1ull << 63, RING_RUN};
        uint64_t base = RING_RUN * 2, at = 0, place;
        uint64_t *positions[] = {&p->ring->head, &p->ring->start, &p->ring->tail};
        struct ring_entry entry;
        struct ring_head head;

        for (size_t i = 0; i < COUNT_OF(positions); i++)
            *positions[i] = next_random(&seed) % 4
                                ? base + RING_ALIGN * (next_random(&seed) % (RING_SIZE / 8))
                                : odd[next_random(&seed) % COUNT_OF(odd)];
        /* With a checksum that is right, so that lengths and positions are looked at. */
        head = (struct ring_head){
            .position = next_random(&seed) % 8 ? p->ring->tail : next_random(&seed),
            .length = next_random(&seed) % 3 ? next_random(&seed) % 100 : next_random(&seed) << 8,
            .type = next_random(&seed) % 7};
        place = p->ring->tail % RING_SIZE;
        if (place + RING_HEAD <= RING_SIZE) {
            if (head.length <= RING_SIZE - RING_HEAD - place)
                head.crc = crc32c(crc32c(0, &head, sizeof(head)),
                                  p->ring->bytes + place + RING_HEAD, head.length);
            memcpy(p->ring->bytes + place, &head, sizeof(head));
        }
        if (ring_read(p->ring, &at, &entry) != 1)
            continue;
        read++;
        assert_true(entry.payload.bytes >= p->ring->bytes);
        assert_true(entry.payload.bytes + entry.payload.length <= p->ring->bytes + RING_SIZE);
        if (append(p->ring, "entry", 5) == 0)
            assert_true(ring_head(p->ring) % RING_ALIGN == 0);
    }
    assert_true(read > 100);
}

/* ---- the file ---- */

static void
another_file_is_not_taken_for_a_ring_file(void **state)
{
    struct place *p = *state;
    uint8_t bytes[RING_PAGE] = "something else";
    int fd;

    fd = openat(p->directory, "r", O_CREAT | O_RDWR, 0600);
    assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    assert_int_equal(ring_open(&p->os, p->directory, "r", 1), PASU_E_CORRUPT);
    assert_int_equal(ring_map(&p->file, fd, true), PASU_E_CORRUPT);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(ring_map(&p->file, fd, true), PASU_E_CORRUPT);
    close(fd);
    begin(p);
    p->ring->head = UINT64_MAX;
    assert_int_equal(ring_open(&p->os, p->directory, "r", 1), PASU_E_CORRUPT);
}

static void
more_rings_are_added_and_none_taken_away(void **state)
{
    struct place *p = *state;
    struct ring_entry entry;
    uint64_t at = 0, id;
    int fd;

    begin(p);
    id = p->file.id;
    assert_int_equal(append(p->ring, "entry", 5), 0);
    fd = ring_open(&p->os, p->directory, "r", 3);
    assert_true(fd >= 0);
    close(fd);
    begin(p);
    assert_int_equal(p->file.count, 3);
    assert_true(p->file.id == id && id != 0);
    assert_int_equal(ring_read(p->ring, &at, &entry), 1);
    assert_int_equal(ring_open(&p->os, p->directory, "r", 0), PASU_E_RANGE);
    assert_int_equal(ring_open(&p->os, p->directory, "r", RINGS_MAX + 1), PASU_E_RANGE);
}

/* Whichever call fails, nothing is lost, and the next start goes well. */
static void
a_call_that_fails_is_told_and_does_no_harm(void **state)
{
    struct place *p = *state;
    struct ring_entry entry;
    uint64_t at = 0;
    int calls;

    for (calls = 0;; calls++) {
        int fd;

        p->calls_left = calls;
        fd = ring_open(&p->os, p->directory, "r", 1);
        p->calls_left = -1;
        if (fd >= 0) {
            close(fd);
            break;
        }
        assert_int_equal(fd, PASU_E_DISKFULL);
    }
    assert_true(calls >= 6);
    begin(p);
    assert_int_equal(ring_read(p->ring, &at, &entry), 0); /* as a keeper that starts */
    ring_release(p->ring, at);
    assert_int_equal(append(p->ring, "entry", 5), 0);
    for (int i = 0; i < calls; i++) {
        int fd;

        at = 0;
        p->calls_left = i;
        fd = ring_open(&p->os, p->directory, "r", 1);
        p->calls_left = -1;
        if (fd >= 0)
            close(fd);
        begin(p);
        assert_int_equal(ring_read(p->ring, &at, &entry), 1);
        assert_true(view_equal(entry.payload, VIEW("entry")));
        assert_int_equal(ring_read(p->ring, &at, &entry), 0);
    }
}

/* ---- waking ---- */

static void
the_writer_wakes_a_sleeping_reader_once(void **state)
{
    static const uint8_t bytes[RING_SIZE / 128];
    struct place *p = *state;

    begin(p);
    assert_true(ring_sleep(p->ring));
    assert_int_equal(append(p->ring, "entry", 5), 0);
    assert_true(ring_must_wake(p->ring));
    assert_false(ring_must_wake(p->ring));
    assert_false(ring_sleep(p->ring)); /* there is something */
    assert_false(ring_must_wake(p->ring));
    /* It waits for more on purpose, until half of the ring is full. */
    assert_true(ring_nap(p->ring));
    while (ring_head(p->ring) - ring_tail(p->ring) + sizeof(bytes) < RING_SIZE / 2) {
        assert_false(ring_must_wake(p->ring));
        assert_int_equal(append(p->ring, bytes, sizeof(bytes)), 0);
    }
    assert_int_equal(append(p->ring, bytes, sizeof(bytes)), 0);
    assert_true(ring_must_wake(p->ring));
    assert_false(ring_must_wake(p->ring));
    assert_false(ring_nap(p->ring));
    ring_release(p->ring, ring_head(p->ring));
    assert_true(ring_sleep(p->ring));
    ring_set_durable(p->ring, ring_head(p->ring));
    assert_true(ring_durable(p->ring) == ring_head(p->ring));
}

/* ---- killed ---- */

enum { ROUNDS = 50, NUMBERS = 1 << 20 };

struct shared {
    uint32_t appended; /* the number of the last entry whose append has returned */
};

/* Entries with a number and some bytes, until it is killed. */
static void
write_until_killed(struct ring *ring, struct shared *shared, uint32_t seed)
{
    static uint8_t bytes[4096];

    for (uint32_t number = shared->appended + 1;; number++) {
        struct iovec parts[] = {{&number, sizeof(number)}, {bytes, next_random(&seed) % 4096}};
        uint64_t position;

        while (ring_append(ring, RING_SHAPE, parts, 2, DURABILITY_GROUP, &position) != 0)
            continue;
        __atomic_store_n(&shared->appended, number, __ATOMIC_SEQ_CST);
    }
}

/* Reads on; the number of the last entry. Every number comes once, in order; the one that was being
 * appended when its writer was killed may come, and comes again then. */
static uint32_t
read_on(struct ring *ring, uint64_t *at, uint32_t last, uint32_t most)
{
    struct ring_entry entry;

    while (most-- > 0 && ring_read(ring, at, &entry) == 1) {
        uint32_t number;

        assert_true(entry.payload.length >= sizeof(number));
        memcpy(&number, entry.payload.bytes, sizeof(number));
        assert_int_equal(number, last + 1);
        last = number;
        ring_release(ring, *at);
    }
    return last;
}

static void
killed_writers_lose_nothing_that_was_appended(void **state)
{
    struct place *p = *state;
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint32_t seed = 3, last = 0;
    uint64_t at = 0;

    assert_ptr_not_equal(shared, MAP_FAILED);
    begin(p);
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t goal = last + next_random(&seed) % 3000, dozing = next_random(&seed) % 2;
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL); /* also where the test fails */
            write_until_killed(p->ring, shared, (uint32_t)round);
            _exit(0);
        }
        /* Kill it while it writes, or while it waits for room. */
        while (dozing ? __atomic_load_n(&shared->appended, __ATOMIC_SEQ_CST) < goal &&
                            ring_head(p->ring) - ring_tail(p->ring) < RING_SIZE - 8192
                      : last < goal)
            if (!dozing)
                last = read_on(p->ring, &at, last, 100);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        if (round % 5 == 0) { /* everything was killed */
            begin(p);
            at = 0;
        }
        last = read_on(p->ring, &at, last, UINT32_MAX);
        assert_true(last == shared->appended || last == shared->appended + 1);
        shared->appended = last;
        ring_release(p->ring, at);
    }
    munmap(shared, sizeof(*shared));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_parts_of_an_entry_are_read_as_one),
        TEST(entries_of_any_length_go_around_the_end),
        TEST(a_full_ring_takes_nothing_until_there_is_room),
        TEST(a_new_run_has_what_the_former_one_left),
        TEST(no_position_is_used_twice_after_a_power_cut),
        TEST(an_entry_torn_at_any_byte_is_not_there),
        TEST(a_changed_bit_is_found),
        TEST(an_entry_does_not_go_beyond_what_is_published),
        TEST(hostile_bytes_lead_nowhere),
        TEST(another_file_is_not_taken_for_a_ring_file),
        TEST(more_rings_are_added_and_none_taken_away),
        TEST(a_call_that_fails_is_told_and_does_no_harm),
        TEST(the_writer_wakes_a_sleeping_reader_once),
        TEST(killed_writers_lose_nothing_that_was_appended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
