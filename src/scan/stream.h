/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One log as a row of blocks, and the threads that make them: each block is read and parsed by any
 * of them, and given out in the order of the file. With one thread the asker does it all.
 */
#ifndef PASU_SCAN_STREAM_H
#define PASU_SCAN_STREAM_H

#include "scan/block.h"
#include "scan/stream_head.h"

enum { STREAM_LINE = 64 << 20 /* what is longer is no line of a log */ };

struct streams; /* the threads, and what all streams have in common */

struct streams_options {
    const struct dialects *dialects;
    const struct observe_keys *keys;
    const struct sources *sources;
    unsigned threads; /* of the scan, 1 or more */
    size_t block;     /* bytes of a block */
    block_want_fn *want;
    const void *want_arg;
    /* Gets the events in place of an observer (block.h), with one thread; NULL: there is one. */
    block_event_fn *see;
    void *see_arg;
};

/* PASU_E_NOMEM; PASU_E_UNAVAILABLE: no threads can be had. */
PASU_MUST_USE int streams_new(struct streams **slot, const struct streams_options *options);
/* All streams must be closed. NULL is allowed. */
void streams_free(struct streams *streams);

struct stream;

/* `kept` is taken, where there is one, also where it fails. One that is live makes a live stream:
 * at the end of what is there stream_next has no more until stream_more, and a line without its end
 * waits for it. */
PASU_MUST_USE int stream_open(struct stream **slot, struct streams *streams, const char *path,
                              struct stream_kept *kept, const struct dialect *dialect,
                              uint32_t file);
/* The next block, the stream's until the next call; NULL: there is none. block->result is an error
 * of reading behind it: nothing comes after. */
struct block *stream_next(struct stream *stream);
/* Of a live stream from which all was taken: there may be more now; and, once: what is there is all
 * there will be, or, where it does not read on, what was read. */
void stream_more(struct stream *stream);
void stream_finish(struct stream *stream, bool reads_on);
bool stream_is_live(const struct stream *stream);
/* Bytes of the file that were read so far. */
uint64_t stream_taken(const struct stream *stream);
void stream_close(struct stream *stream);

#endif
