/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's records over its segments: beside a keeper that writes, from a place on, damaged. */
#include "ledger/records.h"

#include "ledger/reader.h"
#include "ledger_place.h"

enum { SEGMENT = SEGMENT_BATCH_MAX + 3000, MOST = 4000 };

/* A reader that steps between any two calls of the keeper's. */
struct follower {
    struct source_folder folder;
    struct records records;
    uint64_t next;  /* index that must come */
    unsigned most;  /* records a step */
    bool is_inside; /* it is stepping */
};

static struct follower follower;
static struct place *watched; /* NULL: nobody steps */

static void
step(void)
{
    struct segment_record record;
    int result, error = errno;

    if (!watched || follower.is_inside)
        return;
    follower.is_inside = true;
    if (follower.folder.directory < 0)
        follower.folder.directory = open_segments(watched);
    for (unsigned i = 0; i < follower.most; i++) {
        result = records_next(&follower.records, &record);
        if (result == 0)
            break;
        assert_int_equal(result, 1);
        assert_int_equal(record.index, follower.next++);
    }
    follower.is_inside = false;
    errno = error;
}

static ssize_t
step_pwrite(void *arg PASU_UNUSED, int fd, const void *bytes, size_t size, off_t offset)
{
    size_t half = size / 2;
    ssize_t n = pwrite(fd, bytes, half, offset);

    if (n != (ssize_t)half)
        return n;
    step();
    n = pwrite(fd, (const uint8_t *)bytes + half, size - half, offset + (off_t)half);
    step();
    return n < 0 ? n : (ssize_t)size;
}

static int
step_ftruncate(void *arg PASU_UNUSED, int fd, off_t size)
{
    int result = ftruncate(fd, size);

    step();
    return result;
}

static int
step_fallocate(void *arg PASU_UNUSED, int fd, off_t offset, off_t length PASU_UNUSED)
{
    int result = posix_fallocate(fd, offset, DISK_RESERVED);

    step();
    return result;
}

static int
step_fsync(void *arg PASU_UNUSED, int fd PASU_UNUSED)
{
    step();
    return 0;
}

static int
step_renameat(void *arg PASU_UNUSED, int from, const char *name, int to, const char *other)
{
    int result = renameat(from, name, to, other);

    step();
    return result;
}

static void
watch(struct place *p, unsigned most)
{
    p->os.pwrite = step_pwrite;
    p->os.ftruncate = step_ftruncate;
    p->os.fallocate = step_fallocate;
    p->os.fdatasync = p->os.fsync = step_fsync;
    p->os.renameat = step_renameat;
    follower = (struct follower){.folder = {&os_real, -1}, .most = most};
    assert_int_equal(records_init(&follower.records, &os_real,
                                  (struct source){source_open_folder, &follower.folder}),
                     0);
    watched = p;
}

static void
unwatch(void)
{
    records_release(&follower.records);
    close(follower.folder.directory);
    watched = NULL;
}

/* A keeper with segments that are soon full. */
static void
begin_small(struct place *p)
{
    begin(p);
    p->records.chain.writer.size = SEGMENT;
}

/* Rounds of one batch of each ring and a record that is alone. */
static void
work(struct place *p, unsigned rounds)
{
    const struct message_closed closed = {.session = 64};

    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned k = 0; k < 1 + i % 3; k++)
            for (unsigned ring = 0; ring < 2; ring++)
                assert_int_equal(append_number(p, ring, i, 60 + 50 * k), 0);
        assert_int_equal(intake_take(&p->intake), 0);
        assert_int_equal(record_closed(&p->records, &closed), 0);
    }
}

static size_t
count_segments(struct place *p)
{
    int folder = open_segments(p);
    uint64_t *firsts;
    size_t count;

    assert_int_equal(segment_list(&os_real, folder, &firsts, &count), 0);
    memory_free(firsts);
    close(folder);
    return count;
}

static void
empty(struct place *p)
{
    disk_each(p->disk, p->directory, disk_unlink, disk_rmdir, NULL);
}

static void
a_reader_that_steps_between_any_two_calls_sees_each_record_once(void **state)
{
    static const unsigned steps[] = {1, 2, 7, MOST};
    struct place *p = *state;

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        watch(p, steps[i]);
        begin_small(p);
        work(p, 20);
        kill_keeper(p);
        step();
        begin_small(p);
        work(p, 5);
        record_close(&p->records);
        kill_keeper(p);
        follower.most = MOST;
        step();
        assert_true(count_segments(p) > 4);
        assert_int_equal(follower.next, p->records.chain.writer.next);
        unwatch();
        empty(p);
    }
}

