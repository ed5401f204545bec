/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operating system, as a struct of functions that is passed to whoever needs it: system calls
 * that can fail, the clocks, and randomness. os_real is the real one; tests pass their own, fail
 * the Nth call, and move the time.
 *
 * The calls have the contract of their Linux namesakes (result, errno), with `arg` before it. They
 * restart on EINTR, all but poll-like waits (which are not here: each event loop calls its own).
 * The struct is never written after start; any thread may use it.
 */
#ifndef PASU_BASE_OS_H
#define PASU_BASE_OS_H

#include "base/attributes.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct os {
    void *arg;
    /* These three never wait, whatever the socket would do: MSG_DONTWAIT. */
    ssize_t (*recv)(void *arg, int fd, void *bytes, size_t size);
    ssize_t (*peek)(void *arg, int fd, void *bytes, size_t size);       /* recv with MSG_PEEK */
    ssize_t (*send)(void *arg, int fd, const void *bytes, size_t size); /* MSG_NOSIGNAL */
    int (*accept)(void *arg, int fd, struct sockaddr *address, socklen_t *length); /* nonblocking */
    int (*connect)(void *arg, int fd, const struct sockaddr *address, socklen_t length);
    int (*openat)(void *arg, int directory, const char *path, int flags, mode_t mode);
    int (*close)(void *arg, int fd);
    ssize_t (*pread)(void *arg, int fd, void *bytes, size_t size, off_t offset);
    ssize_t (*pwrite)(void *arg, int fd, const void *bytes, size_t size, off_t offset);
    int (*ftruncate)(void *arg, int fd, off_t size);
    int (*fallocate)(void *arg, int fd, off_t offset, off_t length); /* reserves */
    int (*fdatasync)(void *arg, int fd);
    int (*fsync)(void *arg, int fd);
    int (*renameat)(void *arg, int from_directory, const char *from, int to_directory,
                    const char *to);
    int (*linkat)(void *arg, int from_directory, const char *from, int to_directory, const char *to,
                  int flags);
    int (*mkdirat)(void *arg, int directory, const char *path, mode_t mode);
    int (*unlinkat)(void *arg, int directory, const char *path, int flags);
    int (*syncfs)(void *arg, int fd); /* all of the file system: files, folders and names */
    int64_t (*realtime)(void *arg);   /* nanoseconds since 1970-01-01 UTC */
    int64_t (*monotonic)(void *arg);  /* nanoseconds since some start; never goes back */
    int (*random)(void *arg, void *bytes, size_t size); /* cryptographic; 0, or PASU_E_CRYPTO */
};

/* The kernel itself. */
extern const struct os os_real;

static inline int64_t
os_realtime(const struct os *os)
{
    return os->realtime(os->arg);
}

static inline int64_t
os_monotonic(const struct os *os)
{
    return os->monotonic(os->arg);
}

/* All of the bytes: 0; PASU_E_CORRUPT where the file ends before, PASU_E_DISKFULL where nothing
 * more goes into it, and the errors of the calls. */
PASU_MUST_USE int os_read_all(const struct os *os, int fd, void *bytes, size_t length, off_t at);
PASU_MUST_USE int os_write_all(const struct os *os, int fd, const void *bytes, size_t length,
                               off_t at);

/* A realtime as minutes since 1970 of the local clock (days begin at local midnight). tzset must
 * have been called before files can no longer be read. */
uint32_t os_local_minute(int64_t realtime);

#define NANOSECONDS_PER_SECOND      INT64_C(1000000000)
#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

#endif
