/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That pasu is asked about people, exported from, or held is itself in the ledger, before the
 * answer: by the running guard's keeper, or, where none runs, by the command itself, under the
 * folder's lock and as its owner. Where neither can be (a copy of a ledger, a full disk), the
 * command says so on standard error, and answers.
 */
#ifndef PASU_CLI_ASKED_H
#define PASU_CLI_ASKED_H

#include "cli/ask.h"
#include "ledger/control_protocol.h"
#include "ledger/record.h"

/* A question: the command's name, and its options and operands as they were given, but for keys:
 * `key` (NULL: none) stands for the operand. What the guard's rings hold is in the ledger then. */
void asked_record(const struct ask *ask, const struct arguments *arguments, const char *key);
/* A question in words, of at most 255 bytes, without which there is no answer: 0, or an error, for
 * asked_complain. */
PASU_MUST_USE int asked_words(const struct ask *ask, const char *command, const char *words);
/* All that is recorded goes to this place. */
void asked_export(const struct ask *ask, const char *where);
/* Whether --why is there, and of at most so many bytes; or it has been complained about. */
bool asked_has_why(const struct arguments *arguments, size_t most);
/* The same of --who and --why, each of at most 255 bytes. */
bool asked_has_reason(const struct arguments *arguments);
/* Complains that an error of these has come; the exit status. */
int asked_complain(int error, const char *what);
/* Acknowledges an alert; records below `looked` are known not to. 0, or an error: as record_deed.
 */
PASU_MUST_USE int asked_acknowledge(const struct ask *ask, uint64_t alert, uint64_t looked,
                                    const char *who, const char *why);
/* Destroys the key of an entry of the directory. 0, or an error. */
PASU_MUST_USE int asked_erase(const struct ask *ask, uint32_t ordinal, const char *why);
/* Another key takes the place of the ledger's. `is_lost`: there is none, and no guard either. 0, or
 * an error: PASU_E_UNAVAILABLE: a guard runs that does not answer, or that cannot do it; as
 * rotation_aside. */
PASU_MUST_USE int asked_rotate(const struct ask *ask, const char *why, bool is_lost);
/* What was done about an incident, or a deadline of one; who asks is filled in. Signed before it
 * returns. With a guard the number of a new incident is filled in, too. 0, or an error:
 * PASU_E_NOTFOUND: there is no such incident; PASU_E_RANGE: there are too many deadlines. */
PASU_MUST_USE int asked_incident(const struct ask *ask, struct payload_incident *body);
PASU_MUST_USE int asked_clock(const struct ask *ask, struct payload_clock *body);
/* Opens the ledger to append many records, where no guard runs: this process becomes the folder's
 * owner. record_aside_close, and close *lock, at the end. 0, or an error, as of the others. */
PASU_MUST_USE int asked_open(const struct ask *ask, const struct log *log,
                             struct record_keeping *records, int *lock);
/* Places a hold, or releases the one with this number. With a guard *number is the new one's. 0, or
 * an error: nothing is held then, or released. PASU_E_NOTFOUND: no such hold. */
PASU_MUST_USE int asked_hold(const struct ask *ask, bool is_release, const char *who,
                             const char *why, uint64_t *number);
/* Registers decoys; *number: their set's. Retires a set. 0, or an error: PASU_E_RANGE: there are
 * DECOY_SETS_MAX; PASU_E_NOTFOUND: no such set, or it is retired. */
PASU_MUST_USE int asked_plant(const struct ask *ask, const struct control_decoys *decoys,
                              uint64_t *number);
PASU_MUST_USE int asked_retire(const struct ask *ask, uint64_t number, const char *who,
                               const char *why);

/* The number of the legal hold that was placed last, which no guard has said; 0: there is none, or
 * it cannot be read. */
uint64_t hold_newest(const struct ask *ask);

#endif
