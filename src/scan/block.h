/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of a log, whole lines, and what was made of it. Made by one thread, then read by another;
 * what comes out depends on the bytes alone, not on where a log was cut.
 */
#ifndef PASU_SCAN_BLOCK_H
#define PASU_SCAN_BLOCK_H

#include "scan/dialect.h"
#include "scan/observe.h"

/* Which observations are kept; NULL: all of them. */
typedef bool block_want_fn(const void *arg, const struct observation *observation);

/* Who an event of the general log was of. */
struct block_names {
    uint64_t offset;
    int64_t time;
    uint8_t length[3];
    uint8_t text[3][GENERAL_NAME]; /* account, address, session */
};

struct block {
    uint8_t *bytes, *scratch; /* the same size */
    size_t length, size;
    uint64_t offset; /* of the first byte, in the file as it is without compression */
    uint32_t file;
    struct observation *items;
    struct observed_more *more; /* of each one, where some are wanted */
    size_t count, space, taken;
    uint64_t lines, unparsed, unmatched; /* unmatched: statements (observe.h) */
    struct unread unread;
    struct line_memory *memory;   /* of its dialect, for as long as the block is */
    struct server_reader *reader; /* of block_event; NULL: not needed yet */
    struct block_names *names;    /* whose events are, where no line says it by itself */
    size_t names_count, names_space;
    int result; /* of reading or parsing it */
};

/* PASU_E_NOMEM. */
PASU_MUST_USE int block_init(struct block *block, size_t size);
PASU_MUST_USE int block_grow(struct block *block, size_t size);
void block_release(struct block *block);
/* The block begins anew, as part of `file`. */
void block_clear(struct block *block, uint32_t file, uint64_t offset);
/* What reads the log of a serial dialect, and has had all before; both NULL: another dialect. */
struct block_readers {
    struct server_reader *server;
    struct general_log *general;
    bool is_last; /* the log ends with this block */
};

/* Gets each event, in order. 1; 0: it cannot be judged, its line counts as not read; an error ends
 * the reading. */
typedef int block_event_fn(void *arg, const struct event *event, uint64_t offset);
/* Its lines, and what of them could not be read, are counted in it. 0, or the error; also in
 * block->result. */
int block_each(struct block *block, const struct dialect *dialect,
               const struct block_readers *readers, block_event_fn *see, void *arg);
/* The same; what the observer makes of them is in the block then. 0, PASU_E_NOMEM. */
int block_parse(struct block *block, const struct dialect *dialect,
                const struct block_readers *readers, struct observe_state *observer,
                block_want_fn *want, const void *arg);
/* The event at an offset of the file that lies in the block, or of the general log, who it is of;
 * false: there is none. */
PASU_MUST_USE bool block_event(struct block *block, const struct dialect *dialect, uint64_t offset,
                               struct event *event);
/* One line that was passed over, for it is too long to be held. */
void block_pass(struct block *block, uint64_t offset, uint64_t length);

#endif
