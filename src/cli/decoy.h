/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `pasu decoy` share: one for each thing that it does. */
#ifndef PASU_CLI_DECOY_H
#define PASU_CLI_DECOY_H

#include "cli/evidence.h"
#include "exposure/seal.h"

/* Each does what its operand says, with the ledger open; the exit status. */
PASU_MUST_USE int decoy_register(struct evidence *evidence, const struct arguments *arguments);
PASU_MUST_USE int decoy_match(struct evidence *evidence, const struct arguments *arguments);
/* The same of what needs only the configuration, unless it has to register: NULL then. */
PASU_MUST_USE int decoy_plant(const struct ask *ask, struct evidence *evidence,
                              const struct arguments *arguments);
PASU_MUST_USE int decoy_view(const struct ask *ask, const struct arguments *arguments);

/* The kind of subject that --kind names, or the only one; NULL after a complaint. */
const struct config_subject *decoy_subject(const struct ask *ask,
                                           const struct arguments *arguments);

/* Which of payload_decoy.values a text is. */
enum { DECOY_EMAIL, DECOY_PHONE };
/* The keyed hash of a value in its one form (cli/decoy_person.h); of "", zero. */
void decoy_value_hash(const struct seal *seal, int which, const char *form,
                      uint8_t hash[DECOY_HASH_SIZE]);

/* Persons that were planted, on their way into the ledger. */
struct decoy_batch {
    struct evidence *evidence;
    const struct arguments *arguments;
    const struct config_subject *subject;
    struct seal seal;
    struct payload_decoy *items; /* taken */
    char **keys;                 /* theirs */
    size_t count, space;
};

/* 0, or the exit status after a complaint. Release it in any case. */
PASU_MUST_USE int decoy_batch_init(struct decoy_batch *batch, struct evidence *evidence,
                                   const struct arguments *arguments,
                                   const struct config_subject *subject);
void decoy_batch_release(struct decoy_batch *batch);
/* A line that the SQL has answered. 0, or the exit status after a complaint. */
PASU_MUST_USE int decoy_batch_take(struct decoy_batch *batch, const char *line, size_t length,
                                   unsigned number);
/* Whether they may be decoys: none is one already, none is twice in it, and nobody was shown any of
 * them, as the ledger has it. 0, or the exit status after a complaint. */
PASU_MUST_USE int decoy_batch_check(struct decoy_batch *batch);
/* The same, and then registers all, in sets. 0, or the exit status after a complaint; printed. */
PASU_MUST_USE int decoy_batch_register(struct decoy_batch *batch);

#endif
