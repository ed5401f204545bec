/* SPDX-License-Identifier: Apache-2.0 */
/* Work on the index of a ledger that is in a folder: in portions or at once it comes out the same;
 * what ends in between leaves the one that was there; what is wrong with one is found. */
#include "breach/index_compare.h"
#include "breach/index_work.h"
#include "ledger/segment_writer.h"
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST = 20000, LATER = 9000, BATCH = 1 << 16, SEGMENT = 1 << 18 };

struct ledger {
    char path[32];
    int directory;
    uint64_t count;
    off_t size; /* of its segments; 0: as they are */
    struct index_work work;
};

static void
put_text(struct writer *w, const char *text)
{
    writer_u8(w, (uint8_t)strlen(text));
    writer_bytes(w, text, strlen(text));
}

/* Sessions that begin, of so many principals: 40 a second, for a few days. */
static void
put_sessions(struct ledger *l, uint64_t count, unsigned principals)
{
    struct segment_writer writer;
    struct segment_report report;
    int segments = openat(l->directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(segments >= 0);
    assert_int_equal(
        segment_writer_open(&writer, &os_real, segments, l->count, NULL, NULL, &report), 0);
    if (l->size > 0)
        writer.size = l->size;
    for (uint64_t n = 0; n < count; n++) {
        uint8_t bytes[256];
        struct writer w = writer_of(bytes, sizeof(bytes));
        int64_t now = (int64_t)(l->count + 1) * 25 * NANOSECONDS_PER_MILLISECOND;
        uint64_t session = ++l->count;
        struct iovec part = {.iov_base = bytes};
        struct segment_record record;
        char name[16];

        snprintf(name, sizeof(name), "role%u", (unsigned)(session % principals));
        writer_bytes(&w, &session, sizeof(session));
        writer_bytes(&w, &now, sizeof(now));
        writer_bytes(&w, "\0\0\1\0", 4);
        put_text(&w, "shop");
        put_text(&w, name);
        put_text(&w, "shop");
        put_text(&w, "app");
        put_text(&w, "192.0.2.1");
        part.iov_len = (size_t)writer_end(&w);
        assert_int_equal(segment_begin(&writer, BATCH), 0);
        assert_int_equal(segment_put(&writer, SEGMENT_OPENED, now, &part, 1, &record), 0);
        assert_int_equal(segment_commit(&writer), 0);
    }
    segment_writer_close(&writer);
    close(segments);
}

static int
begin(void **state)
{
    static struct ledger ledger;

    ledger = (struct ledger){.path = "/tmp/pasu-work-XXXXXX"};
    *state = &ledger;
    if (mkdtemp(ledger.path) == NULL)
        return -1;
    ledger.directory = open(ledger.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mkdirat(ledger.directory, "segments", 0700) != 0)
        return -1;
    put_sessions(&ledger, FIRST, 7);
    return index_work_open(&ledger.work, &os_real, ledger.directory);
}

static int
end(void **state)
{
    struct ledger *l = *state;
    char command[64];

    index_work_close(&l->work);
    close(l->directory);
    snprintf(command, sizeof(command), "rm -r %s", l->path);
    return system(command);
}

static int
differs(void *arg PASU_UNUSED, enum index_table table PASU_UNUSED, struct view key PASU_UNUSED)
{
    return PASU_E_RANGE;
}

/* That the index is what the ledger makes of itself at once. */
static void
check(struct ledger *l)
{
    struct index *there, *made;

    assert_int_equal(index_open(&there, l->directory, NULL), 0);
    assert_int_equal(index_verify(there), 0);
    assert_int_equal(index_work_make(&l->work, &made, UINT64_MAX), 0);
    assert_int_equal(index_compare(there, made, differs, NULL), 0);
    index_discard(made, l->work.folder);
    index_close(there);
}

static void
it_is_gone_on_with_in_portions(void **state)
{
    struct ledger *l = *state;
    unsigned rounds = 1;
    int result;

    assert_int_equal(index_work_update(&l->work, 1000), PASU_E_NOTFOUND);
    assert_int_equal(index_work_rebuild(&l->work), 0);
    assert_int_equal(l->work.end.last, FIRST - 1);
    check(l);
    put_sessions(l, LATER, 5);
    while ((result = index_work_update(&l->work, 1000)) == 1) {
        assert_int_equal(l->work.added, 1000);
        assert_int_equal(l->work.end.last, FIRST - 1 + 1000 * rounds);
        rounds++;
    }
    assert_int_equal(result, 0);
    assert_int_equal(rounds, LATER / 1000);
    assert_int_equal(l->work.end.last, FIRST + LATER - 1);
    check(l);
    assert_int_equal(index_work_update(&l->work, 1000), 0);
    assert_int_equal(l->work.added, 0);
}

static int
stop(void *arg, uint64_t done PASU_UNUSED, uint64_t all PASU_UNUSED)
{
    unsigned *left = arg;

    return (*left)-- == 0 ? PASU_E_AGAIN : 0;
}

static void
what_is_ended_in_between_leaves_what_was_there(void **state)
{
    struct ledger *l = *state;
    struct stat s;
    unsigned left = 1;

    assert_int_equal(index_work_rebuild(&l->work), 0);
    put_sessions(l, LATER, 5);
    l->work.watch = stop;
    l->work.arg = &left;
    assert_int_equal(index_work_update(&l->work, UINT64_MAX), PASU_E_AGAIN);
    left = 2;
    assert_int_equal(index_work_rebuild(&l->work), PASU_E_AGAIN);
    assert_int_equal(fstatat(l->work.folder, "new", &s, 0), -1);
    l->work.watch = NULL;
    assert_int_equal(index_work_update(&l->work, UINT64_MAX), 0);
    assert_int_equal(l->work.added, LATER);
    check(l);
}

/* With the ledger of which it is of, and with one that ends before it. */
static void
an_index_of_another_ledger_is_not_gone_on_with(void **state)
{
    struct ledger *l = *state;

    assert_int_equal(index_work_rebuild(&l->work), 0);
    assert_int_equal(unlinkat(l->work.segments, "00000000000000000000.seg", 0), 0);
    l->count = 0;
    put_sessions(l, FIRST / 2, 7);
    assert_int_equal(index_work_update(&l->work, UINT64_MAX), PASU_E_UNAVAILABLE);
    assert_false(l->work.is_cut);
    put_sessions(l, LATER, 5);
    assert_int_equal(index_work_update(&l->work, UINT64_MAX), PASU_E_UNAVAILABLE);
    assert_int_equal(index_work_rebuild(&l->work), 0);
    check(l);
}

/* A write that ends in its middle is PASU_E_IO, as LMDB tells it. */
static bool
is_of_disk(int result)
{
    return result == PASU_E_DISKFULL || result == PASU_E_IO;
}

/* A file that may not grow is a disk that is full. What was there stays, and is gone on with once
 * there is room. */
static void
a_disk_that_is_full_leaves_what_was_there(void **state)
{
    struct ledger *l = *state;
    struct rlimit before, full;
    struct stat s;

    assert_int_equal(index_work_rebuild(&l->work), 0);
    put_sessions(l, LATER, 5000);
    assert_int_equal(fstatat(l->work.folder, "now/data.mdb", &s, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full = (struct rlimit){(rlim_t)s.st_size, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    assert_true(is_of_disk(index_work_update(&l->work, UINT64_MAX)));
    full.rlim_cur /= 2;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    assert_true(is_of_disk(index_work_rebuild(&l->work)));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(fstatat(l->work.folder, "new", &s, 0), -1);
    assert_int_equal(index_work_update(&l->work, UINT64_MAX), 0);
    assert_int_equal(l->work.added, LATER);
    check(l);
}

/* Then it is told from one of another ledger: it can be made anew without asking anybody. */
static void
an_index_of_more_than_is_left_is_known_for_it(void **state)
{
    struct ledger *l = *state;

    l->size = SEGMENT;
    put_sessions(l, LATER, 5);
    assert_int_equal(index_work_rebuild(&l->work), 0);
    assert_int_equal(index_work_update(&l->work, UINT64_MAX), 0);
    assert_false(l->work.is_cut);
    assert_int_equal(unlinkat(l->work.segments, "00000000000000000000.seg", 0), 0);
    assert_int_equal(index_work_update(&l->work, UINT64_MAX), PASU_E_UNAVAILABLE);
    assert_true(l->work.is_cut);
}

static void
change(struct ledger *l, off_t at)
{
    int fd = openat(l->work.folder, "now/data.mdb", O_RDWR | O_CLOEXEC);
    uint8_t byte;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* Where the word is in the file. */
static off_t
find(struct ledger *l, const char *word)
{
    static uint8_t bytes[1 << 22];
    int fd = openat(l->work.folder, "now/data.mdb", O_RDONLY | O_CLOEXEC);
    ssize_t length = pread(fd, bytes, sizeof(bytes), 0);
    const uint8_t *at = length > 0 ? memmem(bytes, (size_t)length, word, strlen(word)) : NULL;

    close(fd);
    assert_non_null(at);
    return at - bytes;
}

static void
damage_is_found(void **state)
{
    struct ledger *l = *state;
    struct index *index;
    int fd;

    assert_int_equal(index_work_rebuild(&l->work), 0);
    assert_int_equal(index_open(&index, l->directory, NULL), 0);
    assert_int_equal(index_verify(index), 0);
    index_close(index);
    change(l, find(l, "role3"));
    assert_int_equal(index_open(&index, l->directory, NULL), 0);
    assert_int_equal(index_verify(index), PASU_E_CORRUPT);
    index_close(index);
    assert_int_equal(index_work_rebuild(&l->work), 0);
    check(l);
    fd = openat(l->work.folder, "now/data.mdb", O_RDWR | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 1), 0);
    close(fd);
    assert_int_equal(index_open(&index, l->directory, NULL), PASU_E_CORRUPT);
    assert_int_equal(index_work_update(&l->work, UINT64_MAX), PASU_E_CORRUPT);
}

static void
one_works_at_a_time(void **state)
{
    struct ledger *l = *state;
    struct index_work other;

    assert_int_equal(index_work_open(&other, &os_real, l->directory), 0);
    assert_int_equal(index_lock(l->work.folder, false), 0);
    assert_int_equal(index_lock(other.folder, false), PASU_E_AGAIN);
    index_unlock(l->work.folder);
    assert_int_equal(index_lock(other.folder, true), 0);
    index_work_close(&other);
    assert_int_equal(index_lock(l->work.folder, false), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(it_is_gone_on_with_in_portions),
        TEST(what_is_ended_in_between_leaves_what_was_there),
        TEST(an_index_of_another_ledger_is_not_gone_on_with),
        TEST(a_disk_that_is_full_leaves_what_was_there),
        TEST(an_index_of_more_than_is_left_is_known_for_it),
        TEST(damage_is_found),
        TEST(one_works_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
