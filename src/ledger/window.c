/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/window.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <sys/stat.h>

enum { AHEAD_FIRST = 8 << 10, AHEAD_MOST = 256 << 10 };

int
window_open(struct window *w, const struct os *os, int fd, size_t size)
{
    struct stat st;

    *w = (struct window){.os = os, .fd = fd, .size = size};
    if (fstat(fd, &st) != 0)
        return error_from_errno(errno);
    if (!S_ISREG(st.st_mode))
        return PASU_E_CORRUPT;
    w->limit = (uint64_t)st.st_size;
    w->buffer = memory_new(1, size);
    return w->buffer ? 0 : PASU_E_NOMEM;
}

void
window_close(struct window *w)
{
    memory_free(w->buffer);
    w->buffer = NULL;
}

void
window_forget(struct window *w)
{
    w->have = 0;
}

int
window_renew(struct window *w)
{
    struct stat st;

    window_forget(w);
    if (fstat(w->fd, &st) != 0)
        return error_from_errno(errno);
    w->limit = (uint64_t)st.st_size;
    return 0;
}

/* How many bytes to have from `at` on. */
static size_t
reach(struct window *w, uint64_t at, size_t length)
{
    bool goes_on = w->have > 0 && at >= w->at && at <= w->at + w->have;

    w->ahead = goes_on ? w->ahead * 2 : AHEAD_FIRST;
    if (w->ahead > AHEAD_MOST)
        w->ahead = AHEAD_MOST;
    if (w->ahead > w->size)
        w->ahead = w->size;
    return length > w->ahead ? length : w->ahead;
}

const uint8_t *
window_read(struct window *w, uint64_t at, size_t length, int *error)
{
    size_t kept = 0, wanted;

    wanted = reach(w, at, length);
    if (at >= w->at && at < w->at + w->have) {
        kept = (size_t)(w->at + w->have - at);
        memmove(w->buffer, w->buffer + (at - w->at), kept);
    }
    w->at = at;
    w->have = kept;
    while (w->have < length) {
        uint64_t left = w->limit - at - w->have, room = wanted - w->have;
        ssize_t n = w->os->pread(w->os->arg, w->fd, w->buffer + w->have,
                                 (size_t)(left < room ? left : room), (off_t)(at + w->have));

        if (n < 0) {
            *error = error_from_errno(errno);
            return NULL;
        }
        if (n == 0) { /* the keeper has cut off what was torn: it ends here now */
            w->limit = at + w->have;
            return NULL;
        }
        w->have += (size_t)n;
    }
    return w->buffer;
}
