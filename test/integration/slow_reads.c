/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To be loaded before a program (LD_PRELOAD): whatever it reads by pread comes slowly, 4 KiB in 10
 * milliseconds, and its monotonic clock runs 10 times as fast. Two MiB take 50 seconds of that
 * clock, and five of everybody else's; what is read at one go, three seconds at most. Room that is
 * only reserved is not on any disk: zeros come at once.
 */
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 4096, PAUSE_MILLISECONDS = 10, TIMES = 10 };

/* Offsets have 64 bits: this is pread64, as for the program. */
ssize_t
pread(int fd, void *bytes, size_t size, off_t offset)
{
    static const char zeros[PIECE];
    ssize_t n = syscall(SYS_pread64, fd, bytes, size < PIECE ? size : PIECE, offset);

    if (n > 0 && memcmp(bytes, zeros, (size_t)n) != 0)
        poll(NULL, 0, PAUSE_MILLISECONDS);
    return n;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    long long all;

    if (result != 0 || clock != CLOCK_MONOTONIC)
        return result;
    all = ((long long)now->tv_sec * 1000000000 + now->tv_nsec) * TIMES;
    now->tv_sec = (time_t)(all / 1000000000);
    now->tv_nsec = (long)(all % 1000000000);
    return 0;
}
