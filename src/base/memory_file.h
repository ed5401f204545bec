/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are nowhere but in memory, for a process that may open none: an `os` (base/os.h) whose
 * openat makes a new, empty one, whatever it is called. Only the calls that files are written and
 * read with are there; the clocks and all else are NULL.
 *
 * Bytes are those of anonymous maps, which grow as they are written; together they are not more
 * than a limit: what is beyond it fails with ENOSPC. Owned by one thread.
 */
#ifndef PASU_BASE_MEMORY_FILE_H
#define PASU_BASE_MEMORY_FILE_H

#include "base/os.h"

enum { MEMORY_FILES_MAX = 2 };

struct memory_files {
    struct os os; /* `arg` is this struct: it must not be moved */
    size_t limit; /* bytes of all */
    struct memory_file {
        uint8_t *bytes; /* NULL: none yet */
        size_t size, room;
        bool is_open;
    } files[MEMORY_FILES_MAX];
};

void memory_files_init(struct memory_files *files, size_t limit);
void memory_files_release(struct memory_files *files);
/* Takes the bytes out of an open file, which is empty then: a map of exactly `size` bytes (as
 * munmap counts), the caller's. NULL: it has none. */
PASU_MUST_USE uint8_t *memory_files_take(struct memory_files *files, int fd, size_t *size);

#endif
