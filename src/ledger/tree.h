/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree over the ledger's entries: hashes, roots and proofs, as RFC 9162 section 2.1 has
 * them (RFC 6962 has the same). Pure: no files, no clock, no allocations of ours.
 *
 *      leaf = SHA-256(0x00 │ entry)            node = SHA-256(0x01 │ left │ right)
 *
 *      height 2          n(2,0)
 *                       /      \               n(height, index) is the root of the 2^height leaves
 *             1     n(1,0)    n(1,1)    ·      from index × 2^height on; of a tree of 7 leaves the
 *                   /    \    /    \   / \     frontier is n(2,0), n(1,2), n(0,6), a node for each
 *             0    0      1  2      3 4   5 6  bit of the size that is set
 *
 * A node of a full subtree never changes once it is there, whatever is added. That is why a
 * frontier (at most 64 hashes) is all that is needed to go on, and why proofs at any former size
 * can be made from a source of such nodes.
 *
 * Sizes and indexes are any 64-bit numbers, proofs any bytes: a verifier answers with an error,
 * never with a crash. Nothing here knows whether a root is the right one: that is what a signed
 * checkpoint says.
 *
 * A hasher belongs to one thread; all else is the caller's memory.
 */
#ifndef PASU_LEDGER_TREE_H
#define PASU_LEDGER_TREE_H

#include "base/bytes.h"

#include <openssl/types.h>
#include <sys/uio.h>

enum {
    TREE_HASH_SIZE = 32,
    TREE_HEIGHTS = 64,       /* of full subtrees that a tree of 64-bit size can have */
    TREE_INCLUSION_MAX = 64, /* hashes in a proof */
    TREE_CONSISTENCY_MAX = 65,
};

struct tree_hash {
    uint8_t bytes[TREE_HASH_SIZE];
};

/* ---- hashes ---- */
/* Fetched once, used for every hash. OpenSSL 3.0 makes and frees the state of each digest on its
 * heap (112 bytes, about 40 ns); no call of EVP avoids that. */
struct tree_hasher {
    EVP_MD *sha256;
    EVP_MD_CTX *context;
};

/* PASU_E_NOMEM, or PASU_E_CRYPTO where OpenSSL has no SHA-256; then there is nothing to release. */
PASU_MUST_USE int tree_hasher_init(struct tree_hasher *hasher);
void tree_hasher_release(struct tree_hasher *hasher);
/* Of the entry that the parts make together (none: the empty entry). PASU_E_CRYPTO, here and below:
 * OpenSSL has failed; the hash is undefined then. */
PASU_MUST_USE int tree_hash_leaf(struct tree_hasher *hasher, const struct iovec *parts,
                                 size_t count, struct tree_hash *hash);
/* `hash` may be one of the two. */
PASU_MUST_USE int tree_hash_node(struct tree_hasher *hasher, const struct tree_hash *left,
                                 const struct tree_hash *right, struct tree_hash *hash);
/* SHA-256 of what the parts make together: no leaf, no node; they begin with a byte of their own.
 */
PASU_MUST_USE int tree_hash_parts(struct tree_hasher *hasher, const struct iovec *parts,
                                  size_t count, struct tree_hash *hash);
bool tree_hash_equal(const struct tree_hash *a, const struct tree_hash *b);

/* ---- the tree that grows ---- */
/* All zero: the empty tree. */
struct tree_frontier {
    uint64_t size; /* leaves */
    /* The last full subtree of each height; those where the size has its bit set are the tree. So
     * after an addition the ones up to the lowest bit set are what it has completed. */
    struct tree_hash nodes[TREE_HEIGHTS];
};

/* PASU_E_RANGE: it has 2^64 - 1 leaves. After an error it is what it was. */
PASU_MUST_USE int tree_frontier_add(struct tree_frontier *frontier, struct tree_hasher *hasher,
                                    const struct tree_hash *leaf);
/* Of the empty tree: SHA-256 of nothing. */
PASU_MUST_USE int tree_frontier_root(const struct tree_frontier *frontier,
                                     struct tree_hasher *hasher, struct tree_hash *root);

/* ---- proofs ---- */
/* Gives n(height, index), or a negative error, with which whatever asked for it ends. Only nodes
 * that are full at the size in question are asked for. */
struct tree_source {
    int (*node)(void *arg, unsigned height, uint64_t index, struct tree_hash *hash);
    void *arg;
};

struct tree_proof {
    size_t count;
    struct tree_hash hashes[TREE_CONSISTENCY_MAX];
};

/* The frontier of the first `size` leaves. */
PASU_MUST_USE int tree_frontier_load(struct tree_frontier *frontier, uint64_t size,
                                     const struct tree_source *source);
/* The root of the first `size` leaves. */
PASU_MUST_USE int tree_root(struct tree_hasher *hasher, const struct tree_source *source,
                            uint64_t size, struct tree_hash *root);
/* That leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1): at most TREE_INCLUSION_MAX
 * hashes, from the leaf's sibling up. PASU_E_RANGE: index >= size. */
PASU_MUST_USE int tree_prove_inclusion(struct tree_hasher *hasher, const struct tree_source *source,
                                       uint64_t index, uint64_t size, struct tree_proof *proof);
/* That the tree of `to` leaves begins with that of `from` (RFC 9162, 2.1.4.1). Of equal sizes the
 * proof is empty. PASU_E_RANGE: from 0, or from > to. */
PASU_MUST_USE int tree_prove_consistency(struct tree_hasher *hasher,
                                         const struct tree_source *source, uint64_t from,
                                         uint64_t to, struct tree_proof *proof);

/* 0: the leaf is in the tree with this root (RFC 9162, 2.1.3.2). PASU_E_RANGE: index >= size;
 * PASU_E_CORRUPT: that is not proved, one hash too few or too many included. */
PASU_MUST_USE int tree_verify_inclusion(struct tree_hasher *hasher, const struct tree_hash *leaf,
                                        uint64_t index, uint64_t size,
                                        const struct tree_hash *hashes, size_t count,
                                        const struct tree_hash *root);
/* 0: the tree of `to` leaves with the root `to_root` begins with the other (RFC 9162, 2.1.4.2).
 * PASU_E_RANGE: from 0 (every tree begins with the empty one: there is nothing to prove), or
 * from > to; PASU_E_CORRUPT: that is not proved. */
PASU_MUST_USE int tree_verify_consistency(struct tree_hasher *hasher, uint64_t from,
                                          const struct tree_hash *from_root, uint64_t to,
                                          const struct tree_hash *to_root,
                                          const struct tree_hash *hashes, size_t count);

#endif
