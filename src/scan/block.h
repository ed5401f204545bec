/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of a log, whole lines, and what was made of it. Made by one thread, then read by another;
 * what comes out depends on the bytes alone, not on where a log was cut.
 */
#ifndef PASU_SCAN_BLOCK_H
#define PASU_SCAN_BLOCK_H

#include "scan/dialect.h"
#include "scan/observe.h"

enum { SAMPLES = 5, SAMPLE_SHAPE = 120 };

/* A line that could not be read: where, and its shape, without what stands in it. */
struct sample {
    uint64_t offset;
    uint64_t length;
    char shape[SAMPLE_SHAPE]; /* letters are x, digits 9; what is longer is cut */
};

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
    struct sample samples[SAMPLES];
    size_t sample_count;
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
/* Reads its lines. 0, PASU_E_NOMEM; also in block->result. */
int block_parse(struct block *block, const struct dialect *dialect, struct observe_state *observer,
                block_want_fn *want, const void *arg);
/* The same of PostgreSQL's log, of which `reader` has had all before; is_last: it ends with this
 * block. */
int block_parse_server(struct block *block, struct server_reader *reader,
                       struct observe_state *observer, block_want_fn *want, const void *arg,
                       bool is_last);
/* The same of MySQL's general log. */
int block_parse_general(struct block *block, struct general_log *reader,
                        struct observe_state *observer, block_want_fn *want, const void *arg,
                        bool is_last);
/* The event at an offset of the file that lies in the block, or of the general log, who it is of;
 * false: there is none. */
PASU_MUST_USE bool block_event(struct block *block, const struct dialect *dialect, uint64_t offset,
                               struct event *event);
/* One line that was passed over, for it is too long to be held. */
void block_pass(struct block *block, uint64_t offset, uint64_t length);

#endif
