/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring between gate and keeper: a file in the ledger's folder, mapped shared by both. A worker
 * of the gate appends what it is about to show; the keeper takes it into the ledger. What is
 * appended survives the death of every process at once (it is in the page cache of a file), so a
 * row may leave as soon as its record is in the ring; with durability `strict` once ring_durable
 * has passed it. How durable an entry is to be, its writer says: the reader makes durable what is
 * due (`group`) with what comes together, and what is awaited (`strict`) at once, together with all
 * that is before it. Of what is neither (`os`) it says nothing.
 *
 *      file = header page │ ring 0 │ ring 1 │ …          one ring per worker, and one; at most
 * RINGS_MAX ring = head page (positions, each in a cache line of its own) │ RING_SIZE bytes of
 * entries
 *
 * One writer (the worker) and one reader (the keeper) per ring, no locks. Positions count bytes and
 * never go back, nor does a file use one twice: each start of the supervisor (ring_open) moves the
 * head on by RING_RUN, past everything that was written after the pages on the disk were, when a
 * power cut brought those back. An entry is a head (its own position, length, type, CRC-32C of all)
 * and a payload, and is never split: what does not fit before the end of the ring starts again at
 * its beginning, after a filler. It is published by the release store of `head`: a process that
 * dies in the middle of writing leaves nothing. Of a former run, entries beyond the last whole one
 * (CRC, position) are not there. The bytes are described in docs/spec/exposure-ring.md.
 *
 * Exactly once: the keeper writes entries up to a position, and that position, in one batch of the
 * ledger; only then the space is released. Whoever reads the ledger reads its segments first, then
 * each ring from the position that they name on (ledger/reader.h).
 *
 * The file is hostile to the keeper (the gate writes it): every length and position is checked.
 */
#ifndef PASU_LEDGER_RING_H
#define PASU_LEDGER_RING_H

#include "base/bytes.h"
#include "base/os.h"
#include "config/durability.h"
#include "ledger/segment.h"

#include <sys/uio.h>

enum {
    RINGS_MAX = 64,
    RING_SIZE = 4 << 20,      /* bytes of entries in one ring; a power of two */
    RING_PAYLOAD_MAX = 64984, /* with the ledger's salt still a record there */
    RING_NAME_SIZE = 64,      /* 63 bytes and a zero */
};
#define RING_RUN (UINT64_C(1) << 36)

enum ring_type {
    RING_EXPOSURE = 1, /* exposure_encode */
    RING_SHAPE,        /* u64 fingerprint, normalized SQL */
    RING_VOCABULARY,   /* vocabulary_encode */
    RING_ORDINAL,      /* struct ring_ordinal, then the sealed key: a new directory entry */
    RING_MARK,         /* struct ring_mark: a relation carries fields that no mapping names */
};

/* What an entry is in the ledger. */
enum segment_type ring_segment_type(enum ring_type type);

struct ring_file {
    uint8_t *memory; /* the mapping, or NULL */
    size_t length;
    bool is_writable;
    uint64_t id;    /* random, of this file: positions mean something only together with it */
    unsigned count; /* of rings */
};

struct ring; /* within the mapping */

/* The supervisor, while nobody else uses it: opens `name` in the folder, or makes it, with room
 * reserved on the disk for the first `rings` rings (a full disk is found here, never as a signal
 * later), and begins a new run. A file of another layout is PASU_E_CORRUPT. The descriptor, or a
 * negative error. */
PASU_MUST_USE int ring_open(const struct os *os, int directory, const char *name, unsigned rings);
/* Maps it; the descriptor is not needed any more. PASU_E_CORRUPT where the header is not ours. */
PASU_MUST_USE int ring_map(struct ring_file *file, int fd, bool is_writable);
void ring_unmap(struct ring_file *file);
/* NULL where the file has no such ring. */
struct ring *ring_get(const struct ring_file *file, unsigned index);

