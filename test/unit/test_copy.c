/* SPDX-License-Identifier: Apache-2.0 */
/* A reader finds the old content or the new one, whichever call of writing it fails. */
#include "respond/copy.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char folder[32], path[64];
    struct copy copy;
    struct os os;
    int calls_left; /* -1: none fails */
};

static bool
fails(struct place *p)
{
    errno = ENOSPC;
    return p->calls_left >= 0 && p->calls_left-- == 0;
}

static int
failing_openat(void *arg, int directory, const char *path, int flags, mode_t mode)
{
    return fails(arg) ? -1 : openat(directory, path, flags, mode);
}

static ssize_t
failing_pwrite(void *arg, int fd, const void *bytes, size_t size, off_t offset)
{
    return fails(arg) ? -1 : pwrite(fd, bytes, size, offset);
}

static int
failing_fdatasync(void *arg, int fd)
{
    return fails(arg) ? -1 : fdatasync(fd);
}

static int
failing_fsync(void *arg, int fd)
{
    return fails(arg) ? -1 : fsync(fd);
}

static int
failing_renameat(void *arg, int from_directory, const char *from, int to_directory, const char *to)
{
    return fails(arg) ? -1 : renameat(from_directory, from, to_directory, to);
}

static void
begin(struct place *p)
{
    *p = (struct place){.folder = "/tmp/copy.XXXXXX", .os = os_real, .calls_left = -1};
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->path, sizeof(p->path), "%s/newest", p->folder);
    p->os.arg = p;
    p->os.openat = failing_openat;
    p->os.pwrite = failing_pwrite;
    p->os.fdatasync = failing_fdatasync;
    p->os.fsync = failing_fsync;
    p->os.renameat = failing_renameat;
    assert_int_equal(copy_open(&p->copy, p->path), 0);
}

static void
end(struct place *p)
{
    unlinkat(p->copy.directory, p->copy.name, 0);
    unlinkat(p->copy.directory, p->copy.fresh, 0);
    copy_close(&p->copy);
    assert_int_equal(rmdir(p->folder), 0);
}

static bool
has(const struct place *p, const char *text)
{
    char bytes[64] = "";
    int fd = open(p->path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    assert_true(fd >= 0);
    n = read(fd, bytes, sizeof(bytes) - 1);
    close(fd);
    return n >= 0 && strcmp(bytes, text) == 0;
}

static void
the_newest_replaces_the_one_before(void **state PASU_UNUSED)
{
    struct place p;
    struct stat st;

    begin(&p);
    assert_int_equal(copy_write(&p.copy, &p.os, VIEW("a long first one")), 0);
    assert_true(has(&p, "a long first one"));
    assert_int_equal(copy_write(&p.copy, &p.os, VIEW("two")), 0);
    assert_true(has(&p, "two"));
    assert_int_equal(fstatat(p.copy.directory, p.copy.fresh, &st, 0), -1);
    end(&p);
}

static void
whichever_call_fails_one_of_both_is_there(void **state PASU_UNUSED)
{
    struct place p;
    int result = -1;

    begin(&p);
    assert_int_equal(copy_write(&p.copy, &p.os, VIEW("old")), 0);
    for (int nth = 0; result != 0; nth++) {
        assert_true(nth < 10);
        p.calls_left = nth;
        result = copy_write(&p.copy, &p.os, VIEW("new"));
        assert_true(result == 0 || result == PASU_E_DISKFULL);
        assert_true(has(&p, "new") || (result != 0 && has(&p, "old")));
    }
    end(&p);
}

/* Whoever may write to the folder puts a link there: what it leads to is not written over. */
static void
a_link_is_not_followed(void **state PASU_UNUSED)
{
    struct place p;
    char other[64];
    int fd;

    begin(&p);
    snprintf(other, sizeof(other), "%s/other", p.folder);
    fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(symlinkat(other, p.copy.directory, p.copy.fresh), 0);
    assert_int_not_equal(copy_write(&p.copy, &p.os, VIEW("x")), 0);
    assert_int_equal(unlinkat(p.copy.directory, p.copy.fresh, 0), 0);
    assert_int_equal(symlinkat(other, p.copy.directory, p.copy.name), 0);
    assert_int_equal(copy_write(&p.copy, &p.os, VIEW("x")), 0);
    assert_true(has(&p, "x"));
    unlink(other);
    end(&p);
}

static void
a_path_without_a_name_is_refused(void **state PASU_UNUSED)
{
    char path[NAME_MAX + 16] = "/tmp/";
    struct copy copy;

    assert_int_equal(copy_open(&copy, "/tmp/"), PASU_E_RANGE);
    assert_int_equal(copy_open(&copy, "/tmp/not-there/x"), PASU_E_NOTFOUND);
    memset(path + 5, 'x', NAME_MAX - 3);
    path[5 + NAME_MAX - 3] = '\0';
    assert_int_equal(copy_open(&copy, path), PASU_E_RANGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_replaces_the_one_before),
        cmocka_unit_test(whichever_call_fails_one_of_both_is_there),
        cmocka_unit_test(a_link_is_not_followed),
        cmocka_unit_test(a_path_without_a_name_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
