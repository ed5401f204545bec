/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subject directory: dense ordinals for keys that are not small integers.
 *
 * An integer below KEY_ORDINAL_FIRST stands for itself, unless its kind is sealed. All other keys
 * get an ordinal counted down from 0xffffffff, for each kind apart, so that an ordinal from
 * KEY_ORDINAL_FIRST on always means "in the directory". In memory there is only the key's keyed
 * hash; the key itself, sealed (exposure/seal.h), is in the ledger, from which the directory is
 * filled at start.
 *
 * Who gets a new ordinal must append its entry to the ledger before anything that names the
 * ordinal, and then say so (directory_recorded). Until then the entry is given to everybody who
 * asks for the key, so that nobody relies on another who may never come to it: an entry can be in
 * the ledger more than once. After a power cut the ledger can still name an ordinal that has no
 * entry. Its person stays unknown, counted as one, and directory_reserve sees to it that nobody
 * else ever gets that ordinal.
 *
 * Threads: any number. Numbers that stand for themselves take no lock; other keys one of many,
 * chosen by their hash.
 */
#ifndef PASU_EXPOSURE_DIRECTORY_H
#define PASU_EXPOSURE_DIRECTORY_H

#include "exposure/exposure.h"
#include "exposure/key.h"
#include "exposure/seal.h"

struct directory;

/* An entry, for the ledger. */
struct directory_entry {
    uint8_t hash[SEAL_HASH_SIZE];
    uint8_t sealed[SEAL_MAX];
    size_t sealed_length;
};

/* PASU_E_NOMEM, PASU_E_CRYPTO. The secret is not kept, but keys made from it are. */
PASU_MUST_USE int directory_new(struct directory **directory,
                                const uint8_t secret[SEAL_SECRET_SIZE]);
void directory_free(struct directory *directory);

/* The key of statements' fingerprints, 16 bytes; borrowed, a secret. */
const uint8_t *directory_shape_key(const struct directory *directory);

/* The ordinal of a key's canonical text (exposure/key.h). `is_sealed`: numbers do not stand for
 * themselves. 0: it is in the ledger, or needs no entry; 1: it is not yet, and *entry is filled.
 * PASU_E_RANGE: the kind's directory is full, or there is no such kind; PASU_E_NOMEM. */
PASU_MUST_USE int directory_get(struct directory *directory, uint8_t kind, struct view text,
                                bool is_sealed, uint32_t *ordinal, struct directory_entry *entry);
/* The entry with this hash is in the ledger. */
void directory_recorded(struct directory *directory, uint8_t kind,
                        const uint8_t hash[SEAL_HASH_SIZE]);
/* As directory_get, without making one: PASU_E_NOTFOUND. */
PASU_MUST_USE int directory_find(struct directory *directory, uint8_t kind, struct view text,
                                 bool is_sealed, uint32_t *ordinal);

/* An entry from the ledger, in any order; the same one may come again. PASU_E_CORRUPT: the hash has
 * another ordinal already, which it keeps. PASU_E_RANGE: not a directory's ordinal, or no such
 * kind; PASU_E_NOMEM. */
PASU_MUST_USE int directory_restore(struct directory *directory, uint8_t kind, uint32_t ordinal,
                                    const uint8_t hash[SEAL_HASH_SIZE]);
/* An ordinal that a record names: it will not be given to a new key. Others, and other kinds, are
 * ignored. */
void directory_reserve(struct directory *directory, uint8_t kind, uint32_t ordinal);

/* Bytes held. */
uint64_t directory_memory(const struct directory *directory);

/* For a command that has only the secret and the ledger's entries: the hash to look for, and what
 * an entry says. Of seal.h, with keys made for this call. */
PASU_MUST_USE int directory_hash(const uint8_t secret[SEAL_SECRET_SIZE], struct view text,
                                 uint8_t hash[SEAL_HASH_SIZE]);
PASU_MUST_USE ssize_t directory_unseal(const uint8_t secret[SEAL_SECRET_SIZE], uint8_t kind,
                                       uint32_t ordinal, const uint8_t hash[SEAL_HASH_SIZE],
                                       struct view sealed, uint8_t text[SEAL_TEXT_MAX],
                                       bool *is_cut);

#endif
