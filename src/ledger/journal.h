/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session journal: an append-only file of what happened to sessions, in the ledger's folder.
 * Its format is docs/spec/session-journal.md.
 *
 * A record is whole or not there: what a crash or a full disk left of one is cut off, at opening or
 * at once. Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_JOURNAL_H
#define PASU_LEDGER_JOURNAL_H

#include "base/error.h"
#include "base/os.h"

enum { JOURNAL_PAYLOAD_MAX = 4096 };

enum journal_type {
    JOURNAL_STARTED = 1, /* the keeper; no payload */
    JOURNAL_STOPPED,
    JOURNAL_OPENED,  /* struct message_session */
    JOURNAL_CLOSED,  /* struct message_closed */
    JOURNAL_REFUSED, /* struct message_refused */
    JOURNAL_KILLED,  /* struct journal_kill */
    JOURNAL_GAP,     /* struct journal_gap */
};

/* An operator asked to end sessions. */
struct journal_kill {
    uint64_t session; /* 0: those of the principal */
    uint32_t uid;     /* of who asked */
    uint32_t pid;
    char principal[64];
};

/* Records that could not be written before this one. */
struct journal_gap {
    uint64_t count;
    int64_t since; /* realtime ns, of the first */
    int32_t error; /* of the first */
    uint32_t unused;
};

struct journal {
    const struct os *os;
    int fd;        /* -1: not open */
    off_t end;     /* behind the last whole record */
    bool is_dirty; /* appended since the last sync */
    bool is_torn;  /* bytes behind `end` could not be cut off yet */
};

/* What journal_open found. */
struct journal_report {
    uint64_t records;
    uint64_t cut; /* bytes of an incomplete record that were cut off */
};

/* Opens or makes `name` in the folder. PASU_E_CORRUPT where the file is no journal or a record in
 * its middle is damaged; PASU_E_DISKFULL, PASU_E_DENIED, PASU_E_IO. */
PASU_MUST_USE int journal_open(struct journal *journal, const struct os *os, int directory,
                               const char *name, struct journal_report *report);
/* Appends one record (in the page cache when it returns: it survives the process). On an error the
 * journal is as before and the next append tries again. */
PASU_MUST_USE int journal_append(struct journal *journal, enum journal_type type,
                                 const void *payload, size_t length);
/* Makes everything appended durable. */
PASU_MUST_USE int journal_sync(struct journal *journal);
void journal_close(struct journal *journal);

#endif
