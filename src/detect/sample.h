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
    uint64_t *hashes;          /* sorted */
    struct sample_read *reads; /* in order of arrival */
    uint8_t *place;            /* place[i]: where the read of hashes[i] is */
    uint16_t count, capacity;
    bool full; /* others were left out */
};

/* 1: it was new, 0: it was there, or is not in the sample; PASU_E_NOMEM. *held grows, unless
 * `tight`: then the sample becomes no larger than it is. */
PASU_MUST_USE int sample_add(struct sample *s, uint64_t hash, const struct sample_read *read,
                             bool tight, size_t *held);
void sample_release(struct sample *s, size_t *held);

static inline const struct sample_read *
sample_read_of(const struct sample *s, size_t i)
{
    return &s->reads[s->place[i]];
}

/* How many distinct ones there were: exact unless full, then ± 6 %. */
double sample_distinct(const struct sample *s);

#endif
