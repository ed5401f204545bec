/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ways of hashing several messages at once share (ledger/digest.h): the numbers of
 * SHA-256, and the way with AVX-512, which has a file of its own.
 *
 * Sixteen messages stand side by side, one in each 32-bit lane of a register: word 3 of all of them
 * in one, word 4 in the next. What the SHA instructions do for one message is done here with plain
 * additions, rotations and three-operand logic, but for sixteen: on processors whose registers of
 * 512 bits are whole that is two to three times as fast as three lanes of the SHA instructions.
 *
 * Source: FIPS 180-4. Only on x86-64.
 */
#ifndef PASU_LEDGER_DIGEST_PART_H
#define PASU_LEDGER_DIGEST_PART_H

#include "ledger/digest.h"

enum { DIGEST_BLOCK = 64, DIGEST_NODE_PREFIX = 1 };
enum { DIGEST_WIDE_LANES = 16 };

extern const uint32_t digest_constants[64]; /* 4.2.2; aligned to 16 bytes */
extern const uint32_t digest_initial[8];    /* 5.3.3 */

/* How many blocks a message of so many bytes is with what comes behind it (5.1.1). */
static inline size_t
digest_blocks(size_t length)
{
    return (length + 1 + sizeof(uint64_t) + DIGEST_BLOCK - 1) / DIGEST_BLOCK;
}

/* False where it is not compiled either. */
bool digest_wide_is_possible(void);
/* As digest_all and digest_nodes; `count` nodes of twice as many hashes. Fewer than eight are
 * slower than by any other way. */
void digest_wide_all(const struct digest_message *messages, size_t count);
void digest_wide_nodes(const struct tree_hash *hashes, size_t count, struct tree_hash *nodes);

#endif
