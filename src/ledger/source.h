/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a reader of the ledger gets its segments from, one after the other: of a folder that it may
 * open itself (a command), or of somebody who opens them for it (the gate, whom the supervisor
 * hands each one). Each is looked for when it is needed, so that one which was begun meanwhile is
 * found.
 */
#ifndef PASU_LEDGER_SOURCE_H
#define PASU_LEDGER_SOURCE_H

#include "ledger/segment.h"

enum source_what {
    SOURCE_BEHIND, /* the first segment that begins at this index or behind it */
    SOURCE_WITHIN, /* the one that has this index: the last that begins at it or before */
};

struct source {
    /* A descriptor, which becomes the caller's; the index of the segment's first record; and how
     * many segments there are from it on. PASU_E_NOTFOUND: there is none. PASU_E_AGAIN: not yet,
     * ask for the same again. PASU_E_IO, PASU_E_DENIED and their like. */
    int (*open)(void *arg, enum source_what what, uint64_t index, uint64_t *first, size_t *left);
    void *arg;
};

/* Of a folder of segments. Who goes to many places keeps what is in it: it is looked at again where
 * that could matter, behind the last one that is known, or where one is gone. */
struct source_folder {
    const struct os *os;
    int directory;    /* -1: there is none, and so no segment */
    bool keeps;       /* then source_folder_release is for the end */
    uint64_t *firsts; /* in order; NULL: not looked at */
    size_t count;
};

void source_folder_release(struct source_folder *folder);

/* What source.open has of a folder; `arg` is a struct source_folder. */
PASU_MUST_USE int source_open_folder(void *arg, enum source_what what, uint64_t index,
                                     uint64_t *first, size_t *left);

#endif
