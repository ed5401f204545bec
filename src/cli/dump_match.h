/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose values are in a file that was found: each e-mail address and telephone number of it, in all
 * spellings, is looked for in the sections of the identity index and among the decoys.
 *
 *      column                  looked for
 *      customers.phone         telephone numbers
 *      customers.email         e-mail addresses
 *      accounts.login          both: neither its name nor its field says which
 *      name, phone (two)       each number with the words around it (cli/dump_pairs.c)
 *      any other               nothing: it is said
 *
 * Whom they are of is a bitmap for each column, so memory does not grow with the file. Decoys are
 * no persons. Values are hashed and forgotten. One thread.
 */
#ifndef PASU_CLI_DUMP_MATCH_H
#define PASU_CLI_DUMP_MATCH_H

#include "breach/persons.h"
#include "cli/decoy_search.h"
#include "cli/sample_identity.h"
#include "policy/spelling.h"
#include "scan/contacts.h"

enum { DUMP_QUESTIONS = 512, DUMP_WAITING = 128, DUMP_REACH = 400 };

enum dump_looks { DUMP_EMAIL = 1, DUMP_PHONE = 2, DUMP_PAIR = 4 };

struct dump_column {
    const struct identity_section *section;
    const struct identity_name *name; /* of a mapping that shows it: its kind is the persons' */
    const char *fields[2];            /* the configuration's, of each of its columns */
    uint16_t place;                   /* of the section */
    uint8_t looks;                    /* enum dump_looks; 0: it is not looked for */
    uint8_t phone_part;               /* of a pair: which is the number */
    bool is_covered; /* of a pair: another column has its numbers alone: those that it has not are
                        in no pair */
    struct persons *persons;
    uint32_t *ordinals; /* that are not among them yet: DUMP_ORDINALS at most */
    size_t ordinal_count;
    uint64_t shared; /* values found that are several persons' */
};

/* Values as often as they stand there. What is in none of them is nobody's here. */
struct dump_values {
    uint64_t ours, shared, decoys;
};

/* A value, and what is known of it so far. */
struct dump_value {
    enum contact what;
    bool is_one, is_shared, is_decoy;
    bool is_paired; /* with a name, it is somebody's */
};

/* What stands around a number that waits, as contacts.h lends it, and how far it was looked at
 * (dump_pairs.c). */
struct dump_context {
    struct view text, before, behind; /* what is left of the last two */
    unsigned cells;                   /* that were */
};

/* Whose values are of a column, until there are many. */
enum { DUMP_ORDINALS = 1024 };

struct dump_match {
    const struct evidence *evidence;
    struct sample_identity identity;
    struct decoy_search decoys;
    struct contacts contacts;
    struct dump_column *columns;
    size_t column_count;
    struct dump_values values[2];   /* by enum contact */
    struct spellings *ways, *words; /* of the value; of a word beside it */
    /* Values of which nothing else depends wait, for many are looked up in a third of the time. */
    struct dump_value waiting[DUMP_WAITING];
    struct dump_context *contexts; /* of these; NULL: names are not looked for */
    size_t current;                /* of which questions are asked */
    size_t waiting_count;
    uint64_t shapes;     /* of all columns of numbers, as identity_shape has them; 0: any */
    bool has_bare_pairs; /* that are not covered */
    struct identity_question questions[DUMP_QUESTIONS];
    uint16_t asked[DUMP_QUESTIONS]; /* of which column, */
    uint8_t asking[DUMP_QUESTIONS]; /* for which of those that wait */
    size_t question_count;
};

/* How many persons of a kind are in it. */
struct dump_count {
    uint64_t at_least, at_most;
};

/* 0, or the exit status after a complaint. End it in any case. */
PASU_MUST_USE int dump_match_begin(struct dump_match *match, const struct evidence *evidence);
/* So many bytes were put where contacts_room says, of `contacts`. 0, or an error. */
PASU_MUST_USE int dump_match_took(struct dump_match *match, size_t count);
/* No more is read. 0, or an error. */
PASU_MUST_USE int dump_match_finish(struct dump_match *match);
void dump_match_end(struct dump_match *match);
/* The persons of a kind, by all columns that are looked for: a new set in *persons, or NULL.
 * PASU_E_NOMEM. */
PASU_MUST_USE int dump_match_persons(const struct dump_match *match, const char *kind,
                                     struct persons **persons);
/* At most: each value of several persons can be all of theirs. PASU_E_NOMEM. */
PASU_MUST_USE int dump_match_count(const struct dump_match *match, const char *kind,
                                   struct dump_count *count);
/* Whether any column is of that kind. */
bool dump_match_has_kind(const struct dump_match *match, const char *kind);
/* Values that were found, as often. */
uint64_t dump_match_found(const struct dump_match *match, enum contact what);

/* ---- what dump_pairs.c does for it ---- */

/* Answers to all questions; the values wait on. 0, or an error. */
PASU_MUST_USE int dump_match_flush(struct dump_match *match);

/* The question is of the current value, and waits. PASU_E_NOMEM. */
PASU_MUST_USE int dump_match_ask(struct dump_match *match, size_t column,
                                 struct identity_hash hash);
/* Keeps a number, as the current value, with what is around it. */
void dump_pairs_keep(struct dump_match *match, struct view text, struct view before,
                     struct view behind);
/* The numbers that wait, whose own answers are there, with the words around them. */
PASU_MUST_USE int dump_pairs_ask(struct dump_match *match);

#endif
