/* SPDX-License-Identifier: Apache-2.0 */
/* A file that holds the newest of something: replaced by rename, so that whoever reads it finds the
 * one before or the new one, whole. Written with the rights of the process. One thread. */
#ifndef PASU_RESPOND_COPY_H
#define PASU_RESPOND_COPY_H

#include "base/bytes.h"
#include "base/os.h"

#include <limits.h>

struct copy {
    int directory; /* -1: there is none */
    char name[NAME_MAX + 1], fresh[NAME_MAX + 1];
};

/* Opens the folder of the path. PASU_E_RANGE: its last part is empty or too long; the errors of
 * open. */
PASU_MUST_USE int copy_open(struct copy *copy, const char *path);
/* A file of that name in a folder that is open, which the copy takes. */
void copy_in(struct copy *copy, int directory, const char *name);
void copy_close(struct copy *copy);
/* Durable on return. After an error what was there is there still, or already the new one. */
PASU_MUST_USE int copy_write(const struct copy *copy, const struct os *os, struct view bytes);

#endif
