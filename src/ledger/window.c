/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/window.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

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
    w->known = w->data = w->hole = 0;
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

/* ---- what is only reserved ---- */

void
window_distrust(struct window *w)
{
    w->is_distrustful = true;
    window_forget(w);
}

/* Asks where bytes stand from `at` on. */
static void
find_data(struct window *w, uint64_t at)
{
    off_t data = w->is_distrustful ? (off_t)at : lseek(w->fd, (off_t)at, SEEK_DATA), hole = -1;

    w->known = at;
    w->data = data >= 0 ? (uint64_t)data : errno == ENXIO ? w->limit : at;
    if (!w->is_distrustful && w->data < w->limit)
        hole = lseek(w->fd, (off_t)w->data, SEEK_HOLE);
    w->hole = hole > (off_t)w->data ? (uint64_t)hole : w->limit;
    if (w->data > w->limit)
        w->data = w->limit;
}

uint64_t
window_data(struct window *w, uint64_t at)
{
    if (at >= w->limit)
        return w->limit;
    if (at < w->known || at >= w->hole)
        find_data(w, at);
    return at < w->data ? w->data : at;
}

/* As pread, up to where the one ends and the other begins. */
static ssize_t
fill(struct window *w, uint8_t *bytes, size_t size, uint64_t at)
{
    uint64_t data = window_data(w, at), most = at < data ? data - at : w->hole - at;

    if (size > most)
        size = (size_t)most;
    if (at == data)
        return w->os->pread(w->os->arg, w->fd, bytes, size, (off_t)at);
    memset(bytes, 0, size);
    return (ssize_t)size;
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
        ssize_t n = fill(w, w->buffer + w->have, (size_t)(left < room ? left : room), at + w->have);

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
