/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Openings (docs/spec/ledger.md, "Openings"): a list of persons committed to one by one, so that
 * one of them can be shown to be in it, and nobody else.
 *
 *      leaf i = SHA-256(0x00 │ 0x04 │ salt i │ ordinal i)          nodes as in ledger/tree.h
 *      salt i = the first 16 bytes of HMAC-SHA-256(seed, i)
 *
 * A person gets their own leaf's salt and the hashes beside their path: what stands beside it are
 * hashes with salts of their own, which say nothing. The seed, which all salts follow from, stays
 * in the record and is not in its entry.
 *
 * Nothing is read or written; memory is asked for lists of many (32 bytes a person).
 */
#ifndef PASU_LEDGER_OPENING_H
#define PASU_LEDGER_OPENING_H

#include "exposure/exposure.h"
#include "ledger/payload.h"

enum {
    OPENING_SALT = 16,
    OPENING_PATH_MAX = 13, /* of a list of EXPOSURE_ORDINALS_MAX */
};

/* A list of an exposure. */
struct opening_list {
    uint64_t record; /* index of the exposure's */
    uint8_t part;
    uint8_t which; /* 0 ordinals, 1 missed ones */
};

/* What proves that a person is in a list. */
struct opening_leaf {
    uint32_t number, ordinal;
    uint8_t salt[OPENING_SALT];
    size_t count;
    struct tree_hash path[OPENING_PATH_MAX];
};

/* The ordinals of the list, borrowed from the exposure, and how many. PASU_E_NOTFOUND: it has no
 * such list, or an empty one. */
PASU_MUST_USE int opening_find(const struct exposure *exposure, const struct opening_list *list,
                               const uint32_t **ordinals, size_t *count);
/* The opening of a list, whose seed is in *opening already. PASU_E_NOTFOUND as above; PASU_E_NOMEM,
 * PASU_E_CRYPTO. */
PASU_MUST_USE int opening_make(struct payload_opening *opening, struct tree_hasher *hasher,
                               const struct exposure *exposure, const struct opening_list *list);
/* The leaf of the list's ordinal with that number. PASU_E_RANGE: it has fewer; PASU_E_NOTFOUND as
 * above; PASU_E_CORRUPT: the opening is not that of this list. */
PASU_MUST_USE int opening_prove(struct opening_leaf *leaf, struct tree_hasher *hasher,
                                const struct payload_opening *opening,
                                const struct exposure *exposure, uint32_t number);
/* 0: the leaf is in the opening. PASU_E_RANGE, PASU_E_CORRUPT: that is not proved. */
PASU_MUST_USE int opening_verify(struct tree_hasher *hasher, const struct payload_opening *opening,
                                 const struct opening_leaf *leaf);

#endif
