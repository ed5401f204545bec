/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subjects that a principal asked for in a day: all of them up to SAMPLE_MOST, and beyond that
 * those with the lowest hashes, which are a uniform sample of the distinct ones (bottom-k; Cohen
 * and Kaplan 2007). As the hash is the same for every principal, so is the choice: samples can be
 * united and compared, and it does not matter in which order the subjects came.
 */
#ifndef PASU_DETECT_SAMPLE_H
#define PASU_DETECT_SAMPLE_H

#include "detect/observation.h"

enum { SAMPLE_MOST = 256 };

enum { READ_SHOWN = 1, READ_MISSED = 2 };

/* The first read of a subject on that day. */
struct sample_read {
    uint64_t number, offset;
    uint32_t second; /* of the day */
    uint32_t file;
    uint8_t kind, flags;
};

struct sample {
    struct sample_read *reads; /* in order of arrival; the others stand behind, in one block */
    uint64_t *hashes;          /* of each read its subject's */
    uint16_t *table;           /* which read a subject has, one more; 0: free */
    uint64_t limit;            /* of one that is full: higher ones are left out */
    uint16_t count;            /* full: at least `capacity`, and some more until it is settled */
    uint16_t capacity;
    bool full; /* others were left out */
};

/* Of a sample of SAMPLE_MOST so many more wait until they are sorted out together. */
enum { SAMPLE_WAITING = 64 };

/* Places of the table; a power of two, or 0. */
static inline size_t
sample_places(const struct sample *s)
{
    return (size_t)s->capacity * 2;
}

static inline size_t
sample_home(const struct sample *s, uint64_t hash)
{
    return (size_t)(hash * UINT64_C(0x9E3779B97F4A7C15) >>
                    (63 - (unsigned)__builtin_ctz((unsigned)s->capacity)));
}

/* Whether it would change nothing to add the subject. */
static inline bool
sample_leaves_out(const struct sample *s, uint64_t hash)
{
    return s->full && hash > s->limit;
}

/* The subject is added soon: its place comes near. */
PASU_ALWAYS_INLINE static inline void
sample_prefetch(const struct sample *s, uint64_t hash)
{
    if (s->capacity == 0 || sample_leaves_out(s, hash))
        return;
    __builtin_prefetch(&s->table[sample_home(s, hash)], 1);
    __builtin_prefetch(&s->hashes[s->count], 1);
    __builtin_prefetch(&s->reads[s->count], 1);
}

/* And then, where it is one of those that are known, what is known of it. */
PASU_ALWAYS_INLINE static inline void
sample_prefetch_known(const struct sample *s, uint64_t hash)
{
    uint16_t read;

    if (s->capacity == 0 || sample_leaves_out(s, hash) ||
        (read = s->table[sample_home(s, hash)]) == 0)
        return;
    __builtin_prefetch(&s->hashes[read - 1]);
    __builtin_prefetch(&s->reads[read - 1], 1);
}

/* 1: it was new, 0: it was there, or is not in the sample; PASU_E_NOMEM. *held grows, unless
 * `tight`: then the sample becomes no larger than it is. */
PASU_MUST_USE int sample_add(struct sample *s, uint64_t hash, const struct sample_read *read,
                             bool tight, size_t *held);
/* Those that wait are sorted out: before anything is read of it. */
void sample_settle(struct sample *s);
void sample_release(struct sample *s, size_t *held);

/* How many distinct ones there were: exact unless full, then ± 6 %. */
double sample_distinct(const struct sample *s);

#endif