/* ---- the writer (one thread) ---- */
/* Appends one entry of the parts together. What is DURABILITY_OS is as durable as the next one that
 * asks for more. 0 and the position behind it; PASU_E_AGAIN: full, the keeper is behind;
 * PASU_E_RANGE: too long. Never blocks, never allocates. */
PASU_MUST_USE int ring_append(struct ring *ring, enum ring_type type, const struct iovec *parts,
                              size_t count, enum durability durability, uint64_t *position);
/* Whether the reader sleeps and must be woken (then at most once until it sleeps again): from
 * ring_sleep by anything, from ring_nap when the ring is half full, or something is awaited. */
bool ring_must_wake(struct ring *ring);
/* Everything before this position is on disk. */
uint64_t ring_durable(const struct ring *ring);

/* ---- the reader (one thread) ---- */
struct ring_entry {
    enum ring_type type;
    struct view payload; /* borrowed from the mapping until ring_release */
    uint64_t position;   /* behind it */
};
/* The entry at *position (0 at first: where the unreleased ones begin), moving it on: 1; 0: none;
 * PASU_E_CORRUPT: an entry that no writer of ours made (skip to ring_head to go on). The writer may
 * change the payload while it is looked at. */
PASU_MUST_USE int ring_read(const struct ring *ring, uint64_t *position, struct ring_entry *entry);
uint64_t ring_head(const struct ring *ring);
uint64_t ring_tail(const struct ring *ring);
/* Before ring_release of the same position, once what is before it is in the ledger, and as durable
 * there as it is to be: overwrites the directory entries, which the secret opens, with zeros. */
void ring_wipe(struct ring *ring, uint64_t position);
/* Space before the position may be used again. */
void ring_release(struct ring *ring, uint64_t position);
void ring_set_durable(struct ring *ring, uint64_t position);
/* Up to where the writer wants more on the disk than there is; 0: nowhere. */
uint64_t ring_due(const struct ring *ring);
/* The same of what somebody waits for. */
uint64_t ring_awaited(const struct ring *ring);
/* Before the reader sleeps; false: something came meanwhile, it must not. */
bool ring_sleep(struct ring *ring);
/* Before the reader waits on purpose for more to come together; false: half of it is full, or
 * something is awaited. */
bool ring_nap(struct ring *ring);
/* It is up, nobody needs to wake it. */
void ring_rise(struct ring *ring);

struct ring_ordinal {
    uint32_t ordinal;
    uint8_t kind; /* as it was sealed with; ordinals of all kinds are from one row of numbers */
    uint8_t zero[3];
    uint8_t hash[16]; /* keyed, of the key's canonical text */
};

/* A relation of one database behind one gateway carries personal fields that no mapping names; or
 * it is known no longer by what an earlier record calls it; or it will carry them, once what a
 * session has begun is done; or that is over, and what came of it is in other records. Names are
 * zero-terminated, and zero behind. */
enum ring_mark_what {
    RING_MARK_CARRIES = 1,
    RING_MARK_FORGOTTEN,
    RING_MARK_INTENDED,
    RING_MARK_OVER, /* of no relation: all with its number */
};

struct ring_mark {
    uint64_t number; /* grows: a mark that is forgotten can be in the ledger before its last one.
                        Of what is intended: the same for all of a session until it is over */
    uint64_t fields; /* bits, of the vocabulary; 0 where it is forgotten, or over */
    uint64_t kinds;
    uint32_t vocabulary;
    uint32_t relation; /* OID; 0: by its name */
    int16_t column;    /* of the relation; 0: any */
    uint8_t what;      /* enum ring_mark_what */
    uint8_t zero[5];
    char gateway[RING_NAME_SIZE], database[RING_NAME_SIZE];
    char schema[RING_NAME_SIZE], name[RING_NAME_SIZE]; /* "" with an OID; schema "": any */
    /* Records from before they came end here, and are read as if these were 0. */
    uint64_t system;       /* which server it is, as it says itself; 0: it did not */
    uint32_t database_oid; /* 0 without a system */
    uint8_t end[4];        /* 0 */
};

#endif
