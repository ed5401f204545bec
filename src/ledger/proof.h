/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof that an entry is in the ledger, as a text that stands alone: c2sp.org/tlog-proof@v1.
 *
 *      c2sp.org/tlog-proof@v1
 *      extra <base64>              only where there is something
 *      index <number>
 *      <base64 of a hash>          0 … 63 of them, from the leaf's sibling up
 *
 *      <the checkpoint, as it was signed>
 *
 * It proves something only together with the entry, and once the checkpoint's signature has been
 * verified: then tree_verify_inclusion with the index and hashes of the proof, and the size and
 * root of the checkpoint. `extra` is not covered by any of it.
 *
 * A text to be read is hostile. There is one text for each proof: what is read and written again is
 * the same, byte by byte. Nothing here allocates.
 */
#ifndef PASU_LEDGER_PROOF_H
#define PASU_LEDGER_PROOF_H

#include "base/bytes.h"
#include "ledger/tree.h"

enum { PROOF_HASHES_MAX = 63 };

struct proof {
    uint64_t index;
    size_t count;
    struct tree_hash hashes[PROOF_HASHES_MAX];
    struct view extra;      /* in base64, canonical; empty: there is none */
    struct view checkpoint; /* not empty, and its first line is not; else as it came */
};

/* Writes the text; `extra` are the bytes themselves, none where it is empty. PASU_E_RANGE: more
 * than PROOF_HASHES_MAX hashes; PASU_E_MALFORMED: a checkpoint that proof_parse would not take.
 * Room that does not suffice is the writer's failure. After an error nothing is written. */
PASU_MUST_USE int proof_write(struct writer *w, uint64_t index, const struct tree_hash *hashes,
                              size_t count, struct view extra, struct view checkpoint);
/* PASU_E_MALFORMED: not such a text, or one that proof_write writes otherwise. The views borrow
 * from the text. The checkpoint is not looked into. */
PASU_MUST_USE int proof_parse(struct proof *proof, struct view text);
/* The bytes of `extra`: how many, or PASU_E_RANGE where there are more than `size`. Without `bytes`
 * (NULL) only how many. */
PASU_MUST_USE ssize_t proof_extra(const struct proof *proof, uint8_t *bytes, size_t size);

#endif
