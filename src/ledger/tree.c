/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/tree.h"

#include <openssl/evp.h>

enum { PREFIX_LEAF = 0, PREFIX_NODE = 1 };

int
tree_hasher_init(struct tree_hasher *h)
{
    h->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    if (!h->sha256)
        return PASU_E_CRYPTO;
    h->context = EVP_MD_CTX_new();
    if (h->context && EVP_DigestInit_ex2(h->context, h->sha256, NULL) == 1)
        return 0;
    tree_hasher_release(h);
    return PASU_E_NOMEM;
}

void
tree_hasher_release(struct tree_hasher *h)
{
    EVP_MD_CTX_free(h->context);
    EVP_MD_free(h->sha256);
    *h = (struct tree_hasher){0};
}

static bool
begin(struct tree_hasher *h)
{
    return EVP_DigestInit_ex2(h->context, NULL, NULL) == 1;
}

static bool
add(struct tree_hasher *h, const void *bytes, size_t length)
{
    return length == 0 || EVP_DigestUpdate(h->context, bytes, length) == 1;
}

static bool
end(struct tree_hasher *h, struct tree_hash *hash)
{
    return EVP_DigestFinal_ex(h->context, hash->bytes, NULL) == 1;
}

static bool
add_parts(struct tree_hasher *h, const struct iovec *parts, size_t count)
{
    bool is_well = true;

    for (size_t i = 0; i < count; i++)
        is_well = is_well && add(h, parts[i].iov_base, parts[i].iov_len);
    return is_well;
}

int
tree_hash_leaf(struct tree_hasher *h, const struct iovec *parts, size_t count,
               struct tree_hash *hash)
{
    const uint8_t prefix = PREFIX_LEAF;
    bool is_well = begin(h) && add(h, &prefix, 1) && add_parts(h, parts, count);

    return is_well && end(h, hash) ? 0 : PASU_E_CRYPTO;
}

int
tree_hash_parts(struct tree_hasher *h, const struct iovec *parts, size_t count,
                struct tree_hash *hash)
{
    return begin(h) && add_parts(h, parts, count) && end(h, hash) ? 0 : PASU_E_CRYPTO;
}

int
tree_hash_node(struct tree_hasher *h, const struct tree_hash *left, const struct tree_hash *right,
               struct tree_hash *hash)
{
    PASU_UNINITIALIZED uint8_t bytes[1 + 2 * TREE_HASH_SIZE];

    bytes[0] = PREFIX_NODE;
    memcpy(bytes + 1, left, TREE_HASH_SIZE);
    memcpy(bytes + 1 + TREE_HASH_SIZE, right, TREE_HASH_SIZE);
    return begin(h) && add(h, bytes, sizeof(bytes)) && end(h, hash) ? 0 : PASU_E_CRYPTO;
}

