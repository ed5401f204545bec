/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY /* counts what OpenSSL allocates */
#include "ledger/tree.h"

#include "hashes.h"
#include "random.h"
#include "tree_model.h"
#include "unit.h"

#include <openssl/crypto.h>

enum { SMALL_MAX = 24 }; /* sizes up to which every bit of every proof is changed */

static struct model model;
static struct tree_hasher hasher;
static uint64_t allocations;

static void *
count_malloc(size_t size, const char *file PASU_UNUSED, int line PASU_UNUSED)
{
    allocations++;
    return malloc(size);
}

static void *
count_realloc(void *block, size_t size, const char *file PASU_UNUSED, int line PASU_UNUSED)
{
    allocations++;
    return realloc(block, size);
}

static void
count_free(void *block, const char *file PASU_UNUSED, int line PASU_UNUSED)
{
    free(block);
}

/* The nodes of the model, of which only the first *arg leaves are there. */
static int
node_of_model(void *arg, unsigned height, uint64_t index, struct tree_hash *hash)
{
    const size_t *size = arg;

    assert_true(height < 10);
    assert_true((index + 1) << height <= *size);
    *hash = *model_root(&model, index << height, (index + 1) << height);
    return 0;
}

static void
leaf_of(uint64_t index, struct tree_hash *leaf)
{
    char text[16];
    struct iovec part = {text, model_entry(text, index)};

    assert_int_equal(tree_hash_leaf(&hasher, &part, 1, leaf), 0);
}

static void
assert_same(const struct tree_proof *a, const struct tree_proof *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hashes, b->hashes, a->count * sizeof(a->hashes[0]));
}

