/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that writes a copy (respond/copy.h), so that a disk which hangs, such as a network mount
 * that is away, holds up nothing else: a call that waits for such a disk cannot be ended. The
 * thread is made before the process has its filter, and owns the copy; everything else is for one
 * other thread.
 */
#ifndef PASU_RESPOND_COPIER_H
#define PASU_RESPOND_COPIER_H

#include "respond/copy.h"

enum { COPIER_BYTES_MAX = 4096 };

struct copier;

/* Takes the copy, also after an error. PASU_E_NOMEM, PASU_E_IO. */
PASU_MUST_USE int copier_new(struct copier **copier, const struct os *os, const struct copy *copy);
/* Does not wait for a write that goes on: it is left to the end of the process. NULL is allowed. */
void copier_free(struct copier *copier);
/* Readable once a write has ended, until copier_end. */
int copier_fd(const struct copier *copier);
/* Begins to write. PASU_E_AGAIN: the one before goes on, or copier_end was not asked; PASU_E_RANGE.
 */
PASU_MUST_USE int copier_begin(struct copier *copier, struct view bytes);
/* How the last write has ended, once: as copy_write. PASU_E_AGAIN: it goes on, or there was none.
 */
PASU_MUST_USE int copier_end(struct copier *copier);

#endif
