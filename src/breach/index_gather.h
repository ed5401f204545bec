/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The union of very many sets of the index: what is to be united is noted first, and then done by
 * two threads, chunk by chunk, so that what comes of a chunk's months stays in the processor's
 * cache. Sets are borrowed, from values that are valid until the index is closed.
 *
 * One maker, then index_gather_unite once. Zeroed is empty.
 */
#ifndef PASU_BREACH_INDEX_GATHER_H
#define PASU_BREACH_INDEX_GATHER_H

#include "breach/crowd.h"
#include "breach/index_month.h"

enum { GATHER_HALVES = 2 };

/* What one of the threads has of a part. */
struct gather_half {
    struct ordinals list; /* not in the crowd yet, */
    struct crowd crowd;
    struct persons *shown; /* nor in either */
    bool is_far;           /* some of the list are */
};

/* Persons that are wanted as one set: those whom parts of classes showed. */
struct gather_part {
    struct persons *shown; /* what came of it; NULL: nobody */
    size_t number;         /* from 0 on: each part has another one */
    struct gather_half halves[GATHER_HALVES];
};

void gather_part_release(struct gather_part *part);

/* Of a month's chunk, what is wanted. */
struct gather_of {
    bool is_one; /* of one principal only */
    uint32_t principal;
    uint32_t days; /* a bit each; all: whoever was there at all */
};

struct gather_waiting {
    struct gather_part *part;
    struct view persons; /* a set; empty: what of the chunk is wanted */
    struct index_stored stored;
    uint32_t first; /* of the chunk */
    struct gather_of of;
};

struct index_gather {
    struct gather_waiting *waiting;
    size_t count, space;
};

void index_gather_release(struct index_gather *gather);
/* The part must stay where it is. PASU_E_NOMEM. */
PASU_MUST_USE int index_gather_set(struct index_gather *gather, struct gather_part *part,
                                   struct view persons);
PASU_MUST_USE int index_gather_chunk(struct index_gather *gather, struct gather_part *part,
                                     const struct index_stored *stored, uint32_t first,
                                     const struct gather_of *of);
/* Each part gets its set. What was noted is in another order then. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int index_gather_unite(struct index_gather *gather, struct index *index);

#endif
