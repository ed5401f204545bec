/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chunk of a month, as a value of the index (docs/spec/index.md, "Chunks"): of each principal who
 * showed, or missed, persons with those ordinals, who they were and when they were there.
 * Principals who have many each stand by themselves, in rising order; the others are a pool.
 *
 *      length │ principals and how long each one's attendance is │ attendances │ pool
 */
#ifndef PASU_BREACH_CHUNK_BYTES_H
#define PASU_BREACH_CHUNK_BYTES_H

#include "breach/pool_bytes.h"

/* From so many persons on a principal stands by itself. */
enum { CHUNK_OWN = 256 };

/* While it is written. Zeroed is the beginning; keeps its memory. */
struct chunk_made {
    struct pack heads, bodies, body;
    uint32_t principal; /* the last one by itself */
    struct pool pool;
    struct pool_scratch scratch;
};

void chunk_release(struct chunk_made *made);
/* The next principal's. PASU_E_NOMEM. */
PASU_MUST_USE int chunk_add(struct chunk_made *made, uint32_t principal,
                            const struct attendance *attendance);
/* The next principal's, of whom there are many, as they were written. A lack of memory is told at
 * the end. */
void chunk_add_bytes(struct chunk_made *made, uint32_t principal, struct view attendance);
/* Appends the value, and begins anew. PASU_E_NOMEM. */
PASU_MUST_USE int chunk_end(struct chunk_made *made, struct pack *pack);
/* Begins anew, whatever there was. */
void chunk_clear(struct chunk_made *made);

struct chunk_walk {
    struct reader heads, bodies;
    uint32_t principal; /* the last one */
    bool is_begun;
};

void chunk_walk_begin(struct chunk_walk *walk, struct view value);
/* 1: the next principal by itself, and the attendance's bytes, borrowed; 0: there is no more;
 * PASU_E_CORRUPT. */
PASU_MUST_USE int chunk_walk_next(struct chunk_walk *walk, struct view *attendance);
/* Then: 1: the pool; 0: there is none; PASU_E_CORRUPT. */
PASU_MUST_USE int chunk_walk_pool(struct chunk_walk *walk, struct pool_view *pool);

#endif
