/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Repeats a call that a signal interrupted. */
#define RESTART(call)                                                                              \
    ({                                                                                             \
        __typeof__(call) result_;                                                                  \
        do                                                                                         \
            result_ = (call);                                                                      \
        while (result_ < 0 && errno == EINTR);                                                     \
        result_;                                                                                   \
    })

static ssize_t
real_recv(void *arg PASU_UNUSED, int fd, void *bytes, size_t size)
{
    return RESTART(recv(fd, bytes, size, MSG_DONTWAIT));
}

static ssize_t
real_peek(void *arg PASU_UNUSED, int fd, void *bytes, size_t size)
{
    return RESTART(recv(fd, bytes, size, MSG_PEEK | MSG_DONTWAIT));
}

static ssize_t
real_send(void *arg PASU_UNUSED, int fd, const void *bytes, size_t size)
{
    return RESTART(send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT));
}

static int
real_accept(void *arg PASU_UNUSED, int fd, struct sockaddr *address, socklen_t *length)
{
    return RESTART(accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

static int
real_connect(void *arg PASU_UNUSED, int fd, const struct sockaddr *address, socklen_t length)
{
    return connect(fd, address, length);
}

static int
real_openat(void *arg PASU_UNUSED, int directory, const char *path, int flags, mode_t mode)
{
    return RESTART(openat(directory, path, flags | O_CLOEXEC, mode));
}

static int
real_close(void *arg PASU_UNUSED, int fd)
{
    return close(fd); /* on Linux the descriptor is gone even on EINTR */
}

static ssize_t
real_pread(void *arg PASU_UNUSED, int fd, void *bytes, size_t size, off_t offset)
{
    return RESTART(pread(fd, bytes, size, offset));
}

static ssize_t
real_pwrite(void *arg PASU_UNUSED, int fd, const void *bytes, size_t size, off_t offset)
{
    return RESTART(pwrite(fd, bytes, size, offset));
}

static int
real_ftruncate(void *arg PASU_UNUSED, int fd, off_t size)
{
    return RESTART(ftruncate(fd, size));
}

static int
real_fallocate(void *arg PASU_UNUSED, int fd, off_t offset, off_t length)
{
    int number;

    do
        number = posix_fallocate(fd, offset, length);
    while (number == EINTR);
    errno = number;
    return number == 0 ? 0 : -1;
}

static int
real_fdatasync(void *arg PASU_UNUSED, int fd)
{
    return RESTART(fdatasync(fd));
}

static int
real_fsync(void *arg PASU_UNUSED, int fd)
{
    return RESTART(fsync(fd));
}

static int
real_renameat(void *arg PASU_UNUSED, int from_directory, const char *from, int to_directory,
              const char *to)
{
    return RESTART(renameat(from_directory, from, to_directory, to));
}

static int
real_linkat(void *arg PASU_UNUSED, int from_directory, const char *from, int to_directory,
            const char *to, int flags)
{
    return RESTART(linkat(from_directory, from, to_directory, to, flags));
}

static int
real_mkdirat(void *arg PASU_UNUSED, int directory, const char *path, mode_t mode)
{
    return mkdirat(directory, path, mode);
}

static int
real_unlinkat(void *arg PASU_UNUSED, int directory, const char *path, int flags)
{
    return RESTART(unlinkat(directory, path, flags));
}

static int
real_syncfs(void *arg PASU_UNUSED, int fd)
{
    return RESTART(syncfs(fd));
}

static int64_t
nanoseconds_of(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

static int64_t
real_realtime(void *arg PASU_UNUSED)
{
    return nanoseconds_of(CLOCK_REALTIME);
}

static int64_t
real_monotonic(void *arg PASU_UNUSED)
{
    return nanoseconds_of(CLOCK_MONOTONIC);
}

static int
real_random(void *arg PASU_UNUSED, void *bytes, size_t size)
{
    uint8_t *at = bytes;

    while (size > 0) {
        ssize_t n = RESTART(getrandom(at, size, 0));

        if (n <= 0)
            return PASU_E_CRYPTO;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

const struct os os_real = {
    .recv = real_recv,
    .peek = real_peek,
    .send = real_send,
    .accept = real_accept,
    .connect = real_connect,
    .openat = real_openat,
    .close = real_close,
    .pread = real_pread,
    .pwrite = real_pwrite,
    .ftruncate = real_ftruncate,
    .fallocate = real_fallocate,
    .fdatasync = real_fdatasync,
    .fsync = real_fsync,
    .renameat = real_renameat,
    .linkat = real_linkat,
    .mkdirat = real_mkdirat,
    .unlinkat = real_unlinkat,
    .syncfs = real_syncfs,
    .realtime = real_realtime,
    .monotonic = real_monotonic,
    .random = real_random,
};

int
os_read_all(const struct os *os, int fd, void *bytes, size_t length, off_t at)
{
    uint8_t *to = bytes;

    while (length > 0) {
        ssize_t n = os->pread(os->arg, fd, to, length, at);

        if (n <= 0)
            return n < 0 ? error_from_errno(errno) : PASU_E_CORRUPT;
        to += n;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

int
os_write_all(const struct os *os, int fd, const void *bytes, size_t length, off_t at)
{
    const uint8_t *from = bytes;

    while (length > 0) {
        ssize_t n = os->pwrite(os->arg, fd, from, length, at);

        if (n <= 0)
            return n < 0 ? error_from_errno(errno) : PASU_E_DISKFULL;
        from += n;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

uint32_t
os_local_minute(int64_t realtime)
{
    time_t seconds = (time_t)(realtime / NANOSECONDS_PER_SECOND);
    struct tm local;

    if (!localtime_r(&seconds, &local))
        return (uint32_t)(seconds / 60);
    return (uint32_t)((seconds + local.tm_gmtoff) / 60);
}
