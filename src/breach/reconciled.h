/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the record is the whole of what happened on the servers, by the servers' own count of
 * sessions: the ledger's `census` and `bypass` records, read in order.
 *
 * A stretch is a time in which the counts of one database behind one gateway can be compared, with
 * how many sessions went past pasu in it; or, with a reason, a time in which they cannot be. A
 * backend is one that was seen connected past pasu. A look-up is a session of one of pasu's own
 * commands, or a test of `pasu doctor`, which counts as none of these. A part of struct gaps, in
 * which the sessions that are proven to have gone past pasu are gaps.
 */
#ifndef PASU_BREACH_RECONCILED_H
#define PASU_BREACH_RECONCILED_H

#include "ledger/message.h"

enum {
    RECONCILED_PLACES_MAX = 200,
    RECONCILED_STRETCHES_MAX = 500,
    RECONCILED_BACKENDS_MAX = 500,
    RECONCILED_LOOKUPS_MAX = 500
};

struct reconciled_place {
    char gateway[GATEWAY_NAME_SIZE];
    char database[NAME_SIZE]; /* "": all of the gateway */
    uint32_t stretch;         /* its last one, from 1; 0: none */
    uint32_t gap;             /* of that stretch, its last in struct gaps, from 1; 0: none */
    uint64_t least_before;    /* sessions past pasu in the stretch before that gap */
    bool is_stopped;          /* pasu has ended in order, and nothing was said since */
    bool is_closed;           /* the gap is of such a time: no later one goes on with it */
};

struct reconciled_stretch {
    uint32_t place;
    enum census_what why;       /* CENSUS_COUNTED: they can be compared */
    int64_t from, to;           /* realtime ns; to 0: that is still so */
    uint64_t at_least, at_most; /* sessions past pasu; UINT64_MAX: not known */
};

struct reconciled {
    struct reconciled_place places[RECONCILED_PLACES_MAX];
    struct reconciled_stretch stretches[RECONCILED_STRETCHES_MAX];
    struct message_bypass backends[RECONCILED_BACKENDS_MAX];
    struct message_backend lookups[RECONCILED_LOOKUPS_MAX]; /* the newest; as a ring */
    uint64_t lookup_count;                                  /* of all: the next is at its rest */
    size_t place_count, stretch_count, backend_count;
    uint64_t left_out; /* what there is no room for */
};

/* More sessions are known to have gone past pasu than before. */
struct reconciled_step {
    struct reconciled_place *place; /* NULL: nothing to tell */
    int64_t from, to;
    bool is_after_stop;    /* of the time in which pasu was stopped */
    uint64_t least_before; /* in the stretch, before this */
    uint64_t at_least, at_most;
};

/* A census, or why there is none: what it says beyond the ones before. */
struct reconciled_step reconciled_census(struct reconciled *reconciled,
                                         const struct message_census *census);
/* Keeps those that commands have told of. */
void reconciled_lookup(struct reconciled *reconciled, const struct message_backend *backend);
void reconciled_bypass(struct reconciled *reconciled, const struct message_bypass *bypass);
/* The backend that it is about, or NULL. */
const struct message_bypass *reconciled_find(const struct reconciled *reconciled,
                                             const struct message_bypass *bypass);
/* Whether it concerns the time from <= t < to (0: no end). */
bool reconciled_concerns(const struct reconciled_stretch *stretch, int64_t from, int64_t to);
bool reconciled_bypass_concerns(const struct message_bypass *bypass, int64_t from, int64_t to);
/* "statistics_reset", … ; NULL where they can be compared. */
const char *reconciled_why_text(enum census_what why);

#endif
