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

/* Before the ledger was read for somebody: complains about a key that the directory does not know
 * and that is no number, where those of all persons of the kind that were shown (in the evidence's
 * time) are. For who would sign that this one was not. */
PASU_MUST_USE int person_check_form(struct evidence *evidence, const struct subject *subject,
                                    const char *key);

#endif
