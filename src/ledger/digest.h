/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 of many short messages at once: what a verifier spends its time on.
 *
 * A processor with the SHA instructions waits for the result of each before it can go on with the
 * same message, and could do others' meanwhile; so three are hashed side by side. One with AVX-512
 * beside them can hash sixteen without those instructions; whether that is faster still is tried.
 * No library of Debian 12 does that for messages of a few hundred bytes without losing more than it
 * wins around it (bench/README.md). Where there are no such instructions OpenSSL hashes one after
 * the other.
 *
 * A digester belongs to one thread.
 */
#ifndef PASU_LEDGER_DIGEST_H
#define PASU_LEDGER_DIGEST_H

#include "ledger/tree.h"

/* By OpenSSL; three lanes of the SHA instructions; sixteen of AVX-512, where there are enough
 * messages for them, else three. */
enum digest_way { DIGEST_ONE_BY_ONE, DIGEST_LANES, DIGEST_WIDE };

struct digester {
    struct tree_hasher hasher;
    enum digest_way way; /* the fastest here; tests go the others */
};

/* A message lies where there is room behind it for what SHA-256 puts there: writing that long
 * before it is read is faster than on the way. */
enum { DIGEST_PADDING = 72 };

struct digest_message {
    uint8_t *bytes; /* with DIGEST_PADDING bytes behind `length` */
    size_t length;
    uint8_t *hash; /* TREE_HASH_SIZE bytes; in none of the messages of this call */
};

/* The errors of tree_hasher_init. */
PASU_MUST_USE int digester_init(struct digester *digester);
void digester_release(struct digester *digester);
/* Writes what comes behind a message; its bytes may be filled in later. How many bytes it has then.
 */
size_t digest_pad(uint8_t *bytes, size_t length);
/* Of messages that are padded. PASU_E_CRYPTO: the hashes are undefined then. */
PASU_MUST_USE int digest_all(struct digester *digester, const struct digest_message *messages,
                             size_t count);
/* Nodes from `count` hashes to half as many, each of two that stand beside each other: the same as
 * tree_hash_node. `nodes` may be `hashes`. */
PASU_MUST_USE int digest_nodes(struct digester *digester, const struct tree_hash *hashes,
                               size_t count, struct tree_hash *nodes);

#endif
