/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The person that a command is asked about: a key, and the kind that it is a key of. What is wrong
 * is complained about here; results are exit statuses, 0 to go on.
 */
#ifndef PASU_CLI_PERSON_H
#define PASU_CLI_PERSON_H

#include "breach/subject.h"
#include "cli/evidence.h"
#include "cli/key_text.h"

/* The kind that --kind names, else the configuration's only one. (The ledger may know older ones:
 * they must be named.) */
PASU_MUST_USE int person_kind(const struct evidence *evidence, const struct arguments *arguments,
                              const char **kind);
/* Once the ledger was read: whether anybody knows of such a kind. */
PASU_MUST_USE int person_check_kind(const struct evidence *evidence, const char *kind);
/* A key stands for itself, or for what the directory has for it: gives the subject every ordinal
 * that is this person. */
PASU_MUST_USE int person_find(struct evidence *evidence, const char *key, struct subject *subject);

/* The key as the directory has it (exposure/tuple.h): `operand`, or where persons of that kind are
 * named by several values, the JSON array of them in one form, in `space`. 0, or the exit status,
 * having complained. */
PASU_MUST_USE int person_key(const struct evidence *evidence, const char *kind, const char *operand,
                             char space[KEY_OPERAND_SIZE], const char **key);

/* For who would sign that nobody of this key was shown: complains where it is no number as the
 * ledger has them, and the keys of all persons of the kind who ever were shown are. The evidence is
 * read anew, at any time, and then good for nothing but evidence_close. */
PASU_MUST_USE int person_check_form(struct evidence *evidence, const char *kind, const char *key);

#endif
