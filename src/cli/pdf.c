/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pdf.h"

#include "cli/complain.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "weasyprint"

static int
complain_file(const char *path, int error)
{
    complain("give --pdf a name that no file has yet, in a folder that may be written to",
             "cannot write %s: %s", path, strerror(error));
    return 2;
}

/* 0 or an errno. */
static int
write_all(int fd, struct view bytes)
{
    while (bytes.length > 0) {
        ssize_t n = write(fd, bytes.bytes, bytes.length);

        if (n <= 0 && errno != EINTR)
            return n == 0 ? EIO : errno;
        if (n > 0)
            bytes = view_of(bytes.bytes + n, bytes.length - (size_t)n);
    }
    return 0;
}

/* What it says of faults goes where ours go. 0 or an errno. */
static int
start(pid_t *pid, int page, int fd)
{
    static char program[] = PROGRAM, quiet[] = "--quiet", from[] = "-", to[] = "-";
    static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", language[] = "LANG=C.UTF-8",
                home[] = "HOME=/nonexistent";
    char *const arguments[] = {program, quiet, from, to, NULL};
    char *const environment[] = {path, language, home, NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0)
        return error;
    error = posix_spawn_file_actions_adddup2(&actions, page, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawnp(pid, program, &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Whether it ended well, having written what is a PDF. */
static bool
ends_well(pid_t pid, int fd)
{
    char head[5] = "";
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
           pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
           memcmp(head, "%PDF-", sizeof(head)) == 0;
}

/* The exit status. */
static int
lay_out(int page, int fd)
{
    pid_t pid;
    int error;

    (void)signal(SIGCHLD, SIG_DFL); /* ignored, it would leave no exit status */
    error = start(&pid, page, fd);

    if (error != 0) {
        complain(
            "install weasyprint and a font with Hangul (fonts-nanum), or print the page from a "
            "browser",
            PROGRAM ", which makes PDF, cannot be run: %s", strerror(error));
        return 2;
    }
    if (ends_well(pid, fd))
        return 0;
    complain("run it without --pdf, and print the page from a browser", PROGRAM " made no PDF");
    return 2;
}

/* Where there was none before, and whole, or not at all. 0 or an errno. */
static int
write_new(const char *path, struct view bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error;

    if (fd < 0)
        return errno;
    error = write_all(fd, bytes);
    if (error == 0 && fsync(fd) != 0)
        error = errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error != 0)
        unlink(path);
    return error;
}

/* What is in `made`, to the path. 0, or the exit status. */
static int
keep(const char *path, int made, char digest[HASHED_TEXT_SIZE])
{
    struct stat status;
    void *bytes = MAP_FAILED;
    int error = 0, result;

    if (fstat(made, &status) == 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, made, 0);
    if (bytes == MAP_FAILED)
        return complain_file(path, errno);
    result = hashed_text(bytes, (size_t)status.st_size, digest);
    if (result == 0)
        error = write_new(path, view_of(bytes, (size_t)status.st_size));
    munmap(bytes, (size_t)status.st_size);
    if (result != 0)
        return complain_error(result, "the PDF");
    return error != 0 ? complain_file(path, error) : 0;
}

int
pdf_save(const char *path, struct view page, char digest[HASHED_TEXT_SIZE])
{
    int from = memfd_create("page", MFD_CLOEXEC), made = memfd_create("pdf", MFD_CLOEXEC);
    int error = from < 0 || made < 0 ? errno : write_all(from, page), status;

    if (error == 0 && lseek(from, 0, SEEK_SET) != 0)
        error = errno;
    status = error != 0 ? complain_file(path, error) : lay_out(from, made);
    if (status == 0)
        status = keep(path, made, digest);
    if (from >= 0)
        close(from);
    if (made >= 0)
        close(made);
    return status;
}
