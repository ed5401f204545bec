/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the index holds beside its units (docs/spec/index.md, table `main`): where it ends, which
 * records a day's are among, which sessions were known at a place, where the record has gaps.
 */
#ifndef PASU_BREACH_INDEX_STATE_H
#define PASU_BREACH_INDEX_STATE_H

#include "breach/day.h"
#include "breach/entries.h"
#include "breach/gaps.h"
#include "breach/index_names.h"
#include "breach/ordinals.h"
#include "breach/pack.h"

enum { INDEX_VERSION = 7 };

struct index_meta {
    bool is_uneven;     /* where statements are cut depended on more than their session */
    bool is_strange;    /* a vocabulary was used before the ledger explained it */
    bool has_keys;      /* there are entries of the subject directory */
    bool is_disordered; /* and not all of them are in the index (index_directory.h) */
    bool has_last;
    uint64_t last; /* the last record in it, and how that is known again */
    int64_t time;
    uint32_t type;
};

/* PASU_E_NOTFOUND: none, or of another version; PASU_E_CORRUPT. */
PASU_MUST_USE int index_meta_load(struct index_meta *meta, struct index *index);
/* Whether an entry is the index's last one. */
bool index_meta_is_last(const struct index_meta *meta, const struct ledger_entry *entry);
/* Goes to behind it. PASU_E_UNAVAILABLE: the index does not end where the ledger says. */
PASU_MUST_USE int index_meta_seek(const struct index_meta *meta, const struct entries *entries);
PASU_MUST_USE int index_meta_save(const struct index_meta *meta, struct index *index);

/* Records from here to there, among others; none where `from` is the greater. */
struct index_stretch {
    uint64_t from, to;
};

/* Before which record who was known was noted last (`K`); or it never was before. */
struct index_noted {
    bool is_there;
    uint64_t record;
};

struct index_day {
    int32_t day;
    uint64_t from, to;                     /* its records are from here to there, among others' */
    struct index_noted noted;              /* as it was at the first one */
    struct index_stretch parts[DAY_PARTS]; /* those of exposures, by the part of the day */
    uint64_t unknown;                      /* executions by sessions that are not known */
    uint32_t vocabulary;                   /* the last one, */
    uint64_t vocabulary_at;                /* and the record that has it last */
    struct ordinals vocabularies;          /* all */
    struct map sessions;                   /* that are not known */
    bool is_changed;
};

/* A day of which nothing is known but the first record. */
struct index_day index_day_begin(int32_t day, uint64_t from, struct index_noted noted);
/* An exposure's record is of the day. */
void index_day_add(struct index_day *day, int64_t time, uint64_t seq);
void index_day_release(struct index_day *day);
/* PASU_E_NOTFOUND, … */
PASU_MUST_USE int index_day_load(struct index_day *day, struct index *index, int32_t number);
/* Of the value that a walk has come to. */
PASU_MUST_USE int index_day_read(struct index_day *day, int32_t number, struct view bytes);
PASU_MUST_USE int index_day_save(const struct index_day *day, struct index *index);

/* The sessions that are known, as a value; all must have been marked with their profiles. A lack of
 * memory is the pack's failure. */
void index_sessions_pack(const struct sessions *sessions, struct pack *pack);
/* Replaces what `sessions` knows, by those of these principals only (NULL: by all; 0 among them: by
 * all, since who else is known decides who is not), and that others closed. PASU_E_NOTFOUND, … */
PASU_MUST_USE int index_sessions_load(struct sessions *sessions, const struct index_names *names,
                                      struct index *index, struct view key,
                                      const struct ordinals *principals);
/* Whether a session with this profile is one of those. */
bool index_sessions_wants(const struct index_names *names, uint32_t profile,
                          const struct ordinals *principals);

/* The index of the last opening's record of a list of an exposure (its record, part and which
 * list). PASU_E_NOTFOUND: it has none; PASU_E_CORRUPT, … */
PASU_MUST_USE int index_opened_load(struct index *index, const struct payload_opening *opening,
                                    uint64_t *record);

PASU_MUST_USE int index_gaps_save(const struct gaps *gaps, struct index *index);
PASU_MUST_USE int index_gaps_load(struct gaps *gaps, struct index *index);
/* Whether an index with these gaps knows of all that was deleted by age, where `first` is the index
 * of the first record that is there: else it answers what nobody is to know any more, and is made
 * anew. */
bool index_gaps_know(const struct gaps *gaps, uint64_t first);
/* The same of those of the index: 0, or PASU_E_UNAVAILABLE. Errors of index_gaps_load. */
PASU_MUST_USE int index_gaps_check(struct index *index, uint64_t first);

#endif
