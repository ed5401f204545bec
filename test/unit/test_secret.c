/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/secret.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char path[64];
    int directory;
    struct os os;
    int calls_left; /* -1: none fails */
};

static const struct sandbox_account nobody_else = {0, 0};

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

/* Half of it is there when it fails. */
static ssize_t
failing_pwrite(void *arg, int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite(fd, bytes, is_failing(arg) ? size / 2 : size, offset);
}

static int
failing_fsync(void *arg, int fd)
{
    return is_failing(arg) ? -1 : fsync(fd);
}

static int
failing_renameat(void *arg, int from_directory, const char *from, int to_directory, const char *to)
{
    return is_failing(arg) ? -1 : renameat(from_directory, from, to_directory, to);
}

static int
make_place(void **state)
{
    static struct place place;

    place = (struct place){.calls_left = -1, .os = os_real};
    snprintf(place.path, sizeof(place.path), "/tmp/pasu-secret-XXXXXX");
    if (!mkdtemp(place.path))
        return -1;
    place.directory = open(place.path, O_RDONLY | O_DIRECTORY);
    place.os.arg = &place;
    place.os.openat = failing_openat;
    place.os.pread = failing_pread;
    place.os.pwrite = failing_pwrite;
    place.os.fsync = failing_fsync;
    place.os.renameat = failing_renameat;
    *state = &place;
    return 0;
}

static int
remove_place(void **state)
{
    struct place *p = *state;

    unlinkat(p->directory, "s", 0);
    unlinkat(p->directory, "s.new", 0);
    close(p->directory);
    return rmdir(p->path);
}

static int
open_secret(struct place *p, uint8_t secret[SECRET_SIZE])
{
    return secret_open(&p->os, p->directory, "s", &nobody_else, secret);
}

static void
it_is_made_once_and_read_from_then_on(void **state)
{
    static const uint8_t zeros[SECRET_SIZE];
    uint8_t first[SECRET_SIZE], second[SECRET_SIZE];
    struct place *p = *state;
    struct stat st;
    mode_t mask = umask(0777); /* whatever the mask is */

    assert_int_equal(open_secret(p, first), 0);
    umask(mask);
    assert_int_equal(fstatat(p->directory, "s", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(open_secret(p, second), 0);
    assert_memory_equal(first, second, SECRET_SIZE);
    assert_memory_not_equal(first, zeros, SECRET_SIZE);
    assert_int_equal(unlinkat(p->directory, "s", 0), 0);
    assert_int_equal(open_secret(p, second), 0);
    assert_memory_not_equal(first, second, SECRET_SIZE);
}

static void
one_that_is_not_as_it_should_be_is_refused_and_stays(void **state)
{
    uint8_t secret[SECRET_SIZE], again[SECRET_SIZE];
    struct place *p = *state;
    int fd;

    assert_int_equal(open_secret(p, secret), 0);
    for (mode_t bit = 1; bit <= 040; bit <<= 1) {
        assert_int_equal(fchmodat(p->directory, "s", 0600 | bit, 0), 0);
        assert_int_equal(open_secret(p, again), PASU_E_DENIED);
    }
    assert_int_equal(fchmodat(p->directory, "s", 0600, 0), 0);
    assert_int_equal(open_secret(p, again), 0);
    assert_memory_equal(secret, again, SECRET_SIZE);
    fd = openat(p->directory, "s", O_RDWR);
    assert_int_equal(ftruncate(fd, SECRET_SIZE + 1), 0);
    assert_int_equal(open_secret(p, again), PASU_E_CORRUPT);
    assert_int_equal(ftruncate(fd, SECRET_SIZE - 1), 0);
    assert_int_equal(open_secret(p, again), PASU_E_CORRUPT);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(open_secret(p, again), PASU_E_CORRUPT);
    close(fd);
    assert_int_equal(unlinkat(p->directory, "s", 0), 0);
    assert_int_equal(symlinkat("/dev/zero", p->directory, "s"), 0);
    assert_int_equal(open_secret(p, again), PASU_E_CORRUPT);
}

/* Whichever call fails, there is none, or the whole one. */
static void
a_call_that_fails_leaves_none_or_the_whole_one(void **state)
{
    uint8_t secret[SECRET_SIZE];
    struct place *p = *state;
    struct stat st;
    int result = -1;

    for (int calls = 0; result != 0; calls++) {
        assert_true(calls < 20);
        p->calls_left = calls;
        result = open_secret(p, secret);
        assert_true(result == 0 || result == PASU_E_DISKFULL);
        if (fstatat(p->directory, "s", &st, 0) == 0)
            assert_int_equal(st.st_size, SECRET_SIZE);
        unlinkat(p->directory, "s", 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_made_once_and_read_from_then_on),
        TEST(one_that_is_not_as_it_should_be_is_refused_and_stays),
        TEST(a_call_that_fails_leaves_none_or_the_whole_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
