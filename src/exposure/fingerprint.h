/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fingerprints: a bundle of slow, keyed hashes by which a platform recognises values of leaked data
 * and from which it cannot list them. docs/spec/fingerprint.md has what that holds against, what it
 * does not, and the layout.
 *
 *      value ─▶ BLAKE2b, keyed ─▶ Argon2id ─▶ prefix │ suffix      bucket[prefix] has suffix?
 *
 * A bundle is made whole, written, and never changed; buckets have all the same number of entries.
 * Whoever opens one gets it checked, or an error. Immutable once open, any thread. Keys are
 * secrets: whoever has one releases it.
 */
#ifndef PASU_EXPOSURE_FINGERPRINT_H
#define PASU_EXPOSURE_FINGERPRINT_H

#include "base/bytes.h"

enum {
    FINGERPRINT_SECRET_SIZE = 32,
    FINGERPRINT_SALT_SIZE = 16,
    FINGERPRINT_FOR_SIZE = 64,
    FINGERPRINT_HEAD_SIZE = 128,
    FINGERPRINT_ENTRY_SIZE = 4,
    FINGERPRINT_TAG_SIZE = 32, /* of the tag, and of the check behind it */
    FINGERPRINT_BITS_MAX = 20,
    FINGERPRINT_LEAST = 1024, /* entries of a bucket */
    FINGERPRINT_ROOM_MAX = 1 << 24,
    FINGERPRINT_PASSES_MAX = 16,
    FINGERPRINT_MEMORY_MIN = 8, /* KiB */
    FINGERPRINT_MEMORY_MAX = 1 << 20,
    FINGERPRINT_KEY_TEXT_SIZE = 256,
    FINGERPRINT_NAME_SIZE = 2 * FINGERPRINT_SALT_SIZE + 1,
};

enum fingerprint_form { FINGERPRINT_VALUES = 1, FINGERPRINT_PAIRS = 2 };

/* What hashes are made by; the bundle and its key have the same. */
struct fingerprint_terms {
    enum fingerprint_form form;
    uint32_t bits;           /* of the prefix */
    uint32_t passes, memory; /* Argon2id; KiB */
    uint8_t salt[FINGERPRINT_SALT_SIZE];
};

struct fingerprint_key {
    struct fingerprint_terms terms;
    uint8_t secret[FINGERPRINT_SECRET_SIZE];
    uint8_t value_key[32], tag_key[32]; /* made from it */
};

struct fingerprint_bundle {
    struct fingerprint_terms terms;
    uint32_t room;      /* entries of a bucket */
    uint32_t questions; /* that are answered in 24 hours */
    int64_t made;       /* seconds since 1970 */
    char whom[FINGERPRINT_FOR_SIZE];
    uint8_t *bytes; /* the whole file; owned */
    size_t size;
};

/* ---- keys ---- */

/* A new secret and salt; bits are 0 so far. PASU_E_RANGE: the cost is out of bounds; PASU_E_CRYPTO.
 */
PASU_MUST_USE int fingerprint_key_new(struct fingerprint_key *key, enum fingerprint_form form,
                                      uint32_t passes, uint32_t memory);
/* The line that it is kept as, with its newline. */
void fingerprint_key_write(const struct fingerprint_key *key, char text[FINGERPRINT_KEY_TEXT_SIZE]);
/* PASU_E_MALFORMED: it is none; PASU_E_NOTFOUND: of another version; PASU_E_CRYPTO. */
PASU_MUST_USE int fingerprint_key_read(struct fingerprint_key *key, struct view text);
void fingerprint_key_release(struct fingerprint_key *key);
/* The salt in hexadecimal digits: what the bundle is called by. */
void fingerprint_name(const struct fingerprint_terms *terms, char name[FINGERPRINT_NAME_SIZE]);
const char *fingerprint_form_text(enum fingerprint_form form);

/* ---- hashes ---- */

/* What a value is kept as until there is time for the rest: nothing without the key. */
struct fingerprint_inner {
    uint8_t bytes[32];
};
void fingerprint_inner_of(const struct fingerprint_key *key, struct view value,
                          struct fingerprint_inner *inner);
/* Of so many, with that many threads (1 to 64), each of which takes terms.memory of memory:
 * hashes[i] is of values[i]. PASU_E_NOMEM. */
PASU_MUST_USE int fingerprint_hash(const struct fingerprint_key *key,
                                   const struct fingerprint_inner *values, uint64_t *hashes,
                                   size_t count, unsigned threads);
static inline uint32_t
fingerprint_prefix(const struct fingerprint_terms *terms, uint64_t hash)
{
    return terms->bits == 0 ? 0 : (uint32_t)(hash >> (64 - terms->bits));
}
static inline uint32_t
fingerprint_suffix(const struct fingerprint_terms *terms, uint64_t hash)
{
    return (uint32_t)(hash << terms->bits >> 32);
}

/* ---- bundles ---- */

/* Of these hashes, which are sorted and made unique (*count) here. The key's bits become the
 * bundle's. `whom` is cut to fit. PASU_E_NOMEM, PASU_E_RANGE: too many; PASU_E_CRYPTO. Release it.
 */
PASU_MUST_USE int fingerprint_bundle_make(struct fingerprint_bundle *bundle,
                                          struct fingerprint_key *key, uint64_t *hashes,
                                          size_t *count, const char *whom, uint32_t questions,
                                          int64_t made);
/* Checks bytes of memory_new, which are the bundle's then; after an error they are the caller's.
 * `key` may be NULL: the tag is not looked at. PASU_E_NOTFOUND: it is no bundle, or of another
 * version; PASU_E_CORRUPT; PASU_E_DENIED: the key is another bundle's. */
PASU_MUST_USE int fingerprint_bundle_take(struct fingerprint_bundle *bundle, uint8_t *bytes,
                                          size_t size, const struct fingerprint_key *key);
void fingerprint_bundle_release(struct fingerprint_bundle *bundle);
bool fingerprint_bundle_has(const struct fingerprint_bundle *bundle, uint64_t hash);
/* The entry of a bucket; both below their bounds. */
uint32_t fingerprint_bundle_entry(const struct fingerprint_bundle *bundle, uint32_t prefix,
                                  uint32_t place);
/* The chance that a value which is not in it is taken for one that is. */
double fingerprint_bundle_chance(const struct fingerprint_bundle *bundle);
/* For who writes bundles byte by byte, in tests: the check over what is before it. */
void fingerprint_check_of(const uint8_t *bytes, size_t size, uint8_t check[FINGERPRINT_TAG_SIZE]);

#endif
