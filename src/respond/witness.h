/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to a witness, and what it may answer: c2sp.org/tlog-witness, add-checkpoint.
 *
 *      → old <size that it has cosigned last, 0: none>
 *        <base64 of a hash>           the proof that the checkpoint goes on from there, at most 63
 *
 *        <the checkpoint, signed by the ledger>
 *      ← 200  — <name> <base64>       cosignatures, of which only those of the known key count
 *        409  <size>                  it has cosigned another size than `old`
 *
 * Pure. Answers are hostile.
 */
#ifndef PASU_RESPOND_WITNESS_H
#define PASU_RESPOND_WITNESS_H

#include "ledger/message.h"
#include "ledger/note.h"

enum {
    WITNESS_PROOF_MAX = 63,
    WITNESS_REQUEST_MAX = 32 + WITNESS_PROOF_MAX * 45 + MESSAGE_NOTE_MAX,
    WITNESS_LINES_MAX = 1024, /* of cosignatures that are kept of one witness */
};

/* Writes the body of the request; its length, or PASU_E_RANGE. */
PASU_MUST_USE ssize_t witness_request(uint8_t request[WITNESS_REQUEST_MAX], uint64_t old,
                                      const struct tree_hash *hashes, size_t count,
                                      struct view note);
/* The body of a 409. PASU_E_MALFORMED. */
PASU_MUST_USE int witness_size(uint64_t *size, struct view answer);
/* The lines of a 200 with which the key has cosigned the note; their length. PASU_E_MALFORMED: no
 * signatures; PASU_E_NOTFOUND: none of this key; PASU_E_CORRUPT: it has not signed this note;
 * PASU_E_RANGE: more than WITNESS_LINES_MAX; PASU_E_NOMEM. */
PASU_MUST_USE ssize_t witness_cosigned(uint8_t lines[WITNESS_LINES_MAX], const struct note_key *key,
                                       struct view note, struct view answer);

#endif
