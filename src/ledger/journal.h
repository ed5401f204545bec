/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: an append-only file of what happened to sessions and what they were shown, in the
 * ledger's folder. Its format is docs/spec/session-journal.md.
 *
 * A record is whole or not there: what a crash or a full disk left of one is cut off, at opening or
 * at once. Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_JOURNAL_H
#define PASU_LEDGER_JOURNAL_H

#include "base/error.h"
#include "base/os.h"
#include "ledger/ring.h"

enum { JOURNAL_PAYLOAD_MAX = 1 << 20 };

enum journal_type {
    JOURNAL_STARTED = 1, /* the keeper; no payload */
    JOURNAL_STOPPED,
    JOURNAL_OPENED,  /* struct message_session */
    JOURNAL_CLOSED,  /* struct message_closed */
    JOURNAL_REFUSED, /* struct message_refused */
    JOURNAL_KILLED,  /* struct payload_kill */
    JOURNAL_GAP,     /* struct payload_gap */
    JOURNAL_RING,    /* struct journal_ring, then its entries */
    JOURNAL_LAST = JOURNAL_RING,
};

/* What was taken from a ring in one go: the entries and the position that says so are in one
 * record, so that each entry is taken once, whatever is killed. */
struct journal_ring {
    uint32_t ring;
    uint32_t count; /* of entries */
    uint64_t file;  /* id of the ring file */
    uint64_t from, to;
};

/* In a JOURNAL_RING record, each at a multiple of 8 from the payload's start. */
struct journal_entry {
    uint32_t length; /* of the payload, which follows, and zeros up to a multiple of 8 */
    uint32_t type;   /* enum ring_type */
};

/* Up to where a ring was taken. */
struct journal_taken {
    uint64_t file, position;
};

struct journal {
    const struct os *os;
    int fd;         /* -1: not open */
    off_t end;      /* behind the last whole record */
    off_t synced;   /* what is before it was there when we opened it, or is on the disk */
    bool is_dirty;  /* appended since the last sync */
    bool is_lost;   /* a sync has failed: what is behind `synced` must be written again */
    bool is_torn;   /* bytes behind `end` could not be cut off yet */
    uint8_t *space; /* a record's */
    struct journal_taken taken[RINGS_MAX];
};

/* What journal_open found. */
struct journal_report {
    uint64_t records;
    uint64_t cut; /* bytes of an incomplete record that were cut off */
};

/* Who hears how far a long scan has come, each time some of the file has been read. */
struct journal_watch {
    void (*read)(void *arg, uint64_t done, uint64_t all); /* bytes */
    void *arg;
};

/* Opens or makes `name` in the folder. `watch` may be NULL. PASU_E_CORRUPT where the file is no
 * journal or a record in its middle is damaged; PASU_E_DISKFULL, PASU_E_DENIED, PASU_E_IO. */
PASU_MUST_USE int journal_open(struct journal *journal, const struct os *os, int directory,
                               const char *name, const struct journal_watch *watch,
                               struct journal_report *report);
/* Appends one record (in the page cache when it returns: it survives the process). On an error the
 * journal is as before and the next append tries again. */
PASU_MUST_USE int journal_append(struct journal *journal, enum journal_type type,
                                 const void *payload, size_t length);
/* Room for a payload of JOURNAL_PAYLOAD_MAX bytes, while the journal is open: appended from here it
 * is not copied again. */
uint8_t *journal_space(struct journal *journal);
/* Up to where the journal has what was in a ring of this file; 0: nothing of it. */
uint64_t journal_taken(const struct journal *journal, unsigned ring, uint64_t file);
/* Makes everything appended durable. On an error nothing since the last success is: the kernel
 * tells of a failed write once, and has forgotten by the next sync what it was. So that one writes
 * it again. PASU_E_CORRUPT where it is not to be had any more. */
PASU_MUST_USE int journal_sync(struct journal *journal);
void journal_close(struct journal *journal);

#endif