static void
assert_hex(const struct tree_hash *hash, const char *hex)
{
    char text[2 * TREE_HASH_SIZE + 1];

    for (size_t i = 0; i < TREE_HASH_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", hash->bytes[i]);
    assert_string_equal(text, hex);
}

/* ---- hashes and roots ---- */

static void
the_roots_are_those_that_are_known(void **state PASU_UNUSED)
{
    static const struct {
        struct view entry;
        const char *root;
    } known[] = {
        {VIEW(""), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {VIEW("\x00"), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {VIEW("\x10"), "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {VIEW("\x20\x21"), "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {VIEW("\x30\x31"), "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {VIEW("\x40\x41\x42\x43"),
         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {VIEW("\x50\x51\x52\x53\x54\x55\x56\x57"),
         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {VIEW("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct tree_frontier f = {0};
    struct tree_hash hash;

    assert_int_equal(tree_frontier_root(&f, &hasher, &hash), 0);
    assert_hex(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct view entry = known[i].entry;
        struct iovec part = {(void *)(uintptr_t)entry.bytes, entry.length};

        assert_int_equal(tree_hash_leaf(&hasher, &part, entry.length > 0, &hash), 0);
        assert_int_equal(tree_frontier_add(&f, &hasher, &hash), 0);
        assert_int_equal(tree_frontier_root(&f, &hasher, &hash), 0);
        assert_hex(&hash, known[i].root);
    }
}

static void
an_entry_in_parts_has_the_hash_of_the_whole(void **state PASU_UNUSED)
{
    uint8_t bytes[200];
    struct tree_hash whole, parted;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(7 * i);
    for (size_t length = 0; length <= sizeof(bytes); length += 25) {
        const struct iovec one = {bytes, length};

        assert_int_equal(tree_hash_leaf(&hasher, &one, 1, &whole), 0);
        for (size_t cut = 0; cut <= length; cut++) {
            const struct iovec parts[] = {{bytes, cut}, {NULL, 0}, {bytes + cut, length - cut}};

            assert_int_equal(tree_hash_leaf(&hasher, parts, 3, &parted), 0);
            assert_true(tree_hash_equal(&whole, &parted));
        }
    }
}

static void
a_hash_allocates_nothing_but_the_state_of_openssl(void **state PASU_UNUSED)
{
    struct tree_frontier f = {0};
    struct tree_hash hash;
    uint64_t before = allocations, hashes = 0;

    for (unsigned i = 0; i < 100; i++) {
        leaf_of(i, &hash);
        hashes += 1 + (unsigned)__builtin_ctz(i + 1);
        assert_int_equal(tree_frontier_add(&f, &hasher, &hash), 0);
    }
    assert_true(before > 0);
    assert_true(allocations - before <= hashes);
}

static void
at_every_size_frontier_and_source_have_the_root_of_the_definition(void **state PASU_UNUSED)
{
    struct tree_frontier f = {0}, loaded;
    struct tree_hash leaf, root;

    for (size_t size = 0; size <= MODEL_MAX; size++) {
        const struct tree_source source = {node_of_model, &size};

        assert_int_equal(f.size, size);
        assert_int_equal(tree_frontier_root(&f, &hasher, &root), 0);
        assert_true(tree_hash_equal(&root, model_root(&model, 0, size)));
        assert_int_equal(tree_root(&hasher, &source, size, &root), 0);
        assert_true(tree_hash_equal(&root, model_root(&model, 0, size)));
        assert_int_equal(tree_frontier_load(&loaded, size, &source), 0);
        assert_int_equal(tree_frontier_root(&loaded, &hasher, &root), 0);
        assert_true(tree_hash_equal(&root, model_root(&model, 0, size)));
        /* A loaded one goes on as the grown one does. */
        leaf_of(size, &leaf);
        assert_int_equal(tree_frontier_add(&loaded, &hasher, &leaf), 0);
        assert_int_equal(tree_frontier_add(&f, &hasher, &leaf), 0);
        if (size < MODEL_MAX) {
            assert_int_equal(tree_frontier_root(&loaded, &hasher, &root), 0);
            assert_true(tree_hash_equal(&root, model_root(&model, 0, size + 1)));
        }
        for (unsigned h = 0; h <= (unsigned)__builtin_ctzll(f.size) && size < MODEL_MAX; h++)
            assert_true(tree_hash_equal(&f.nodes[h],
                                        model_root(&model, f.size - ((size_t)1 << h), f.size)));
    }
}

/* ---- proofs of small trees ---- */

static int
verify(size_t index, size_t size, const struct tree_proof *proof, const struct tree_hash *root)
{
    struct tree_hash leaf;

    leaf_of(index, &leaf);
    return tree_verify_inclusion(&hasher, &leaf, index, size, proof->hashes, proof->count, root);
}

static int
verify_both(size_t from, size_t to, const struct tree_proof *proof)
{
    return tree_verify_consistency(&hasher, from, model_root(&model, 0, from), to,
                                   model_root(&model, 0, to), proof->hashes, proof->count);
}

typedef int (*verify_fn)(size_t a, size_t b, const struct tree_proof *proof);

static int
verify_in(size_t index, size_t size, const struct tree_proof *proof)
{
    return verify(index, size, proof, model_root(&model, 0, size));
}

/* Whatever is changed in a proof that holds, it holds no longer: any bit, any hash left out, any
 * one twice; in larger trees one of each, at random. */
static void
assert_brittle(verify_fn fn, size_t a, size_t b, const struct tree_proof *proof, struct random *r)
{
    size_t count = proof->count, step = b > SMALL_MAX ? count : 1;
    size_t bits = b > SMALL_MAX ? 256 * count : 1;
    struct tree_proof other = *proof;

    assert_int_equal(fn(a, b, proof), 0);
    if (count == 0)
        return;
    for (size_t bit = bits > 1 ? random_below(r, (uint32_t)bits) : 0; bit < 256 * count;
         bit += bits) {
        other.hashes[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(fn(a, b, &other), PASU_E_CORRUPT);
        other.hashes[bit / 256] = proof->hashes[bit / 256];
    }
    for (size_t at = random_below(r, (uint32_t)step); at < count; at += step) {
        other.count = count - 1;
        memmove(&other.hashes[at], &proof->hashes[at + 1],
                (other.count - at) * sizeof(other.hashes[0]));
        assert_int_equal(fn(a, b, &other), PASU_E_CORRUPT);
        other.count = count + 1;
        memcpy(&other.hashes[at], &proof->hashes[at], sizeof(other.hashes[0]));
        memcpy(&other.hashes[at + 1], &proof->hashes[at], (count - at) * sizeof(other.hashes[0]));
        assert_int_equal(fn(a, b, &other), PASU_E_CORRUPT);
        other = *proof;
    }
}

static void
every_inclusion_proof_is_that_of_the_definition_and_brittle(void **state PASU_UNUSED)
{
    char sides[TREE_CONSISTENCY_MAX + 1], other_sides[TREE_CONSISTENCY_MAX + 1];
    struct tree_proof proof, defined;
    struct random r = {.state = 1};

    for (size_t size = 1; size <= MODEL_MAX; size++) {
        const struct tree_source source = {node_of_model, &size};

        for (size_t index = 0; index < size; index++) {
            size_t other = random_below(&r, MODEL_MAX);

            assert_int_equal(tree_prove_inclusion(&hasher, &source, index, size, &proof), 0);
            model_path(&model, index, size, &defined, sides);
            assert_same(&proof, &defined);
            assert_brittle(verify_in, index, size, &proof, &r);
            /* Another leaf, at its own place or at this one's. */
            if (other != index && other < size) {
                struct tree_hash leaf;

                assert_int_equal(verify_in(other, size, &proof), PASU_E_CORRUPT);
                leaf_of(other, &leaf);
                assert_int_equal(tree_verify_inclusion(&hasher, &leaf, index, size, proof.hashes,
                                                       proof.count, model_root(&model, 0, size)),
                                 PASU_E_CORRUPT);
                leaf_of(index, &leaf);
                assert_int_equal(tree_verify_inclusion(&hasher, &leaf, other, size, proof.hashes,
                                                       proof.count, model_root(&model, 0, size)),
                                 PASU_E_CORRUPT);
            }
            /* Another size with its root; with this one's, only where the way is the same: it is
             * the checkpoint that binds a root to a size. */
            for (size_t off = size > 4 ? size - 4 : 1; off <= size + 4 && off <= MODEL_MAX; off++) {
                if (off == size || index >= off)
                    continue;
                model_path(&model, index, off, &defined, other_sides);
                assert_int_equal(verify_in(index, off, &proof), PASU_E_CORRUPT);
                assert_int_equal(verify(index, off, &proof, model_root(&model, 0, size)),
                                 strcmp(sides, other_sides) == 0 ? 0 : PASU_E_CORRUPT);
            }
        }
        assert_int_equal(tree_prove_inclusion(&hasher, &source, size, size, &proof), PASU_E_RANGE);
        assert_int_equal(verify_in(size, size, &proof), PASU_E_RANGE);
    }
}

static void
every_consistency_proof_is_that_of_the_definition_and_brittle(void **state PASU_UNUSED)
{
    struct tree_proof proof, defined;
    struct random r = {.state = 2};

    for (size_t to = 1; to <= MODEL_MAX; to++) {
        const struct tree_source source = {node_of_model, &to};

        for (size_t from = 1; from <= to; from++) {
            assert_int_equal(tree_prove_consistency(&hasher, &source, from, to, &proof), 0);
            model_consistency(&model, from, to, &defined);
            assert_same(&proof, &defined);
            assert_brittle(verify_both, from, to, &proof, &r);
            for (size_t other = from > 4 ? from - 4 : 1; other <= from + 4 && other <= to; other++)
                if (other != from)
                    assert_int_equal(verify_both(other, to, &proof), PASU_E_CORRUPT);
            for (size_t other = to > 4 ? to - 4 : 1; other <= to + 4 && other <= MODEL_MAX; other++)
                if (other != to && other >= from)
                    assert_int_equal(verify_both(from, other, &proof), PASU_E_CORRUPT);
            /* The latter tree holds, but the former was another one; and the reverse. */
            assert_int_equal(tree_verify_consistency(&hasher, from, model_root(&model, 1, from), to,
                                                     model_root(&model, 0, to), proof.hashes,
                                                     proof.count),
                             PASU_E_CORRUPT);
            assert_int_equal(tree_verify_consistency(&hasher, from, model_root(&model, 0, from), to,
                                                     model_root(&model, 1, to), proof.hashes,
                                                     proof.count),
                             PASU_E_CORRUPT);
        }
        assert_int_equal(tree_prove_consistency(&hasher, &source, 0, to, &proof), PASU_E_RANGE);
        assert_int_equal(tree_prove_consistency(&hasher, &source, to + 1, to, &proof),
                         PASU_E_RANGE);
        assert_int_equal(verify_both(0, to, &proof), PASU_E_RANGE);
        assert_int_equal(verify_both(to, to - 1, &proof), PASU_E_RANGE);
    }
}

/* Roots that were made to fit: only the number of hashes tells. */
static void
a_proof_of_another_length_than_the_way_is_refused_though_it_leads_to_the_root(
    void **state PASU_UNUSED)
{
    static const struct tree_hash extra = {{7}};
    struct tree_hash leaf, root, from_root, to_root;
    struct tree_proof proof;

    leaf_of(0, &leaf);
    assert_int_equal(tree_hash_node(&hasher, &extra, &leaf, &root), 0);
    assert_int_equal(tree_verify_inclusion(&hasher, &leaf, 0, 1, &extra, 1, &root), PASU_E_CORRUPT);
    assert_int_equal(tree_verify_inclusion(&hasher, &leaf, 0, 2, NULL, 0, &leaf), PASU_E_CORRUPT);

    model_consistency(&model, 3, 4, &proof);
    proof.hashes[proof.count++] = extra;
    assert_int_equal(tree_hash_node(&hasher, &extra, model_root(&model, 0, 3), &from_root), 0);
    assert_int_equal(tree_hash_node(&hasher, &extra, model_root(&model, 0, 4), &to_root), 0);
    assert_int_equal(
        tree_verify_consistency(&hasher, 3, &from_root, 4, &to_root, proof.hashes, proof.count),
        PASU_E_CORRUPT);

    model_consistency(&model, 2, 4, &proof);
    assert_int_equal(tree_verify_consistency(&hasher, 2, model_root(&model, 0, 2), 8,
                                             model_root(&model, 0, 4), proof.hashes, proof.count),
                     PASU_E_CORRUPT);
    assert_int_equal(tree_verify_consistency(&hasher, 3, &root, 4, &root, NULL, 0), PASU_E_CORRUPT);
}

static int
failing_node(void *arg, unsigned height, uint64_t index, struct tree_hash *hash)
{
    unsigned *calls_left = arg;
    size_t size = 300;

    return (*calls_left)-- == 0 ? PASU_E_NOTFOUND : node_of_model(&size, height, index, hash);
}

static void
whichever_node_is_missing_a_proof_ends_with_the_error_of_its_source(void **state PASU_UNUSED)
{
    struct tree_frontier f;
    struct tree_proof proof;
    unsigned calls_left = 0, failed[3] = {0};
    const struct tree_source source = {failing_node, &calls_left};

    for (unsigned nth = 0; nth < 16; nth++) {
        int results[3];

        calls_left = nth;
        results[0] = tree_prove_inclusion(&hasher, &source, 100, 299, &proof);
        calls_left = nth;
        results[1] = tree_prove_consistency(&hasher, &source, 99, 299, &proof);
        calls_left = nth;
        results[2] = tree_frontier_load(&f, 299, &source);
        for (size_t i = 0; i < 3; i++) {
            assert_true(results[i] == 0 || results[i] == PASU_E_NOTFOUND);
            failed[i] += results[i] != 0;
        }
    }
    assert_int_equal(failed[0], 12); /* 9 hashes, the one on the right of 4 nodes */
    assert_int_equal(failed[1], 13);
    assert_int_equal(failed[2], 5);
}

/* ---- trees of any size ---- */

/* All leaves are the same, so that all nodes of a height are. */
struct uniform {
    struct tree_hash nodes[TREE_HEIGHTS];
    uint64_t size;
};

static int
node_of_uniform(void *arg, unsigned height, uint64_t index, struct tree_hash *hash)
{
    const struct uniform *u = arg;

    assert_true(height < TREE_HEIGHTS);
    assert_true(index < u->size >> height);
    *hash = u->nodes[height];
    return 0;
}

static void
init_uniform(struct uniform *u)
{
    leaf_of(0, &u->nodes[0]);
    for (size_t i = 1; i < TREE_HEIGHTS; i++)
        assert_int_equal(tree_hash_node(&hasher, &u->nodes[i - 1], &u->nodes[i - 1], &u->nodes[i]),
                         0);
}

static const uint64_t sizes[] = {1,
                                 2,
                                 3,
                                 UINT64_C(1) << 32,
                                 (UINT64_C(1) << 63) - 1,
                                 UINT64_C(1) << 63,
                                 (UINT64_C(1) << 63) + 1,
                                 (UINT64_C(3) << 62) - 1,
                                 UINT64_C(0xAAAAAAAAAAAAAAAA),
                                 UINT64_C(0x5555555555555555),
                                 UINT64_MAX - 1,
                                 UINT64_MAX};

static size_t
prove_at(struct uniform *u, uint64_t index, uint64_t size)
{
    const struct tree_source source = {node_of_uniform, u};
    struct tree_proof proof;
    struct tree_hash root;

    u->size = size;
    assert_int_equal(tree_root(&hasher, &source, size, &root), 0);
    assert_int_equal(tree_prove_inclusion(&hasher, &source, index, size, &proof), 0);
    assert_int_equal(
        tree_verify_inclusion(&hasher, &u->nodes[0], index, size, proof.hashes, proof.count, &root),
        0);
    assert_int_equal(tree_verify_inclusion(&hasher, &u->nodes[0], index, size, proof.hashes,
                                           proof.count + 1, &root),
                     PASU_E_CORRUPT);
    return proof.count;
}

static size_t
prove_between(struct uniform *u, uint64_t from, uint64_t to)
{
    const struct tree_source source = {node_of_uniform, u};
    struct tree_hash from_root, to_root;
    struct tree_proof proof;

    u->size = to;
    assert_int_equal(tree_root(&hasher, &source, from, &from_root), 0);
    assert_int_equal(tree_root(&hasher, &source, to, &to_root), 0);
    assert_int_equal(tree_prove_consistency(&hasher, &source, from, to, &proof), 0);
    assert_int_equal(
        tree_verify_consistency(&hasher, from, &from_root, to, &to_root, proof.hashes, proof.count),
        0);
    return proof.count;
}

static void
proofs_hold_at_the_largest_sizes_and_have_at_most_64_and_65_hashes(void **state PASU_UNUSED)
{
    size_t most = 0, most_between = 0;
    struct uniform u;

    init_uniform(&u);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        for (size_t j = 0; j < COUNT_OF(sizes); j++) {
            if (sizes[j] > sizes[i])
                continue;
            size_t count = prove_at(&u, sizes[j] - 1, sizes[i]);
            size_t between = prove_between(&u, sizes[j], sizes[i]);

            most = count > most ? count : most;
            most_between = between > most_between ? between : most_between;
        }
    }
    assert_int_equal(most, TREE_INCLUSION_MAX);
    assert_int_equal(most_between, TREE_CONSISTENCY_MAX);
}

static void
the_largest_tree_takes_no_leaf_more(void **state PASU_UNUSED)
{
    struct uniform u = {.size = UINT64_MAX};
    const struct tree_source source = {node_of_uniform, &u};
    struct tree_frontier f, before;
    struct tree_hash root, grown;

    init_uniform(&u);
    assert_int_equal(tree_frontier_load(&f, UINT64_MAX - 1, &source), 0);
    assert_int_equal(tree_frontier_add(&f, &hasher, &u.nodes[0]), 0);
    assert_int_equal(tree_frontier_root(&f, &hasher, &grown), 0);
    assert_int_equal(tree_root(&hasher, &source, UINT64_MAX, &root), 0);
    assert_true(tree_hash_equal(&root, &grown));
    before = f;
    assert_int_equal(tree_frontier_add(&f, &hasher, &u.nodes[0]), PASU_E_RANGE);
    assert_memory_equal(&f, &before, sizeof(f));
}

static void
nothing_made_up_is_proved_at_any_size(void **state PASU_UNUSED)
{
    static const struct tree_hash hashes[70];
    struct tree_hash root = {{1}};

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        for (size_t j = 0; j < COUNT_OF(sizes); j++) {
            uint64_t size = sizes[i], other = sizes[j];

            for (size_t count = 0; count <= COUNT_OF(hashes); count++) {
                assert_int_equal(
                    tree_verify_inclusion(&hasher, &hashes[0], other, size, hashes, count, &root),
                    other >= size ? PASU_E_RANGE : PASU_E_CORRUPT);
                assert_int_equal(
                    tree_verify_consistency(&hasher, other, &hashes[0], size, &root, hashes, count),
                    other > size ? PASU_E_RANGE : PASU_E_CORRUPT);
            }
        }
        assert_int_equal(tree_verify_consistency(&hasher, 0, &root, sizes[i], &root, hashes, 0),
                         PASU_E_RANGE);
        assert_int_equal(tree_verify_inclusion(&hasher, &root, sizes[i], 0, hashes, 0, &root),
                         PASU_E_RANGE);
    }
    assert_int_equal(tree_verify_inclusion(&hasher, &root, 0, 0, hashes, 0, &root), PASU_E_RANGE);
    assert_int_equal(tree_verify_consistency(&hasher, 0, &root, 0, &root, hashes, 0), PASU_E_RANGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_roots_are_those_that_are_known),
        cmocka_unit_test(an_entry_in_parts_has_the_hash_of_the_whole),
        cmocka_unit_test(a_hash_allocates_nothing_but_the_state_of_openssl),
        cmocka_unit_test(at_every_size_frontier_and_source_have_the_root_of_the_definition),
        cmocka_unit_test(every_inclusion_proof_is_that_of_the_definition_and_brittle),
        cmocka_unit_test(every_consistency_proof_is_that_of_the_definition_and_brittle),
        cmocka_unit_test(
            a_proof_of_another_length_than_the_way_is_refused_though_it_leads_to_the_root),
        cmocka_unit_test(whichever_node_is_missing_a_proof_ends_with_the_error_of_its_source),
        cmocka_unit_test(proofs_hold_at_the_largest_sizes_and_have_at_most_64_and_65_hashes),
        cmocka_unit_test(the_largest_tree_takes_no_leaf_more),
        cmocka_unit_test(nothing_made_up_is_proved_at_any_size),
    };

    if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
        return 1;
    return cmocka_run_group_tests(tests, make_hasher, release_hasher);
}
