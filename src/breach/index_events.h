/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When sessions began and ended, by record (docs/spec/index.md, `E`): who the sessions are at a
 * record in the middle of a day is known from those at its first record, and what became of them
 * since, without reading the records between.
 *
 * Values are of INDEX_EVENTS_SPAN records each, so that they are the same however often the index
 * was gone on with.
 */
#ifndef PASU_BREACH_INDEX_EVENTS_H
#define PASU_BREACH_INDEX_EVENTS_H

#include "breach/entries.h"
#include "breach/index_later.h"
#include "breach/index_names.h"
#include "breach/ordinals.h"
#include "breach/sessions.h"

enum { INDEX_EVENTS_SPAN = 4096 };

/* The last events, as they are written. Zeroed there are none. */
struct index_events {
    struct pack bytes;
    uint64_t span;   /* number of the records' span that `bytes` is of */
    uint64_t record; /* of the last event */
    int64_t time;
};

void index_events_release(struct index_events *events);
/* Goes on with those of the index, whose last record that is. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int index_events_load(struct index_events *events, struct index *index,
                                    uint64_t last);
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
