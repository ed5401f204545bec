/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From keys to ordinals: a small integer stands for itself, every other key is looked up in the
 * subject directory, where a new one is given the next ordinal and goes into the ledger's ring
 * before the exposure that names it. One a worker; the directory behind it is shared.
 */
#ifndef PASU_GATE_ORDINALS_H
#define PASU_GATE_ORDINALS_H

#include "exposure/exposure.h"
#include "exposure/key.h"
#include "gate/known.h"
#include "postgres/key.h"

struct directory;
struct encoding;
struct recorder;

/* The directory is one for all kinds: a vocabulary may number them anew, an ordinal stays. */
enum { ORDINALS_OF_ALL_KINDS = 0 };

enum { KEY_BINARY = 1 }; /* of the protocol's formats */

/* No character of an encoding takes more of UTF-8. */
enum { ORDINALS_TEXT_SIZE = 3 * KEY_TEXT_MAX };

struct ordinals {
    struct directory *directory;
    struct recorder *recorder;
    uint32_t sealed;      /* bits of the kinds whose numbers do not stand for themselves */
    const uint8_t *slots; /* of the vocabulary's kinds in the tallies */
    /* How the session's texts are encoded (NULL: not known); and whether that may be about to
     * change: then it is not known, either. They are the session's, and change under way. NULL: as
     * they come. */
    const struct encoding *const *encoding;
    const bool *is_unsettled;
    bool is_escaped; /* texts may have been written with escapes, which are in the server's */
    /* Kinds whose persons can be of another (NULL: none), and what the index is to be asked of the
     * last key of such a kind. */
    const struct known *known;
    const struct identity_key *identity_key;
    struct known_question asked;
};

/* Whether persons of the kind can be of another. */
static inline bool
ordinals_are_known(const struct ordinals *ordinals, uint8_t kind)
{
    return ordinals->known && ordinals->known->kinds >> kind & 1;
}

/* Whether an ordinal of the identity index can be a person's of the kind: an index that was made
 * before the kind was sealed has numbers that stand for themselves. */
static inline bool
ordinals_may_be(const struct ordinals *ordinals, uint8_t kind, uint32_t ordinal)
{
    return !(ordinals->sealed >> kind & 1) || ordinal >= KEY_ORDINAL_FIRST;
}

/* For literals of a statement's text, as long as `ordinals` is: where the server's encoding is
 * another, none that can come from an escape is a key. */
struct ordinals ordinals_of_text(const struct ordinals *ordinals, struct view text,
                                 bool is_one_encoding);
/* A value in the one encoding that all are hashed in: `text` is in `space`, or is the value.
 * PASU_E_MALFORMED: it is not known which characters it is; PASU_E_RANGE: too long. */
PASU_MUST_USE int ordinals_utf8(const struct ordinals *ordinals, struct view value,
                                uint8_t space[ORDINALS_TEXT_SIZE], struct view *text);
/* One of several values that are a key together; bytes NULL: null. */
struct ordinal_part {
    struct view value;
    uint8_t type; /* enum catalog_key_type */
    int16_t format;
    const struct ordinals *as; /* how it is encoded, where it is not as the others; or NULL */
};
/* The ordinal of the key that they are (exposure/tuple.h). PASU_E_NOTFOUND: all are null; else as
 * ordinal_of. */
PASU_MUST_USE int ordinal_of_parts(struct ordinals *ordinals, uint8_t kind,
                                   const struct ordinal_part *parts, size_t count,
                                   uint32_t *ordinal);
/* The ordinal of a key. PASU_E_MALFORMED: a text of which it is not known which characters it is;
 * PASU_E_NOMEM; PASU_E_RANGE: the directory is full; PASU_E_AGAIN,
 * PASU_E_UNAVAILABLE: the ledger does not take the new entry. */
PASU_MUST_USE int ordinal_of(struct ordinals *ordinals, uint8_t kind, struct key *key,
                             uint32_t *ordinal);
/* The ordinal of a value of a type, in the protocol's text form (0) or binary form (1). As above,
 * or PASU_E_MALFORMED where it is no key. */
PASU_MUST_USE int ordinal_of_value(struct ordinals *ordinals, uint8_t kind,
                                   enum catalog_key_type type, int16_t format, struct view value,
                                   uint32_t *ordinal);

#endif
