/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads all that is recorded, in order: the ledger's records, decoded, and behind its end what the
 * rings still hold. For whoever asks questions (scope, subject, export) and for the gate, which
 * rebuilds its tallies and directory from it at start.
 *
 * Where segments were deleted by age, what later records refer to of them comes first (the keeper
 * has carried it over), with the times and indexes that it had. Where they are deleted while they
 * are read, it comes in the place of what was not read yet: of a mark that was given, and ended in
 * there, nobody hears any more.
 *
 * Works on the files alone, beside a running keeper or without one. Files are hostile: a damaged
 * record is PASU_E_CORRUPT with its place in ledger_reader_damage, and the reader goes on behind it
 * where it can. Entries borrow until the next call.
 */
#ifndef PASU_LEDGER_READER_H
#define PASU_LEDGER_READER_H

#include "exposure/exposure.h"
#include "exposure/vocabulary.h"
#include "ledger/message.h"
#include "ledger/payload.h"
#include "ledger/records.h"
#include "ledger/rights.h"

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
    LEDGER_CLEARED,
    LEDGER_OPENING,
    LEDGER_PRUNED, /* before the first record that is left: those before it were deleted by age */
    /* Deeds: told only to who wants them. */
    LEDGER_ASKED,
    LEDGER_ERASED,
    LEDGER_CENSUS,
    LEDGER_BYPASS,
    LEDGER_BACKEND,
    LEDGER_FINDING,
    LEDGER_RIGHT, /* told only to who wants them: `seq` and `time` are its exposure's; it can come
                     twice */
};

struct ledger_entry {
    enum ledger_entry_type type;
    uint64_t seq; /* index of the record, of LEDGER_PRUNED that of the last one that was deleted; of
                   * what is still in a ring, a number behind all of them */
    int64_t time; /* realtime ns: when it was recorded */
    bool is_in_ring; /* not in the ledger yet; of an ordinal, sealed with the ledger's secret */
    union {
        const struct message_session *opened;
        const struct message_closed *closed;
        const struct message_refused *refused;
        const struct payload_kill *killed;
        const struct payload_gap *gap;
        const struct exposure *exposure;
        const struct payload_shape *shape;
        const struct vocabulary *vocabulary;
        const struct payload_ordinal *ordinal;
        const struct ring_mark *mark;
        const struct payload_cleared *cleared;
        const struct payload_opening *opening;
        const struct payload_asked *asked;
        const struct payload_erased *erased;
        const struct message_census *census;
        const struct message_bypass *bypass;
        const struct message_backend *backend;
        const struct payload_pruned *pruned;
        const struct message_finding *finding;
        const struct right *right;
    } u;
};

struct ledger_reader;

/* From the folder (a command). PASU_E_NOTFOUND where there is no ledger, PASU_E_DENIED. */
PASU_MUST_USE int ledger_reader_open(struct ledger_reader **reader, const struct os *os,
                                     int directory);
/* With segments that are opened for us (the gate). The rings (-1: there are none) are copied now,
 * so that what the keeper takes of them from now on comes with the segments; their descriptor stays
 * the caller's. */
PASU_MUST_USE int ledger_reader_open_source(struct ledger_reader **reader, const struct os *os,
                                            struct source source, int rings);
/* What is encrypted is opened with one of these keys, which stay the caller's and there until the
 * end. Before the first entry. */
void ledger_reader_unlock(struct ledger_reader *reader, const struct segment_keys *keys);
/* Tells deeds too from now on: LEDGER_ASKED, LEDGER_ERASED. */
void ledger_reader_tell_deeds(struct ledger_reader *reader);
/* Tells LEDGER_RIGHT too from now on, of a ledger that is read from its beginning. */
void ledger_reader_tell_rights(struct ledger_reader *reader);
/* Whether an exposure is wanted: the index and the time of its record, and its session. */
typedef bool ledger_takes_fn(void *arg, uint64_t seq, int64_t time, uint64_t session);
/* From now on those that are not wanted are passed over, and not decoded; NULL: none are. What is
 * in a ring comes all the same. */
void ledger_reader_choose(struct ledger_reader *reader, ledger_takes_fn *takes, void *arg);
/* 1: an entry; 0: the end; PASU_E_CORRUPT; PASU_E_LEDGER_KEY: it is encrypted with another key;
 * PASU_E_AGAIN: of the source; PASU_E_IO, PASU_E_NOMEM. */
PASU_MUST_USE int ledger_reader_next(struct ledger_reader *reader, struct ledger_entry *entry);
/* At the end, where there are no rings: what is appended meanwhile comes next. */
void ledger_reader_follow(struct ledger_reader *reader);
/* About how many bytes were read so far, and of how many: for progress. */
void ledger_reader_progress(const struct ledger_reader *reader, uint64_t *done, uint64_t *all);
/* Where the damage is that was told last. Of the rings: behind the last record. */
const struct records_place *ledger_reader_damage(const struct ledger_reader *reader);
/* Where the last entry's record is, or the batch that it came with: reading can go on there, from
 * the batch's beginning. */
const struct records_place *ledger_reader_place(const struct ledger_reader *reader);
/* Whether the last entry was in a ring only: it is no record yet. */
bool ledger_reader_is_in_ring(const struct ledger_reader *reader);
/* The index of the first record that is there; 0, too, where there is none. The errors of the
 * source but PASU_E_NOTFOUND. */
PASU_MUST_USE int ledger_reader_first(const struct ledger_reader *reader, uint64_t *first);
/* As records_seek. */
PASU_MUST_USE int ledger_reader_seek(struct ledger_reader *reader,
                                     const struct records_place *place);
/* As records_seek_index. */
PASU_MUST_USE int ledger_reader_seek_index(struct ledger_reader *reader, uint64_t index);
void ledger_reader_close(struct ledger_reader *reader);

#endif
