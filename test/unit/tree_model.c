/* SPDX-License-Identifier: Apache-2.0 */
#include "tree_model.h"

#include "unit.h"

#include <openssl/evp.h>

size_t
model_entry(char text[16], uint64_t index)
{
    return (size_t)snprintf(text, 16, "%llu", (unsigned long long)index);
}

void
model_hash(const void *bytes, size_t length, struct tree_hash *hash)
{
    assert_int_equal(EVP_Digest(bytes, length, hash->bytes, NULL, EVP_sha256(), NULL), 1);
}

/* The largest power of two smaller than n. */
static size_t
split(size_t n)
{
    size_t k = 1;

    while (k * 2 < n)
        k *= 2;
    return k;
}

const struct tree_hash *
model_root(struct model *m, size_t begin, size_t end)
{
    struct tree_hash *made = &m->range[begin][end];
    uint8_t bytes[65] = {1};
    size_t n = end - begin;

    if (m->is_known[begin][end])
        return made;
    if (n == 0) {
        model_hash("", 0, made);
    } else if (n == 1) {
        char text[17] = {0};

        model_hash(text, 1 + model_entry(text + 1, begin), made);
    } else {
        memcpy(bytes + 1, model_root(m, begin, begin + split(n)), 32);
        memcpy(bytes + 33, model_root(m, begin + split(n), end), 32);
        model_hash(bytes, sizeof(bytes), made);
    }
    m->is_known[begin][end] = true;
    return made;
}

static void
path(struct model *m, size_t index, size_t begin, size_t end, struct tree_proof *proof, char *sides)
{
    size_t k = begin + split(end - begin);

    if (end - begin == 1)
        return;
    if (begin + index < k) {
        path(m, index, begin, k, proof, sides);
        sides[proof->count] = 'r';
        proof->hashes[proof->count++] = *model_root(m, k, end);
    } else {
        path(m, begin + index - k, k, end, proof, sides);
        sides[proof->count] = 'l';
        proof->hashes[proof->count++] = *model_root(m, begin, k);
    }
}

void
model_path(struct model *m, size_t index, size_t size, struct tree_proof *proof,
           char sides[TREE_CONSISTENCY_MAX + 1])
{
    proof->count = 0;
    path(m, index, 0, size, proof, sides);
    sides[proof->count] = '\0';
}

static void
subproof(struct model *m, size_t from, size_t begin, size_t end, bool is_whole,
         struct tree_proof *proof)
{
    size_t k = split(end - begin);

    if (from == end - begin) {
        if (!is_whole)
            proof->hashes[proof->count++] = *model_root(m, begin, end);
    } else if (from <= k) {
        subproof(m, from, begin, begin + k, is_whole, proof);
        proof->hashes[proof->count++] = *model_root(m, begin + k, end);
    } else {
        subproof(m, from - k, begin + k, end, false, proof);
        proof->hashes[proof->count++] = *model_root(m, begin, begin + k);
    }
}

void
model_consistency(struct model *m, size_t from, size_t to, struct tree_proof *proof)
{
    proof->count = 0;
    subproof(m, from, 0, to, true, proof);
}
