/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile proofs: what is accepted is written again as the same text, and is verified with no crash
 * at any size. */
#include "ledger/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SPACE = 1 << 20 };

static void
check_same(const struct proof *p, const uint8_t *data, size_t size)
{
    static uint8_t extra[SPACE], again[SPACE];
    struct writer w = writer_of(again, sizeof(again));
    ssize_t length = proof_extra(p, extra, sizeof(extra));

    if (size > SPACE)
        return;
    if (length < 0 ||
        proof_write(&w, p->index, p->hashes, p->count, view_of(extra, (size_t)length),
                    p->checkpoint) != 0 ||
        writer_end(&w) != (ssize_t)size || memcmp(again, data, size) != 0)
        __builtin_trap();
}

static void
verify_at(struct tree_hasher *hasher, const struct proof *p, uint64_t size)
{
    static const struct tree_hash leaf = {{0}}, root = {{1}};

    if (tree_verify_inclusion(hasher, &leaf, p->index, size, p->hashes, p->count, &root) == 0 ||
        tree_verify_consistency(hasher, p->index, &leaf, size, &root, p->hashes, p->count) == 0)
        __builtin_trap(); /* nothing hashes to such a number */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tree_hasher hasher;
    struct proof p;

    if (!hasher.context && tree_hasher_init(&hasher) != 0)
        __builtin_trap();
    if (proof_parse(&p, view_of(data, size)) != 0)
        return 0;
    check_same(&p, data, size);
    verify_at(&hasher, &p, p.index + 1);
    verify_at(&hasher, &p, p.index * 2 + 1);
    verify_at(&hasher, &p, UINT64_MAX);
    return 0;
}
