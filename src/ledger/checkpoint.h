/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints (C2SP tlog-checkpoint): what the ledger signs of itself. A signed note, whose text is
 *
 *      origin       the ledger's name, which is also the name of the key that signs
 *      tree size    how many leaves: decimal, no leading zeroes
 *      root         base64 of the 32 bytes of the Merkle tree's root (RFC 6962) at that size
 *      …            extension lines, not empty: they are kept where another log has written some,
 *                   and mean nothing here
 *
 * That a checkpoint is good says that a ledger has stood by this tree, not that it still does: who
 * has two of them must have the one proved to be the beginning of the other.
 */
#ifndef PASU_LEDGER_CHECKPOINT_H
#define PASU_LEDGER_CHECKPOINT_H

#include "ledger/note.h"
#include "ledger/signing_key.h"

enum { CHECKPOINT_ROOT = 32 };

struct checkpoint {
    struct view origin; /* borrowed, as `extension` */
    uint64_t size;
    uint8_t root[CHECKPOINT_ROOT];
    struct view extension; /* whole lines; empty where there are none */
};

/* The text of a note, hostile. PASU_E_MALFORMED also where the size is above 2^64 - 1, or 0 with
 * another root than that of the empty tree (RFC 6962, 2.1: the hash of nothing). */
PASU_MUST_USE int checkpoint_parse(struct checkpoint *checkpoint, struct view text);
/* Writes the text, without extension lines. PASU_E_MALFORMED: the origin cannot be the name of a
 * key, or there is no such tree. PASU_E_RANGE: no room. */
PASU_MUST_USE int checkpoint_print(const struct checkpoint *checkpoint, struct writer *w);

/* Writes a whole note, signed. PASU_E_MISUSE where the key does not have the origin's name or is
 * that of a witness; else as checkpoint_print and signing_key_add. */
PASU_MUST_USE int checkpoint_sign(const struct checkpoint *checkpoint,
                                  const struct signing_key *key, struct writer *w);
/*
 * A hostile note: 0 where it is a checkpoint and a key of the ledger has signed it, which is one of
 * `keys` of type NOTE_KEY_ED25519 that has the origin's name. Several may have it, one after the
 * other; which of them was the ledger's at that time is for the caller to know. Other keys are
 * witnesses; `voices`, one for each key, as of note_verify, whose errors come too. PASU_E_NOTFOUND:
 * only others have signed it. PASU_E_MALFORMED, PASU_E_RANGE.
 */
PASU_MUST_USE int checkpoint_open(struct checkpoint *checkpoint, struct view note,
                                  const struct note_key *keys, size_t count,
                                  struct note_voice *voices);

#endif
