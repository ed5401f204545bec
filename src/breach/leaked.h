/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A leaked sample: whose data it has, and of each person which fields, and from when they can be.
 * Whoever reads it (cli/sample_read.h) has found out whose it is; values are not here.
 *
 * A value that is dated (an order placed on 3 May) was not read before: of each field of a person
 * the latest such day counts. Days are of UTC, and chosen so that no access is excluded that can
 * have been the one. One thread.
 */
#ifndef PASU_BREACH_LEAKED_H
#define PASU_BREACH_LEAKED_H

#include "breach/map.h"
#include "breach/names.h"
#include "breach/persons.h"

enum { LEAKED_FIELDS_MAX = 16, LEAKED_PERSONS_MAX = 1 << 20, LEAKED_FILTER_BITS = 19 };

struct leaked_person {
    uint16_t fields;                  /* bits of the sample's */
    int32_t since[LEAKED_FIELDS_MAX]; /* of each of them, the first day; INT32_MIN: any */
    int32_t until;                    /* the last day; INT32_MAX: any */
    bool is_decoy;                    /* a made-up one: their data is nowhere but here */
};

struct leaked {
    char kind[VOCABULARY_NAME_SIZE];
    struct name_list fields; /* at most LEAKED_FIELDS_MAX */
    struct leaked_person *persons;
    size_t count, space;
    struct map places; /* ordinal → person; several may be one person's */
    uint64_t
        *filter;     /* a bit is set where somebody may be: most who are looked for are not there */
    uint64_t dated;  /* persons of whom something is */
    uint64_t decoys; /* persons who are made up; */
    struct persons *made_up; /* all that there are of the kind, in the sample or not, */
    uint64_t made_up_count;  /* with those who have no ordinal yet */
};

/* PASU_E_RANGE where the kind's name is too long. */
PASU_MUST_USE int leaked_init(struct leaked *sample, const char *kind);
void leaked_release(struct leaked *sample);
/* The field's bit, added where it is new; PASU_E_RANGE: there are too many; PASU_E_NOMEM. */
PASU_MUST_USE int leaked_field(struct leaked *sample, const char *name);
/* The place of the person who has one of these ordinals, made where there is none; all of them are
 * this person's then. PASU_E_RANGE, PASU_E_NOMEM. */
PASU_MUST_USE int leaked_person(struct leaked *sample, const uint32_t *ordinals, size_t count);
/* The person is a made-up one. */
void leaked_is_decoy(struct leaked *sample, size_t person);
/* The person's field is in the sample, of that day or later (INT32_MIN: it is not dated). */
void leaked_has(struct leaked *sample, size_t person, unsigned field, int32_t since);
/* What the sample has of the person was read on that day or before. */
void leaked_ends(struct leaked *sample, size_t person, int32_t until);
static inline uint32_t
leaked_filter_bit(uint32_t ordinal)
{
    return ordinal * UINT32_C(2654435769) >> (32 - LEAKED_FILTER_BITS);
}
/* The place of the person with that ordinal. */
static inline bool
leaked_find(const struct leaked *sample, uint32_t ordinal, uint32_t *person)
{
    uint32_t bit = leaked_filter_bit(ordinal);

    return sample->filter != NULL && (sample->filter[bit / 64] >> bit % 64 & 1) != 0 &&
           map_get(&sample->places, ordinal, person);
}
/* Which of the fields, that were shown on that day, the sample can have from there; a person of
 * whom it has no field counts as bit 0 of the answer. */
uint16_t leaked_explained(const struct leaked_person *person, uint16_t shown, int32_t day);

#endif
