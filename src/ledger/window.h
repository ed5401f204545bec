/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window on a file that is read from its beginning to its end and searched through: bytes at any
 * place, with as few calls as its buffer allows. The file may become shorter meanwhile; what it was
 * when the window was opened is the limit. Owned by one thread.
 *
 * Room that is only reserved in the file is zeros, and is not read (SEEK_DATA, SEEK_HOLE): reading
 * it would fill the page cache with what nobody has written, in large pieces, which makes each
 * write into them slower. Where the file system does not say what is reserved, all of it is read;
 * and by whom its word is not enough for (window_distrust): who cuts something off, who verifies.
 */
#ifndef PASU_LEDGER_WINDOW_H
#define PASU_LEDGER_WINDOW_H

#include "base/os.h"

struct window {
    const struct os *os;
    int fd;         /* not ours */
    uint64_t limit; /* the file's length */
    uint8_t *buffer;
    size_t size, have;
    size_t ahead; /* how much is read at once: little at a place that was sought, more as it goes on
                   */
    uint64_t at;  /* of the buffer, in the file */
    bool is_distrustful;
    uint64_t known, data, hole; /* zeros from `known` to `data`, and bytes from there to `hole` */
};

/* With a buffer of so many bytes. PASU_E_CORRUPT where it is no plain file; PASU_E_NOMEM. After an
 * error there is nothing to close. */
PASU_MUST_USE int window_open(struct window *window, const struct os *os, int fd, size_t size);
void window_close(struct window *window);
/* For window_bytes, where they are not in the buffer. */
const uint8_t *window_read(struct window *window, uint64_t at, size_t length, int *error);
/* The bytes [at, at + length), which are within the limit and no more than the buffer holds,
 * borrowed until the next call. NULL: with *error, or, where the file has become shorter, with a
 * new limit. */
static inline const uint8_t *
window_bytes(struct window *window, uint64_t at, size_t length, int *error)
{
    if (at >= window->at && at + length <= window->at + window->have)
        return window->buffer + (at - window->at);
    return window_read(window, at, length, error);
}
/* The first place, not before `at`, of which it is not known that all before it is zeros; the limit
 * where there is none. */
uint64_t window_data(struct window *window, uint64_t at);
/* From now on all is read, whatever the file system says of it. */
void window_distrust(struct window *window);
/* The next call reads again what it gives. */
void window_forget(struct window *window);
/* The same, and the limit is what the file's length is now. PASU_E_IO. */
PASU_MUST_USE int window_renew(struct window *window);

#endif
