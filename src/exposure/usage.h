/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which statements a principal has run, by their shapes (fingerprints): what is not among them is
 * used for the first time, as far as is known.
 *
 * A set of at most USAGE_MAX shapes: what finds no place in it is not remembered, and stays new
 * whenever it comes; so does what somebody makes so that it finds none. Never the other way round.
 * It is rebuilt from the ledger: usage_is_use says of which records.
 *
 * Behind a lock of its own; any thread.
 */
#ifndef PASU_EXPOSURE_USAGE_H
#define PASU_EXPOSURE_USAGE_H

#include "exposure/exposure.h"

#include <pthread.h>

enum { USAGE_MAX = 1 << 16 };

struct usage {
    pthread_mutex_t lock;
    uint64_t *shapes; /* 0: free */
    size_t size, count;
    _Atomic uint64_t *bytes; /* what it holds is counted there, too */
};

void usage_init(struct usage *usage, _Atomic uint64_t *bytes);
void usage_release(struct usage *usage);
/* `shape` is not 0. */
bool usage_has(struct usage *usage, uint64_t shape);
/* 0, also where it is there already; PASU_E_RANGE: there is no place for it; PASU_E_NOMEM. */
PASU_MUST_USE int usage_add(struct usage *usage, uint64_t shape);
/* Whether a record says that its statement was run and let pass: it showed somebody, or asked for
 * somebody, or it was known for a first use. */
bool usage_is_use(const struct exposure *exposure);

#endif
