/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subject directory in the index (docs/spec/index.md, `T` and `U`): which ordinals have a key's
 * hash, and which record has an ordinal's sealed key. An ordinal's number is 2³² − 1 less it, so
 * that numbers rise as the directory gives them.
 *
 * Entries are kept by runs of 2¹⁶ numbers. A run is made as a whole, and only of what the ledger
 * has of its numbers: so it is the same however often the index was gone on with.
 */
#ifndef PASU_BREACH_INDEX_RUN_H
#define PASU_BREACH_INDEX_RUN_H

#include "exposure/seal.h"
#include "ledger/index.h"

enum {
    INDEX_RUN_BITS = 16,
    INDEX_RUN_NUMBERS = 1 << INDEX_RUN_BITS,
    INDEX_PLACES_BITS = 12, /* of numbers whose records are one value */
    INDEX_HASH_BITS = 5,    /* of the hash, by which a run is cut into values */
    INDEX_FOUND_MAX = 64,   /* entries that begin as one hash does */
};

/* Of an ordinal, the first entry, which is the one that counts (breach/keys.h). */
struct index_entry {
    uint32_t number;
    uint32_t hash; /* its first 32 bits, the first byte uppermost */
    uint64_t record;
};

static inline uint32_t
index_number_of(uint32_t ordinal)
{
    return UINT32_MAX - ordinal;
}

/* The hash's bits that the index keeps. */
uint32_t index_hash_of(const uint8_t hash[SEAL_HASH_SIZE]);

/* Adds entries whose numbers rise, all of one run, to what the index has of it; those that it has
 * stay. PASU_E_CORRUPT: what there is is none; PASU_E_NOMEM, and the errors of index_put. */
PASU_MUST_USE int index_run_add(struct index *index, const struct index_entry *entries,
                                size_t count);

/* The record of an ordinal's entry. PASU_E_NOTFOUND, PASU_E_CORRUPT. */
PASU_MUST_USE int index_run_record(struct index *index, uint32_t ordinal, uint64_t *record);
/* The ordinals whose hashes begin so: their number. PASU_E_RANGE: more than INDEX_FOUND_MAX;
 * PASU_E_CORRUPT. */
PASU_MUST_USE int index_run_find(struct index *index, uint32_t hash,
                                 uint32_t ordinals[INDEX_FOUND_MAX]);

#endif
