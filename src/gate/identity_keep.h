/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the identity index of each place as its tables are: a thread of the catalog store's, which
 * reads the columns that `identity` names (gate/identity_reading.h) into an index in memory, and
 * puts it in the place of the one before.
 *
 * When: at first, unless there is one already, of a file; and once a table has been written to, as
 * sessions say (gate/identity_watch.h: at a transaction's end they ring) or the server has counted.
 * While a transaction that writes to a table is open, nothing that is read now would help: its end
 * is waited for.
 *
 * What it costs: all values are read each time. So that it is soon for small tables, and no burden
 * with large ones, it works one part in IDENTITY_KEEP_PART of the time, with some seconds in hand:
 * what took a minute is not done again for twenty. Until then, what was written to is looked up in
 * nothing, and counts by an upper bound.
 */
#ifndef PASU_GATE_IDENTITY_KEEP_H
#define PASU_GATE_IDENTITY_KEEP_H

#include "gate/identity_bell.h"
#include "gate/inspector_link.h"

enum {
    IDENTITY_KEEP_PART = 20,
    IDENTITY_KEEP_MESSAGE_MAX = 1 << 20, /* a row: one whose value is longer cannot be read */
};

struct catalog_place;
struct catalog_store;

/* Of a place; the thread's own. */
struct identity_keeping {
    struct inspector_link link;
    int64_t free_at;  /* monotonic: what has been read is worked off */
    int64_t retry_at; /* after a failure: not before */
    int64_t pause;    /* what it was; 0: none */
    int64_t used_at;  /* the link was */
    bool is_done;     /* there has been a look, and what could be read is in an index */
    bool is_short;    /* not all that is named could be */
    bool is_told;     /* that some cannot */
};

/* The thread: `arg` is the store. */
void *identity_keep_thread(void *store);

#endif
