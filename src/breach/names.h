/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of fields and of kinds of subjects, over all vocabularies of a ledger: bit 3 of one
 * vocabulary and bit 5 of another are the same field where they have the same name.
 *
 *      vocabulary 7c01…: 0 name, 1 phone         lexicon 7c01…: 0 → 0, 1 → 1
 *      vocabulary 93aa…: 0 email, 1 name    ⇒    lexicon 93aa…: 0 → 2, 1 → 0
 *                                                names: 0 name, 1 phone, 2 email
 *
 * A number that no vocabulary explains (its record is damaged, or lies about itself) gets a name of
 * its own, "unknown-3-of-7c01…": what it counts is shown, not lost, and united with nothing.
 */
#ifndef PASU_BREACH_NAMES_H
#define PASU_BREACH_NAMES_H

#include "breach/map.h"
#include "exposure/vocabulary.h"

/* What one vocabulary's numbers are among all names. Owned by struct names, stays where it is. */
struct lexicon {
    uint32_t id;
    bool is_known;    /* its vocabulary is in the ledger (or is the configuration's) */
    bool is_in_force; /* breach/selection.h: used in the selected time */
    int32_t fields[EXPOSURE_FIELDS_MAX], kinds[EXPOSURE_KINDS_MAX]; /* -1: not asked for yet */
};

struct name_list {
    char (*items)[VOCABULARY_NAME_SIZE];
    size_t count, space;
};

struct names {
    struct name_list fields, kinds;
    struct map by_id;
    struct lexicon **lexicons;
    size_t count, space;
};

void names_release(struct names *names);
PASU_MUST_USE int names_add(struct names *names, const struct vocabulary *vocabulary);
/* The lexicon of a vocabulary, known or not. PASU_E_NOMEM. */
PASU_MUST_USE int names_lexicon(struct names *names, uint32_t id, struct lexicon **lexicon);
/* The place in names->fields of bit 0..63, in names->kinds of number 0..15; or an error. */
PASU_MUST_USE int names_field(struct names *names, struct lexicon *lexicon, unsigned bit);
PASU_MUST_USE int names_kind(struct names *names, struct lexicon *lexicon, unsigned number);
/* The place of a name, or -1. */
int name_list_find(const struct name_list *list, const char *name);
/* The bit that the vocabulary has for the field at that place, as a set: 0 where it has none. */
uint64_t lexicon_field_bit(const struct lexicon *lexicon, int field);

#endif
