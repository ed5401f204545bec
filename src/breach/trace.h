/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who was shown the persons of a leaked sample: of each principal on which days, and with which of
 * the sample's fields; and how many persons each one was shown at all, without which nothing can be
 * said of how likely it is that they saw those of the sample by chance.
 *
 *      sample: persons a b c        hits: app    a  3 May  name phone
 *                                         app    b  9 May  name
 *                                         leaver a  4 May  name phone address …
 *
 * Filled from statements (trace_take), or from the index (breach/index_trace.h); what follows from
 * it says breach/trace_score.h. Only fields that were shown clear count. Memory: a hit each, and
 * two bytes or less for each person that a principal was shown, and again on each of two days. One
 * thread.
 */
#ifndef PASU_BREACH_TRACE_H
#define PASU_BREACH_TRACE_H

#include "breach/attendance.h"
#include "breach/interner.h"
#include "breach/leaked.h"
#include "breach/selection.h"
#include "breach/sums.h"

/* A principal was shown a person of the sample, on that day. */
struct trace_hit {
    uint32_t reader; /* place among the readers */
    uint32_t person; /* of the sample */
    int32_t day;
    uint16_t fields; /* of the sample's, clear */
};

/* Persons that a reader was shown on one day, each once; a day that trace_attend tells of has those
 * twice whom statements of two classes showed. */
struct trace_day {
    int32_t day;
    uint64_t persons;
};

/* Whom a reader was shown on a day: those that have been counted. */
struct trace_lately {
    int32_t day;
    struct persons *persons;
    uint64_t count;
};

struct trace_reader {
    char name[NAME_SIZE];  /* "": sessions that were not recorded */
    struct persons *reach; /* with one of the sample's fields at least, or shown at all */
    uint64_t unknown;      /* persons that statements could not name, at most; */
    uint64_t bounded;      /* so many statements */
    struct trace_day *days;
    size_t day_count, day_space;
    struct trace_lately lately[2]; /* in any order */
    int64_t first, last;           /* of its statements about the kind */
};

/* What one vocabulary's numbers are of the sample's fields and kind, of those that were met. */
struct trace_lexicon {
    struct lexicon *lexicon;
    bool is_known;  /* as the lexicon was */
    uint64_t known; /* bits, */
    uint16_t bits[EXPOSURE_FIELDS_MAX];
    uint32_t known_kinds, kinds; /* numbers, and those that are the sample's kind */
};

struct trace {
    const struct leaked *sample;
    struct selection *selection;
    struct interner names;
    struct trace_reader *readers; /* of the name with number n at n - 1 */
    size_t reader_count, reader_space;
    struct trace_hit *hits;
    size_t hit_count, hit_space;
    struct trace_lexicon *lexicons;
    size_t lexicon_count;
    struct ordinals scratch;
    uint64_t largest_bound; /* persons that one statement can have shown at most, unnamed */
    uint64_t known;         /* persons of the kind that there are at least, whoever says so, or 0 */
    uint64_t statements;    /* that showed persons of the kind, or can have */
};

/* Both must outlive it. */
void trace_init(struct trace *trace, const struct leaked *sample, struct selection *selection);
void trace_release(struct trace *trace);
/* As it was after trace_init. */
void trace_clear(struct trace *trace);
/* The selection has another book from now on. */
void trace_forget(struct trace *trace);
/* A statement_fn; `arg` is the struct trace. PASU_E_NOMEM. */
PASU_MUST_USE int trace_take(void *arg, const struct statement *statement);

/* ---- for who fills it from elsewhere ---- */

/* The reader's place; PASU_E_NOMEM. */
PASU_MUST_USE int trace_reader(struct trace *trace, struct view name);
/* Whether a part of a statement counts: it is of the sample's kind, and shows one of its fields
 * clear (any do where it names none). 1: *fields are these; 0; PASU_E_NOMEM. */
PASU_MUST_USE int trace_part(struct trace *trace, struct lexicon *lexicon, unsigned kind,
                             uint64_t clear, uint16_t *fields);
/* Persons of one chunk of ordinals, when they were there: on these days of those that begin with
 * `first`; each call counts its own persons of a day. PASU_E_NOMEM. */
PASU_MUST_USE int trace_attend(struct trace *trace, uint32_t reader, uint16_t fields, int32_t first,
                               uint32_t days, uint32_t base, const struct attendance *attendance);
/* Persons of one day. `ordinals` rise. PASU_E_NOMEM. */
PASU_MUST_USE int trace_shown(struct trace *trace, uint32_t reader, uint16_t fields, int32_t day,
                              const uint32_t *ordinals, size_t count);
/* What statements could not name, and when they began first and last. */
void trace_bound(struct trace *trace, uint32_t reader, const struct bound *bound);
void trace_seen(struct trace_reader *reader, int64_t first, int64_t last);

#endif
