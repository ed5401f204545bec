/* SPDX-License-Identifier: Apache-2.0 */
/* What a tally is made of, for tally.c and the book that makes it. */
#ifndef PASU_EXPOSURE_TALLY_STATE_H
#define PASU_EXPOSURE_TALLY_STATE_H

#include "exposure/tally_counts.h"
#include "exposure/tally_tree.h"
#include "exposure/usage.h"

#include <pthread.h>

struct tally {
    struct usage usage;   /* has a lock of its own */
    pthread_mutex_t lock; /* of all that follows but the name */
    struct tally_tree tree;
    struct tally_counts counts;
    uint16_t *undo; /* stamps before the row that is being taken */
    size_t undo_size;
    char principal[];
};

/* `bytes` counts what the tally holds, for as long as it lives. NULL: no memory. */
struct tally *tally_new(const char *principal, _Atomic uint64_t *bytes);
void tally_free(struct tally *tally);

#endif
