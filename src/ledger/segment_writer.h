/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends records to the ledger's segments, in batches: what is put between begin and commit is
 * written with one call and is there as a whole or, after an error, not at all; then the writer is
 * as it was before, and the batch can be begun and put again. (Who is killed in between may leave
 * the first records of a batch; of what comes from a ring, none without the SEGMENT_TAKEN that ends
 * it.)
 *
 *      segment_begin ─▶ segment_put … ─▶ segment_commit ─▶ … ─▶ segment_sync
 *                                    └▶ segment_abort
 *
 * Committed records survive the process (page cache), synced ones a power cut. A segment that has
 * no room for a batch is synced, and another one begun, so a batch is never in two. What a crash
 * left behind the last whole record is cut off when the writer opens, unless it is more than a
 * crash can have left: see segment_writer_open. Owned by the keeper's only thread.
 *
 * With keys, payloads are encrypted, each when it is committed. An index of a segment is sealed at
 * most once, whatever fails: a segment is gone on with neither by another writer than the one that
 * made it, nor after a commit that failed; the next batch begins another one.
 */
#ifndef PASU_LEDGER_SEGMENT_WRITER_H
#define PASU_LEDGER_SEGMENT_WRITER_H

#include "ledger/segment_scan.h"

#include <sys/uio.h>

enum { SEGMENT_BATCH_MAX = 1 << 20 }; /* bytes, heads included */

struct segment_writer {
    const struct os *os;
    int directory;        /* of the segments; not ours */
    int fd;               /* -1: not open */
    uint64_t first, next; /* index of the segment's first record, and of the next committed one */
    uint64_t durable;     /* records below it are on the disk */
    off_t end, synced;    /* bytes behind the last committed, the last synced record */
    off_t reserved;       /* the file's length */
    off_t size;           /* of a segment, at most: SEGMENT_SIZE, which tests lower */
    bool is_lost;         /* a sync has failed: what is behind `synced` must be written again */
    bool is_torn;         /* bytes behind `end` could not be cut off yet */
    bool is_left;         /* nothing more goes into this segment: the next one may have its name
                             already, or a nonce could come twice */
    bool is_sealed;       /* its payloads are encrypted, */
    struct segment_cipher cipher;      /* with this, unless it is only read */
    const struct segment_keys *keys;   /* NULL: new segments are not encrypted */
    bool is_open;                      /* a batch is: between begin, and commit or abort */
    uint32_t seed;                     /* of the segment's checksums */
    const struct segment_watch *watch; /* while it opens */
    uint8_t *batch;
    size_t used, asked; /* of it; and without what encryption takes */
    uint64_t put;       /* records in the batch, */
    uint32_t pending;   /* and of these the ones from a ring that no SEGMENT_TAKEN counts yet */
};

/* What segment_writer_open found. */
struct segment_report {
    uint64_t records; /* in the newest segment */
    uint64_t cut,
        cut_end;      /* bytes of that segment which were cut off, from here to there; or none */
    uint64_t damage;  /* with PASU_E_CORRUPT: where, */
    uint64_t segment; /* and in the segment of which first index */
};

/* Who hears of each record of the newest segment that stays and is not from a ring; and, for as
 * long as something is read, of how many bytes how many have been. NULL: nobody. */
struct segment_watch {
    void (*see)(void *arg, const struct segment_record *record);
    void (*read)(void *arg, uint64_t done, uint64_t all);
    void *arg;
};

/* Opens the newest segment of the folder, or makes the first one. `known` is the size of the last
 * checkpoint (0: none): records below it, and below what a whole record says was durable, must be
 * whole. If they are not, PASU_E_CORRUPT with the place in the report, and nothing is changed; what
 * is not whole above that is cut off, and another segment begun. The keys (NULL or empty: none)
 * stay the caller's, and there until the writer is closed: the first one seals what is written from
 * here on. PASU_E_LEDGER_KEY: none of them is the newest segment's. PASU_E_DISKFULL, PASU_E_DENIED,
 * PASU_E_IO. `watch` may be NULL. */
PASU_MUST_USE int segment_writer_open(struct segment_writer *writer, const struct os *os,
                                      int directory, uint64_t known,
                                      const struct segment_keys *keys,
                                      const struct segment_watch *watch,
                                      struct segment_report *report);
/* The room that was reserved goes, too. */
void segment_writer_close(struct segment_writer *writer);

/* Begins a batch of at most so many bytes (segment_room of each payload as it is put, together, not
 * above SEGMENT_BATCH_MAX), after a new segment where this one has no room for them. */
PASU_MUST_USE int segment_begin(struct segment_writer *writer, size_t bytes);
/* One more record, of the parts together. PASU_E_RANGE: longer than SEGMENT_PAYLOAD_MAX;
 * PASU_E_AGAIN: not in this batch; PASU_E_MISUSE: no batch, or an end that does not fit what is
 * from a ring before it. Its index, and where its payload lies until commit or abort. */
PASU_MUST_USE int segment_put(struct segment_writer *writer, enum segment_type type, int64_t time,
                              const struct iovec *parts, size_t count,
                              struct segment_record *record);
/* Ends the batch, whether it succeeds or not. PASU_E_MISUSE: none was begun, or records from a ring
 * stand at its end without theirs. */
PASU_MUST_USE int segment_commit(struct segment_writer *writer);
void segment_abort(struct segment_writer *writer);

/* Makes all that is committed durable; not within a batch (PASU_E_MISUSE). On an error nothing
 * since the last success is: the kernel tells of a failed write once, and has forgotten by the next
 * sync what it was. So that one writes it again. PASU_E_CORRUPT where it is not to be had any more.
 */
PASU_MUST_USE int segment_sync(struct segment_writer *writer);

/* The payload of SEGMENT_TAKEN, as it stands in the file. */
struct segment_taken {
    uint32_t ring, count; /* records of the batch before it */
    uint64_t file;        /* id of the ring file */
    uint64_t from, to;
    uint64_t durable; /* records below it were on the disk when this was written */
};

#endif
