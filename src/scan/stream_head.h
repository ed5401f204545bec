/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front of a log: what it is compressed with, how its lines are to be read, and when it begins.
 * A log that can be read once only (a pipe), or that goes on, is kept open with what was read of
 * it.
 */
#ifndef PASU_SCAN_STREAM_HEAD_H
#define PASU_SCAN_STREAM_HEAD_H

#include "scan/dialect.h"
#include "scan/input.h"
#include "scan/observe.h"

enum { STREAM_HEAD = 256 << 10 /* bytes by which a dialect is found */ };

struct stream_head {
    struct dialect dialect;
    enum codec_kind codec;
    int64_t first;                  /* time of its first event; 0: there is none in the head */
    uint64_t size;                  /* as it lies there; 0: nobody knows */
    uint8_t digest[OBSERVE_SECRET]; /* of its bytes */
    bool is_again;                  /* it can be opened again */
};

struct stream_kept; /* an input with its head */

/* Opens a log and looks at its front. *kept: for a log that can be opened only once; else NULL. The
 * errors of input_open and input_read. */
PASU_MUST_USE int stream_look(struct stream_head *head, struct stream_kept **kept, const char *path,
                              const struct dialects *dialects);
/* Opens a log that goes on (input_open_live), and reads nothing. */
PASU_MUST_USE int stream_await(struct stream_kept **kept, const char *path);
/*
 * Reads of it what is there. 1: a line is there, or as many bytes as a head has, or nothing more
 * comes, and *head says what it is; `known`, where it is not NULL, is the dialect of one in which
 * nothing is found. 0: not yet. The errors of input_read.
 */
PASU_MUST_USE int stream_look_on(struct stream_head *head, struct stream_kept *kept,
                                 const struct dialects *dialects, const struct dialect *known);
bool stream_kept_is_live(const struct stream_kept *kept);
/* What is there is all there will be. */
void stream_kept_finish(struct stream_kept *kept);
struct input *stream_kept_input(struct stream_kept *kept); /* kept's */
/* The next bytes of its head; 0: there are no more. */
size_t stream_kept_take(struct stream_kept *kept, uint8_t *to, size_t room);
void stream_kept_free(struct stream_kept *kept); /* NULL is allowed */

#endif