/* ---- what a keeper takes back ---- */

static int calls_left;

static ssize_t
torn_pwrite(void *arg PASU_UNUSED, int fd, const void *bytes, size_t size, off_t offset)
{
    if (calls_left < 0 || calls_left-- > 0)
        return pwrite(fd, bytes, size, offset);
    assert_true(pwrite(fd, bytes, size * 3 / 4, offset) > 0);
    step();
    errno = ENOSPC;
    return -1;
}

/* A batch that is there in part, whole records of it too: cut off by the keeper that wrote it, or
 * by the next one, and written again, with others before it. */
static void
what_is_cut_off_meanwhile_is_no_part_of_the_ledger(void **state)
{
    struct place *p = *state;
    const struct message_closed closed = {.session = 64};

    for (unsigned round = 0; round < 4; round++) {
        watch(p, round % 2 ? 1 : MOST);
        begin_small(p);
        work(p, 3);
        p->os.pwrite = torn_pwrite;
        for (unsigned i = 0; i < 8; i++)
            assert_int_equal(append_number(p, 0, i, 60), 0);
        calls_left = 0;
        if (round / 2 == 0) { /* the one that wrote it */
            intake_append(&p->intake);
            calls_left = -1;
        } else {
            p->os.ftruncate = disk_ftruncate; /* killed: it does not come to cutting */
            p->os.arg = p->disk;
            p->os.monotonic = os_real.monotonic;
            p->disk->calls_left = 0;
            p->disk->is_dead = true;
            intake_append(&p->intake);
            kill_keeper(p);
            p->disk->calls_left = calls_left = -1;
            p->disk->is_dead = false;
            step();
            begin_small(p);
        }
        assert_int_equal(record_closed(&p->records, &closed), 0);
        work(p, 5);
        record_close(&p->records);
        kill_keeper(p);
        follower.most = MOST;
        step();
        assert_int_equal(follower.next, p->records.chain.writer.next);
        unwatch();
        empty(p);
    }
}

/* ---- a source that takes its time ---- */

struct late {
    struct source_folder folder;
    uint64_t asked;
    bool is_asked;
};

/* As the gate's: each answer comes when the same is asked for once more. */
static int
open_late(void *arg, enum source_what what, uint64_t index, uint64_t *first, size_t *left)
{
    struct late *late = arg;

    if (!late->is_asked || late->asked != index) {
        late->is_asked = true;
        late->asked = index;
        return PASU_E_AGAIN;
    }
    late->is_asked = false;
    return source_open_folder(&late->folder, what, index, first, left);
}

/* Until the end; it comes before a question is asked too often. */
static uint64_t
read_late(struct records *r)
{
    struct segment_record record;
    uint64_t next = 0;
    unsigned again = 0;
    int result;

    while ((result = records_next(r, &record)) != 0) {
        assert_true(result == 1 || result == PASU_E_AGAIN);
        assert_true(again < MOST);
        again += result == PASU_E_AGAIN;
        if (result == 1)
            assert_int_equal(record.index, next++);
    }
    return next;
}

static void
segments_that_come_late_are_the_same_and_one_without_records_is_an_end(void **state)
{
    struct place *p = *state;
    struct late late = {.folder = {&os_real, -1}};
    struct records r;
    uint64_t size;

    begin_small(p);
    work(p, 20);
    size = p->records.chain.writer.next;
    kill_keeper(p);
    late.folder.directory = open_segments(p);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(records_init(&r, &os_real, (struct source){open_late, &late}), 0);
        assert_int_equal(read_late(&r), size);
        records_release(&r);
        if (round == 0) { /* killed when it had begun the next one */
            struct segment_header header;
            static const uint8_t id[SEGMENT_ID_SIZE] = {7};
            char name[SEGMENT_NAME_SIZE];
            int fd;

            segment_header_make(&header, size, 1, 0, id);
            segment_name(name, size);
            fd = openat(late.folder.directory, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
            assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
            close(fd);
        }
    }
    close(late.folder.directory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reader_that_steps_between_any_two_calls_sees_each_record_once),
        TEST(what_is_cut_off_meanwhile_is_no_part_of_the_ledger),
        TEST(segments_that_come_late_are_the_same_and_one_without_records_is_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
