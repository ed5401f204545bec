/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When sessions began and ended, by record (docs/spec/index.md, `E`), and who was known before some
 * records (`K`): who the sessions are at any record is known from those at an earlier one, and what
 * became of them since, without reading the records between.
 *
 * Values of events are of INDEX_EVENTS_SPAN records each, and who was known is noted where such a
 * span begins, so that they are the same however often the index was gone on with.
 */
#ifndef PASU_BREACH_INDEX_EVENTS_H
#define PASU_BREACH_INDEX_EVENTS_H

#include "breach/entries.h"
#include "breach/index_later.h"
#include "breach/index_names.h"
#include "breach/index_state.h"
#include "breach/ordinals.h"
#include "breach/sessions.h"

enum {
    INDEX_EVENTS_SPAN = 16384,
    INDEX_EVENTS_MORE = 8,     /* times as long as what was noted, events are before it is anew, */
    INDEX_EVENTS_LEAST = 4096, /* and this */
};

/* The last events, as they are written. Zeroed there are none. */
struct index_events {
    struct pack bytes;
    uint64_t span;   /* number of the records' span that `bytes` is of */
    uint64_t record; /* of the last event */
    int64_t time;
    struct index_noted noted;
    size_t noted_length, since; /* bytes of it, and of the events of its span and those behind */
    bool is_missing;            /* one could not be written where it belongs: it must be noted */
};

void index_events_release(struct index_events *events);
/* Goes on with those of the index, whose last record that is; who was known was noted then, or
 * later. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int index_events_load(struct index_events *events, struct index *index, uint64_t last,
                                    struct index_noted noted);
/* Before the first event of this record, and behind all of those before it: who is known may be
 * noted now. PASU_E_NOMEM. */
PASU_MUST_USE int index_events_note(struct index_events *events, struct index_later *later,
                                    const struct sessions *sessions, uint64_t record);
/* The entry is noted, and `sessions` do what it says: one that is opened gets its profile's number.
 * What comes out of the records' order is what is carried over of deleted ones: no day's records
 * are before it. PASU_E_NOMEM. */
PASU_MUST_USE int index_events_opened(struct index_events *events, struct index_later *later,
                                      struct index_names *names, struct sessions *sessions,
                                      const struct ledger_entry *entry);
PASU_MUST_USE int index_events_closed(struct index_events *events, struct index_later *later,
                                      struct sessions *sessions, const struct ledger_entry *entry);
/* The record behind this one is of an earlier time than this one, by which sessions may have been
 * forgotten. */
PASU_MUST_USE int index_events_set_back(struct index_events *events, struct index_later *later,
                                        uint64_t record, int64_t time);
/* What is still to be put. PASU_E_NOMEM. */
PASU_MUST_USE int index_events_end(struct index_events *events, struct index_later *later);

/* Who was known before record `to`, of these principals (NULL: all), and what others closed, where
 * it was noted so. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int index_events_known(struct index *index, const struct index_names *names,
                                     struct index_noted noted, uint64_t to,
                                     const struct ordinals *principals, struct sessions *sessions);
/* Does to `sessions`, which are as they were before record `from`, what happened from there on up
 * to before record `to`: to those of the principals (NULL: all), and of others that they closed.
 * PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int index_events_replay(struct index *index, const struct index_names *names,
                                      uint64_t from, uint64_t to, const struct ordinals *principals,
                                      struct sessions *sessions);
/* Which of these records closed a session that was known and had not closed. PASU_E_CORRUPT,
 * PASU_E_NOMEM. */
PASU_MUST_USE int index_events_closings(struct index *index, uint64_t from, uint64_t to,
                                        struct map *records);

#endif
