/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads all that is recorded, in order: the journal's records, the exposures packed in them one by
 * one, and behind the journal's end what the rings still hold. For whoever asks questions (scope,
 * subject, export) and for the gate, which rebuilds its tallies and directory from it at start.
 *
 * Works on the files alone, beside a running keeper or without one. Files are hostile: a damaged
 * record is PASU_E_CORRUPT with its offset in ledger_reader_offset, and the reader goes on behind
 * it where it can. Entries borrow until the next call.
 */
#ifndef PASU_LEDGER_READER_H
#define PASU_LEDGER_READER_H

#include "exposure/exposure.h"
#include "exposure/vocabulary.h"
#include "ledger/journal.h"
#include "ledger/payload.h"

enum ledger_entry_type {
    LEDGER_STARTED,
    LEDGER_STOPPED,
    LEDGER_OPENED,
    LEDGER_CLOSED,
    LEDGER_REFUSED,
    LEDGER_KILLED,
    LEDGER_GAP,
    LEDGER_EXPOSURE,
    LEDGER_SHAPE,
    LEDGER_VOCABULARY,
    LEDGER_ORDINAL,
    LEDGER_MARK,
};

struct ledger_entry {
    enum ledger_entry_type type;
    uint64_t seq; /* of the entry, from 1, stable: its place in the ledger */
    int64_t time; /* realtime ns: when it was recorded */
    union {
        const struct message_session *opened;
        const struct message_closed *closed;
        const struct message_refused *refused;
        const struct payload_kill *killed;
        const struct payload_gap *gap;
        const struct exposure *exposure;
        struct {
            uint64_t fingerprint;
            struct view sql;
        } shape;
        const struct vocabulary *vocabulary;
        struct {
            const struct ring_ordinal *head;
            struct view sealed;
        } ordinal;
        const struct ring_mark *mark;
    } u;
};

struct ledger_reader;

/* From the folder (a command). PASU_E_NOTFOUND where there is no journal, PASU_E_DENIED. */
PASU_MUST_USE int ledger_reader_open(struct ledger_reader **reader, const struct os *os,
                                     int directory);
/* From descriptors that were opened for us (the gate, before it is let to the network); takes
 * neither. */
PASU_MUST_USE int ledger_reader_open_fds(struct ledger_reader **reader, const struct os *os,
                                         int journal, int rings);
/* 1: an entry; 0: the end; PASU_E_CORRUPT, PASU_E_IO, PASU_E_NOMEM. */
PASU_MUST_USE int ledger_reader_next(struct ledger_reader *reader, struct ledger_entry *entry);
/* Bytes of the journal read so far, and its length: for progress. */
void ledger_reader_progress(const struct ledger_reader *reader, uint64_t *done, uint64_t *all);
uint64_t ledger_reader_offset(const struct ledger_reader *reader);
void ledger_reader_close(struct ledger_reader *reader);

#endif
