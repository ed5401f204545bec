/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window on a file that is read from its beginning to its end and searched through: bytes at any
 * place, with as few calls as its buffer allows. The file may become shorter meanwhile; what it was
 * when the window was opened is the limit. Owned by one thread.
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
/* The next call reads again what it gives. */
void window_forget(struct window *window);
/* The same, and the limit is what the file's length is now. PASU_E_IO. */
PASU_MUST_USE int window_renew(struct window *window);

#endif
