/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The single statements by which the likeliest sources of a leaked sample were shown its persons:
 * those that showed the most of them. Which days they are on is known from the hits
 * (breach/trace.h); their statements are read of the ledger.
 */
#ifndef PASU_BREACH_TRACE_ACCESS_H
#define PASU_BREACH_TRACE_ACCESS_H

#include "breach/index_trace.h"
#include "breach/trace_score.h"

enum {
    TRACE_SOURCES_MAX = 5,   /* whose statements are listed, */
    TRACE_ACCESSES_MAX = 20, /* so many of each, */
    TRACE_DAYS_MAX = 31,     /* of so many days of all together */
};

struct trace_access {
    uint64_t seq, session, shape;
    int64_t time;
    uint64_t persons, rows; /* of the sample; of all */
    uint16_t fields;        /* of the sample's */
    char application[APPLICATION_SIZE], address[ADDRESS_SIZE], actor[EXPOSURE_TEXT_MAX];
};

/* Of one source. */
struct trace_accesses {
    struct trace_access items[TRACE_ACCESSES_MAX]; /* the most persons first, then the earliest */
    size_t count;
    uint64_t statements;    /* that showed somebody of the sample, in what was read */
    size_t days, days_read; /* that it was shown somebody of the sample */
};

struct trace_look {
    struct trace *trace;
    const struct trace_answer *answer;
    size_t source_count;
    struct trace_accesses sources[TRACE_SOURCES_MAX];
    struct index_wanted wanted[TRACE_DAYS_MAX * TRACE_SOURCES_MAX]; /* days rise */
    size_t wanted_count;
};

/* Chooses the days. PASU_E_NOMEM. */
PASU_MUST_USE int trace_look_begin(struct trace_look *look, struct trace *trace,
                                   const struct trace_answer *answer);
/* A statement_fn; `arg` is the struct trace_look. */
PASU_MUST_USE int trace_look_take(void *arg, const struct statement *statement);

#endif
