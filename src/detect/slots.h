/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The principals of one axis, by their hash: 32 bytes each, as most of them (members who read
 * themselves) never need more. Who has asked for a second person has a struct principal, too.
 *
 * They lie one behind the other, in pieces that stay where they are, so that no room is taken for
 * those that are not there and none is moved when there are more. Where each one is is found by
 * open addressing, linear probing, 5 bytes a place; keys are keyed hashes mixed with a secret, so
 * that nobody can choose where theirs are.
 */
#ifndef PASU_DETECT_SLOTS_H
#define PASU_DETECT_SLOTS_H

#include "base/attributes.h"

#include <assert.h>

struct slot {
    uint64_t key;       /* 0: free */
    uint64_t subject;   /* the only one that it has asked for; 0: none yet */
    uint32_t reads;     /* of it; 0: there is no such subject */
    uint32_t requests;  /* for persons, on last_day */
    uint32_t principal; /* its place in the part's list, with SLOT_PROMOTED; before there is one,
                         * the second of asked_day at which it asked for the subject first */
    uint16_t last_day;  /* on which it asked for anybody */
    uint16_t asked_day; /* on which it asked for the subject last */
};

static_assert(sizeof(struct slot) == 32, "two in a cache line");

#define SLOT_PROMOTED (UINT32_C(1) << 31)

static inline bool
slot_is_promoted(const struct slot *slot)
{
    return (slot->principal & SLOT_PROMOTED) != 0;
}

/* Of one that is promoted. */
static inline uint32_t
slot_place(const struct slot *slot)
{
    return slot->principal & ~SLOT_PROMOTED;
}

enum {
    SLOTS_TAGS = 16 /* that are looked at together */,
    SLOTS_PIECE = 64,
    SLOTS_FIRST = 64 /* places */
};

struct slots {
    struct slot **pieces; /* of SLOTS_PIECE each, only the last one not full */
    uint32_t *places;     /* where the slot is, by key */
    uint8_t *tags;      /* of each place, 0 where it is free; SLOTS_TAGS more, those of the first */
    size_t count, size; /* size: of places, a power of two, or 0 */
};

static inline struct slot *
slots_at(const struct slots *t, size_t i)
{
    return &t->pieces[i / SLOTS_PIECE][i % SLOTS_PIECE];
}

/* The key is looked up soon: what says where its slot is comes near. Inlined, as GCC takes what
 * only fetches ahead for a function that does nothing, and leaves it out. */
PASU_ALWAYS_INLINE static inline void
slots_prefetch(const struct slots *t, uint64_t key)
{
    if (t->size == 0)
        return;
    __builtin_prefetch(&t->tags[key & (t->size - 1)]);
    __builtin_prefetch(&t->places[key & (t->size - 1)]);
}

/* The slot that is the key's, in all likelihood, and may be looked at; NULL: it has none. */
const struct slot *slots_likely(const struct slots *t, uint64_t key);
/* The slot of the key, or NULL: then *place is where it would be known by, until the table changes.
 * It stays where it is until some are forgotten. */
struct slot *slots_find(const struct slots *t, uint64_t key, size_t *place);
/* A slot for a key that has none, at the place that slots_find told; its other bytes are 0. NULL:
 * no memory. */
PASU_MUST_USE struct slot *slots_add(struct slots *t, uint64_t key, size_t place, size_t *held);
/* Bytes that one more would take. */
size_t slots_growth(const struct slots *t);
/* Bytes held beside those of slots that are used. */
size_t slots_spare(const struct slots *t);
/* Takes out the slots for which `may` says so, each asked once; how many. The others move. */
size_t slots_forget(struct slots *t, bool (*may)(void *arg, const struct slot *slot), void *arg,
                    size_t *held);
void slots_release(struct slots *t, size_t *held);

#endif
