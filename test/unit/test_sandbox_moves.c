/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes move files between the folders that they may write to. */
#include "base/sandbox.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKS = 0, NO_LANDLOCK = 254 };

/* `folder` has two in it: a file goes from the one to the other where it is said. */
static int
move(int folder, enum sandbox_use use)
{
    int result = sandbox_confine(&(struct sandbox_folder){folder, use}, 1), file;

    if (result == PASU_E_UNAVAILABLE)
        return NO_LANDLOCK;
    file = openat(folder, "one/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (result != 0 || file < 0 || close(file) != 0)
        return 1;
    return renameat(folder, "one/file", folder, "two/file") == 0 ? WORKS : errno;
}

/* In a process of its own: nobody takes a sandbox off again. */
static int
try(int folder, enum sandbox_use use)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(move(folder, use));
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
files_are_moved_between_folders_by_who_may(void **state PASU_UNUSED)
{
    char path[] = "/tmp/confined.XXXXXX";
    int folder, kept, moved;

    assert_non_null(mkdtemp(path));
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder >= 0 && mkdirat(folder, "one", 0700) == 0 &&
                mkdirat(folder, "two", 0700) == 0);
    kept = try(folder, SANDBOX_KEEPS);
    moved = try(folder, SANDBOX_MOVES);
    unlinkat(folder, "one/file", 0);
    unlinkat(folder, "two/file", 0);
    unlinkat(folder, "one", AT_REMOVEDIR);
    unlinkat(folder, "two", AT_REMOVEDIR);
    close(folder);
    assert_int_equal(rmdir(path), 0);
    if (moved == NO_LANDLOCK)
        skip(); /* or one that cannot tell this apart */
    assert_int_equal(kept, EXDEV);
    assert_int_equal(moved, WORKS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_moved_between_folders_by_who_may),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
