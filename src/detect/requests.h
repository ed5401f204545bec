/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often each principal of an axis has asked today for anything but a person: 16 bytes each. Of
 * most principals nothing else is known, ever, so that nothing else is held of them, and when the
 * day ends all are forgotten.
 *
 * Open addressing, linear probing; keys are as those of slots.h, never 0.
 */
#ifndef PASU_DETECT_REQUESTS_H
#define PASU_DETECT_REQUESTS_H

#include "base/attributes.h"

struct request_count {
    uint64_t key; /* 0: free */
    uint64_t count;
};

struct requests {
    struct request_count *counts;
    size_t count, size; /* size: a power of two, or 0 */
};

/* The key is counted soon: its place comes near. Inlined, as slots_prefetch is. */
PASU_ALWAYS_INLINE static inline void
requests_prefetch(const struct requests *t, uint64_t key)
{
    if (t->size > 0)
        __builtin_prefetch(&t->counts[key & (t->size - 1)], 1);
}

/* Counts one more, where the key is there; false: it is not. */
static inline bool
requests_count(struct requests *t, uint64_t key)
{
    if (PASU_UNLIKELY(t->size == 0))
        return false;
    for (size_t at = key & (t->size - 1); t->counts[at].key != 0; at = (at + 1) & (t->size - 1))
        if (t->counts[at].key == key) {
            t->counts[at].count++;
            return true;
        }
    return false;
}

/* The first one of a key that is not there. 1; 0: *held would become more than `limit`, and it is
 * not counted; PASU_E_NOMEM. */
PASU_MUST_USE int requests_add(struct requests *t, uint64_t key, size_t limit, size_t *held);
uint64_t requests_of(const struct requests *t, uint64_t key);
/* Forgets all. The room is kept for the next day, unless most of it was not needed. */
void requests_clear(struct requests *t, size_t *held);
void requests_release(struct requests *t, size_t *held);

#endif
