/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first lines of a log that could not be read, to be shown: where they are, and their shape,
 * without what stands in them. Pure.
 */
#ifndef PASU_SCAN_UNREAD_H
#define PASU_SCAN_UNREAD_H

#include "base/bytes.h"

enum { UNREAD_MOST = 5, UNREAD_SHAPE = 120 };

struct unread_line {
    uint64_t offset;
    uint64_t length;
    char shape[UNREAD_SHAPE]; /* letters are x, digits 9; what is longer is cut */
};

/* Zeroes at first. */
struct unread {
    struct unread_line lines[UNREAD_MOST];
    size_t count;
};

/* Once there are UNREAD_MOST, nothing. `line` is as much of it as is known; it can be empty. */
void unread_add(struct unread *unread, uint64_t offset, uint64_t length, struct view line);
/* Those of `from` behind the first `have` of them. */
void unread_add_all(struct unread *unread, const struct unread *from, size_t have);

#endif
