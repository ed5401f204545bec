/* SPDX-License-Identifier: Apache-2.0 */
/* The Merkle tree as RFC 9162 defines it, word by word, for at most MODEL_MAX leaves: what the tree
 * of src is compared with. */
#ifndef PASU_TEST_TREE_MODEL_H
#define PASU_TEST_TREE_MODEL_H

#include "ledger/tree.h"

enum { MODEL_MAX = 300 };

struct model {
    struct tree_hash range[MODEL_MAX + 1][MODEL_MAX + 1]; /* MTH(D[begin:end]), once computed */
    bool is_known[MODEL_MAX + 1][MODEL_MAX + 1];
};

/* Leaf `index` is the text of its number. */
size_t model_entry(char text[16], uint64_t index);
void model_hash(const void *bytes, size_t length, struct tree_hash *hash);
/* 2.1.1, of leaves begin … end - 1 */
const struct tree_hash *model_root(struct model *model, size_t begin, size_t end);
/* PATH of 2.1.3.1; `sides` gets for each hash whether it stands left ('l') or right ('r'). */
void model_path(struct model *model, size_t index, size_t size, struct tree_proof *proof,
                char sides[TREE_CONSISTENCY_MAX + 1]);
/* PROOF of 2.1.4.1 */
void model_consistency(struct model *model, size_t from, size_t to, struct tree_proof *proof);

#endif
