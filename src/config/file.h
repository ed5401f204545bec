/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, read into memory; and where files are. */
#ifndef PASU_CONFIG_FILE_H
#define PASU_CONFIG_FILE_H

#include "config/store.h"

#include <sys/types.h>

struct file {
    struct view bytes;
    mode_t mode; /* its permissions */
    const char
        *error; /* why it cannot be read, and what to do; constant texts or the C library's */
    const char *hint;
};

/*
 * Reads a regular file of at most `most` bytes into `store`. 0; PASU_E_NOMEM; or another error,
 * with file->error and file->hint. Never waits: a FIFO or a device is refused.
 */
PASU_MUST_USE int file_read(struct file *file, struct store *store, const char *path, size_t most);
/* Whether the path leads into the folder, at any depth, or to it. What is not there is nowhere. */
PASU_MUST_USE bool file_is_below(const char *path, const char *folder);

#endif
