/* SPDX-License-Identifier: Apache-2.0 */
/* What evidence.c and evidence_keys.c have in common. */
#ifndef PASU_CLI_EVIDENCE_PART_H
#define PASU_CLI_EVIDENCE_PART_H

#include "cli/evidence.h"

typedef int evidence_entry_fn(void *arg, const struct ledger_entry *entry);

/* Complains that the ledger cannot be read; the exit status. */
int evidence_complain(const struct evidence *evidence, int error);
/* Reads all of the ledger; a result of `fn` other than 0 ends it. Damaged places are noted in the
 * book, and the watch hears of all, where it `notes_damage`. */
PASU_MUST_USE int evidence_each(struct evidence *evidence, evidence_entry_fn *fn, void *arg,
                                bool notes_damage);

/* Those of the ledger, which is open. PASU_E_NOMEM, the errors of decoys_find. */
PASU_MUST_USE int evidence_read_decoys(struct evidence *evidence);

/* That it is not used, and why: "is damaged". */
void evidence_complain_index(const char *fault);
/* The index is open. The errors of index_open and of index_segments_check, of which
 * PASU_E_UNAVAILABLE: the ledger is not what it was when it was indexed, which was said; it is
 * without an index from now on. */
PASU_MUST_USE int evidence_index(struct evidence *evidence);
/* Closes it, and what is known of keys by it: before the ledger is read for long, of which its
 * writer would have to keep what is in no other reader's way. */
void evidence_forget_index(struct evidence *evidence);
/* A book and a selection without anything, but the configuration's names. PASU_E_NOMEM, … */
PASU_MUST_USE int evidence_anew(struct evidence *evidence);
/* Asks the open index, of the selection, which gives its statements to `give`; PASU_E_… of the
 * index as index_scope has them. 1: it has answered; 0: it could not, which was said where
 * something is wrong with it: all is as after evidence_anew, and the ledger is to be read; or an
 * error. */
typedef int evidence_ask_fn(struct evidence *evidence, struct ledger_entries *ledger, void *arg);
PASU_MUST_USE int evidence_ask_index(struct evidence *evidence, statement_fn *give, void *arg,
                                     evidence_ask_fn *ask, void *ask_arg);
/* No key is known. */
void evidence_forget_keys(struct evidence *evidence);

#endif
