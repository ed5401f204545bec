/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several logs as one stream in the order of time. Of each log the order of its lines is kept, so
 * that what is out of order in it (servers write a request down when it ends) stays so. A log is
 * opened when its time has come, so that of a year of rotated files one is open at a time.
 */
#ifndef PASU_SCAN_MERGE_H
#define PASU_SCAN_MERGE_H

#include "scan/stream.h"

struct merge_file {
    const char *path;
    const struct dialect *dialect;
    struct stream_kept *kept; /* is taken */
    struct stream *stream; /* one that is open already; of a live `kept`, it is here afterwards */
    uint32_t number;       /* of its blocks and observations */
    int64_t first;         /* time of its first event; 0: it comes first */
    int error;             /* it cannot be opened: set before, it is left out */
};

/* Each block once, before its observations; `taken`: bytes of all files that were read. A negative
 * result ends the reading, also of the other one; a positive one ends it well, before its end. */
typedef int merge_block_fn(void *arg, struct block *block, uint64_t taken);
typedef int merge_observations_fn(void *arg, const struct observation *items, size_t count);

PASU_MUST_USE int merge_run(struct streams *streams, struct merge_file *files, size_t count,
                            merge_block_fn *block, merge_observations_fn *observations, void *arg);

#endif
