/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom principals with few persons each showed, or missed, all together: of one chunk of ordinals
 * and part of a class, person by person, as bytes of the index (docs/spec/index.md, "Chunks"). So
 * one person is found in one place, however many principals there are.
 *
 *      principals │ persons, some several times │ which principal each │ when each was there
 *
 * Ordinals are less the chunk's first. Bytes are hostile: who reads checks what it touches. Pure.
 */
#ifndef PASU_BREACH_POOL_BYTES_H
#define PASU_BREACH_POOL_BYTES_H

#include "breach/attendance.h"

struct pool {
    struct ordinals principals;   /* rising */
    struct ordinals persons, who; /* of each the principal's place among them */
    struct moments moments;
};

struct pool_scratch {
    struct moments_scratch moments;
    struct pool sorted;
    struct ordinals numbers;
    uint64_t *items;
    size_t space;
};

void pool_release(struct pool *pool);
void pool_clear(struct pool *pool);
void pool_scratch_release(struct pool_scratch *scratch);

/* Adds a principal behind all others, and whom they have. PASU_E_NOMEM. */
PASU_MUST_USE int pool_add(struct pool *pool, uint32_t principal,
                           const struct attendance *attendance);
/* Nothing of an empty one. PASU_E_NOMEM. */
PASU_MUST_USE int pool_write(const struct pool *pool, struct pack *pack,
                             struct pool_scratch *scratch);

struct pool_view {
    struct reader principals; /* numbers, as steps */
    size_t principal_count;
    struct view persons, who; /* as numbers of so many bits: */
    size_t count;
    unsigned bits;
    struct moments_view moments;
};

/* PASU_E_CORRUPT, as in all that follow. */
PASU_MUST_USE int pool_view_of(struct pool_view *view, struct view bytes);
/* All of it into an empty one, ordered as pool_add makes it. PASU_E_NOMEM. */
PASU_MUST_USE int pool_read(struct pool *pool, const struct pool_view *view,
                            struct pool_scratch *scratch);
/* Adds to an attendance whom the principal at that place has; `at` is where they begin, or goes
 * there: 0 for the first principal. Of a pool that was read. PASU_E_NOMEM. */
struct pool_place {
    size_t entry, part;
};
PASU_MUST_USE int pool_take(const struct pool *pool, size_t principal, struct pool_place *at,
                            struct attendance *attendance);
/* Appends those whom any principal has, or (is_one) that one; on one of the days (UINT32_MAX: at
 * all); each plus `base`, as often as they are there. PASU_E_NOMEM. */
PASU_MUST_USE int pool_list(const struct pool_view *view, bool is_one, uint32_t principal,
                            uint32_t days, uint32_t base, struct ordinals *persons,
                            struct pool_scratch *scratch);
/* Gets each principal who has the person. Other than 0 ends it and is given on. */
typedef int pool_fn(void *arg, uint32_t principal, uint32_t days,
                    const uint8_t by_day[DAYS_OF_MONTH]);
PASU_MUST_USE int pool_find(const struct pool_view *view, uint32_t ordinal, pool_fn *see,
                            void *arg);

#endif