bool
tree_hash_equal(const struct tree_hash *a, const struct tree_hash *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

int
tree_frontier_add(struct tree_frontier *f, struct tree_hasher *hasher, const struct tree_hash *leaf)
{
    PASU_UNINITIALIZED struct tree_hash made[TREE_HEIGHTS];
    unsigned height = 0;

    if (f->size == UINT64_MAX)
        return PASU_E_RANGE;
    made[0] = *leaf;
    for (; f->size >> height & 1; height++) {
        int result = tree_hash_node(hasher, &f->nodes[height], &made[height], &made[height + 1]);

        if (result != 0)
            return result;
    }
    memcpy(f->nodes, made, (height + 1) * sizeof(made[0]));
    f->size++;
    return 0;
}

/* ---- the root of a range of leaves ---- */

/* The nodes that make up [begin, end), `begin` being a multiple of a power of two that is not
 * smaller than the range: one for each bit of its length, the last one lowest. */
static int
range_node(const struct tree_source *source, uint64_t range_end, unsigned height,
           struct tree_hash *hash)
{
    return source->node(source->arg, height, (range_end >> height) - 1, hash);
}

static int
range_root(struct tree_hasher *hasher, const struct tree_source *source, uint64_t range_begin,
           uint64_t range_end, struct tree_hash *root)
{
    uint64_t bits = range_end - range_begin;
    int result = range_node(source, range_end, (unsigned)__builtin_ctzll(bits), root);

    for (bits &= bits - 1; bits != 0 && result == 0; bits &= bits - 1) {
        struct tree_hash left;

        result = range_node(source, range_end, (unsigned)__builtin_ctzll(bits), &left);
        if (result == 0)
            result = tree_hash_node(hasher, &left, root, root);
    }
    return result;
}

int
tree_root(struct tree_hasher *hasher, const struct tree_source *source, uint64_t size,
          struct tree_hash *root)
{
    if (size == 0)
        return begin(hasher) && end(hasher, root) ? 0 : PASU_E_CRYPTO;
    return range_root(hasher, source, 0, size, root);
}

static int
node_of_frontier(void *arg, unsigned height, uint64_t index PASU_UNUSED, struct tree_hash *hash)
{
    const struct tree_frontier *f = arg;

    *hash = f->nodes[height];
    return 0;
}

int
tree_frontier_root(const struct tree_frontier *f, struct tree_hasher *hasher,
                   struct tree_hash *root)
{
    const struct tree_source source = {node_of_frontier, (void *)(uintptr_t)f};

    return tree_root(hasher, &source, f->size, root);
}

int
tree_frontier_load(struct tree_frontier *f, uint64_t size, const struct tree_source *source)
{
    *f = (struct tree_frontier){.size = size};
    for (uint64_t bits = size; bits != 0; bits &= bits - 1) {
        unsigned height = (unsigned)__builtin_ctzll(bits);
        int result = range_node(source, size, height, &f->nodes[height]);

        if (result != 0)
            return result;
    }
    return 0;
}

/* ---- proofs ---- */

/* Appends the siblings on the way from n(height, index) to the root of `size` leaves. Where the way
 * leads along the right edge of a tree that is not full, a node can have no sibling of its height:
 * it goes up alone. */
static int
append_siblings(struct tree_hasher *hasher, const struct tree_source *source, unsigned height,
                uint64_t index, uint64_t size, struct tree_proof *proof)
{
    uint64_t last = (size - 1) >> height;
    int result = 0;

    for (; last != 0 && result == 0; height++, index >>= 1, last >>= 1) {
        uint64_t sibling = index ^ 1;

        if (sibling > last)
            continue;
        if (sibling == last) /* the only one that may be less than full */
            result =
                range_root(hasher, source, last << height, size, &proof->hashes[proof->count++]);
        else
            result = source->node(source->arg, height, sibling, &proof->hashes[proof->count++]);
    }
    return result;
}

int
tree_prove_inclusion(struct tree_hasher *hasher, const struct tree_source *source, uint64_t index,
                     uint64_t size, struct tree_proof *proof)
{
    proof->count = 0;
    if (index >= size)
        return PASU_E_RANGE;
    return append_siblings(hasher, source, 0, index, size, proof);
}

int
tree_prove_consistency(struct tree_hasher *hasher, const struct tree_source *source, uint64_t from,
                       uint64_t to, struct tree_proof *proof)
{
    unsigned height;
    uint64_t index;
    int result = 0;

    proof->count = 0;
    if (from == 0 || from > to)
        return PASU_E_RANGE;
    if (from == to)
        return 0;
    /* The way begins at the last full subtree of the former tree. Where that is all of it, the
     * verifier has its hash. */
    height = (unsigned)__builtin_ctzll(from);
    index = (from >> height) - 1;
    if (index != 0)
        result = source->node(source->arg, height, index, &proof->hashes[proof->count++]);
    if (result == 0)
        result = append_siblings(hasher, source, height, index, to, proof);
    return result;
}

/* Where a verifier stands: a node, and the last one of its height. */
struct place {
    uint64_t node, last;
};

static bool
is_right(const struct place *at)
{
    return (at->node & 1) || at->node == at->last;
}

/* To the parent, which there is; along the right edge past all that have no sibling. */
static void
go_up(struct place *at)
{
    unsigned heights = is_right(at) ? (unsigned)__builtin_ctzll(at->node) + 1 : 1;

    at->node = at->node >> (heights - 1) >> 1;
    at->last = at->last >> (heights - 1) >> 1;
}

int
tree_verify_inclusion(struct tree_hasher *hasher, const struct tree_hash *leaf, uint64_t index,
                      uint64_t size, const struct tree_hash *hashes, size_t count,
                      const struct tree_hash *root)
{
    struct tree_hash made = *leaf;
    struct place at = {index, size - 1};

    if (index >= size)
        return PASU_E_RANGE;
    for (size_t i = 0; i < count; i++) {
        int result;

        if (at.last == 0)
            return PASU_E_CORRUPT;
        result = is_right(&at) ? tree_hash_node(hasher, &hashes[i], &made, &made)
                               : tree_hash_node(hasher, &made, &hashes[i], &made);
        if (result != 0)
            return result;
        go_up(&at);
    }
    return at.last == 0 && tree_hash_equal(&made, root) ? 0 : PASU_E_CORRUPT;
}

int
tree_verify_consistency(struct tree_hasher *hasher, uint64_t from,
                        const struct tree_hash *from_root, uint64_t to,
                        const struct tree_hash *to_root, const struct tree_hash *hashes,
                        size_t count)
{
    struct tree_hash former, latter;
    struct place at;
    size_t i = 0;

    if (from == 0 || from > to)
        return PASU_E_RANGE;
    if (from == to)
        return count == 0 && tree_hash_equal(from_root, to_root) ? 0 : PASU_E_CORRUPT;
    if (count == 0)
        return PASU_E_CORRUPT;
    at.node = from >> __builtin_ctzll(from);
    at.last = (to - 1) >> __builtin_ctzll(from);
    at.node--;
    former = at.node == 0 ? *from_root : hashes[i++];
    latter = former;
    for (; i < count; i++) {
        int result = 0;

        if (at.last == 0)
            return PASU_E_CORRUPT;
        if (is_right(&at)) {
            result = tree_hash_node(hasher, &hashes[i], &former, &former);
            if (result == 0)
                result = tree_hash_node(hasher, &hashes[i], &latter, &latter);
        } else {
            result = tree_hash_node(hasher, &latter, &hashes[i], &latter);
        }
        if (result != 0)
            return result;
        go_up(&at);
    }
    if (at.last != 0 || !tree_hash_equal(&former, from_root) || !tree_hash_equal(&latter, to_root))
        return PASU_E_CORRUPT;
    return 0;
}
