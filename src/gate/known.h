/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persons of one kind who are persons of another, too: the recipient of a parcel who is a customer
 * (`known_as` of the configuration). Whose key's values are those of exactly one of the others
 * counts as that one; whose are nobody's of them, as one of its own kind. Both is known of the
 * identity index alone, and only as long as that is as its table is. Where it is not known, or
 * several have the values, a record holds both readings: at most so many of the one kind, and at
 * most so many of the other, and names nobody; budgets count the person once, by its own key.
 *
 * Made with settings, immutable.
 */
#ifndef PASU_GATE_KNOWN_H
#define PASU_GATE_KNOWN_H

#include "exposure/exposure.h"
#include "exposure/identity.h"

struct config;

struct known_kind {
    uint8_t as;                         /* the other kind; both are the vocabulary's numbers */
    uint8_t count;                      /* of values that must agree */
    uint8_t parts[IDENTITY_VALUES_MAX]; /* which of the key's values they are */
    uint8_t definition[IDENTITY_DEFINITION_SIZE]; /* of the index's columns */
};

struct known {
    uint32_t kinds; /* bits of those that are known as others */
    struct known_kind of[EXPOSURE_KINDS_MAX];
};

/* What the index is to be asked of a person. */
struct known_question {
    enum {
        KNOWN_UNASKED, /* it was not seen which values the key has */
        KNOWN_NOBODY,  /* a value is missing: nobody's agree */
        KNOWN_HASHED,
    } state;
    struct identity_hash hash;
};

void known_init(struct known *known, const struct config *config);
/* The kinds that persons of these can be, beside their own. */
uint64_t known_others(const struct known *known, uint64_t kinds);
/* The question for a person of a kind that is known as another: all values of the key, canonical
 * (exposure/key.h) and in UTF-8; bytes NULL: null. */
void known_ask(struct known_question *question, const struct known_kind *kind,
               const struct identity_key *key, const struct view *values, size_t count);

#endif
