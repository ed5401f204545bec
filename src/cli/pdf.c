/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pdf.h"

#include "cli/complain.h"

#include <errno.h>
#include <fcntl.h>
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

/* The page in memory, to be read from its beginning; -1 with errno. */
static int
page_file(struct view page)
{
    int fd = memfd_create("page", MFD_CLOEXEC);
    size_t at = 0;

    while (fd >= 0 && at < page.length) {
        ssize_t n = write(fd, page.bytes + at, page.length - at);

        if (n <= 0) {
            close(fd);
            return -1;
        }
        at += (size_t)n;
    }
    if (fd >= 0)
        (void)lseek(fd, 0, SEEK_SET);
    return fd;
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
    int error = start(&pid, page, fd);

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

static int
hash_of(int fd, char digest[HASHED_TEXT_SIZE])
{
    struct stat status;
    void *bytes = MAP_FAILED;
    int result = PASU_E_IO;

    if (fsync(fd) == 0 && fstat(fd, &status) == 0 && status.st_size > 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return result;
    result = hashed_text(bytes, (size_t)status.st_size, digest);
    munmap(bytes, (size_t)status.st_size);
    return result;
}

int
pdf_save(const char *path, struct view page, char digest[HASHED_TEXT_SIZE])
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), in, status;

    if (fd < 0)
        return complain_file(path, errno);
    in = page_file(page);
    status = in < 0 ? complain_file(path, errno) : lay_out(in, fd);
    if (status == 0 && hash_of(fd, digest) != 0)
        status = complain_file(path, errno);
    if (in >= 0)
        close(in);
    if (close(fd) != 0 && status == 0)
        status = complain_file(path, errno);
    if (status != 0)
        unlink(path);
    return status;
}
