/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One log that is followed, by its name, across what rotates it:
 *
 *      renamed, and made anew    the old file is read on until it is gone, or the name rotates
 * again: its writers may not know yet copied, then truncated    read from its beginning again; what
 * was written between the last reading and the truncation is only in the copy, which nobody reads
 *      compressed                the old one's bytes under another name: not read
 *
 * So that nothing is read twice, a name that comes to name a file which another tail reads or has
 * read (access.log.1, when access.log is rotated), or a copy of one, is passed over until it names
 * another. Of a name that came while others were followed that is judged by all that was read since
 * (tail_past), whatever it is called, and without its compression: access.log-20261127.gz is
 * access.log. What begins with the same TAIL_FRONT bytes is a copy; what is shorter, only if its
 * name goes on in the other's. Something compressed is taken once nobody has written to it for
 * TAIL_REST.
 *
 * Two files at most are open, and one that nobody can open any more is let go.
 *
 * Whoever has it reads what is in `now` and `before`; tail_turn says what became of the name.
 */
#ifndef PASU_SCAN_TAIL_H
#define PASU_SCAN_TAIL_H

#include "scan/stream.h"

#include <sys/types.h>

#define TAIL_REST (2 * NANOSECONDS_PER_SECOND)

enum { TAIL_FRONT = 1024 /* bytes by which a file that was truncated, or copied, is known */ };

/* One file that the name has named. */
struct tail_file {
    struct stream_kept *kept; /* no line of it is there yet; or */
    struct stream *stream;    /* it is read */
    struct input *input;      /* of either; theirs */
    dev_t device;
    ino_t inode;
    uint32_t generation; /* how many the name has named before */
    uint8_t front[TAIL_FRONT];
    size_t front_length;
};

struct tail {
    const char *path;
    bool is_named; /* a regular file, which can be rotated; else it is read to its end */
    bool is_over;  /* nothing more comes */
    bool is_late;  /* the name came while others were followed */
    struct tail_file now, before;
    dev_t passed_device; /* what the name names, and another tail reads */
    ino_t passed_inode;
    uint8_t past[TAIL_FRONT]; /* front of the file before it was truncated or renamed */
    size_t past_length;
    uint32_t generation;
    struct stream_head head; /* of the first file, as soon as it is known */
    bool is_known;
    bool has_before, has_now; /* which of them take part in a reading */
    int error;
};

/* How a file began that was read. */
struct tail_past {
    const char *path; /* its tail's */
    uint32_t length;
    uint8_t digest[16];
};

/* What else is followed, and was. */
struct tail_others {
    struct tail *const *tails;
    size_t count;
    const struct tail_past *past;
    size_t past_count;
};

/* Of what the tail's name named before. */
struct tail_past tail_past_of(const struct tail *tail);

/* Opens it; path outlives it. An error is in tail->error, too. */
int tail_open(struct tail *tail, const char *path);
/* A name that came later: tail_turn opens it, unless it is passed over. */
void tail_expect(struct tail *tail, const char *path);
/* Whether lines of `now` can be read: then it has a stream, or kept and *head are to be made one.
 * 1, 0, the errors of reading. */
PASU_MUST_USE int tail_look(struct tail *tail, const struct dialects *dialects);
/* The same of lines of `before`, which can have been empty when it was `now`. An error ends it. */
PASU_MUST_USE int tail_look_before(struct tail *tail, const struct dialects *dialects);
/* What has become of the name? `others`: all tails. `has_changed`: the
 * name names another file, or was truncated, or nobody can open it any more; what is over has been
 * told so (stream_finish) and is `before`. PASU_E_NOMEM; other errors are in tail->error. */
PASU_MUST_USE int tail_turn(struct tail *tail, const struct tail_others *others, bool *has_changed);
void tail_close(struct tail *tail);

#endif
