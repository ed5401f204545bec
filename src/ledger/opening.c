/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/opening.h"

#include "base/memory.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

static const uint8_t prefix = 4;

int
opening_find(const struct exposure *exposure, const struct opening_list *list,
             const uint32_t **ordinals, size_t *count)
{
    const struct exposure_part *part = &exposure->parts[list->part % EXPOSURE_PARTS_MAX];

    if (list->part >= exposure->part_count || list->which > 1)
        return PASU_E_NOTFOUND;
    *ordinals = list->which == 0 ? part->ordinals : part->missed;
    *count = list->which == 0 ? part->ordinal_count : part->missed_count;
    return *count > 0 && *count <= EXPOSURE_ORDINALS_MAX ? 0 : PASU_E_NOTFOUND;
}

/* ---- salts ---- */

/* Keyed with a seed once, used for each salt. */
static EVP_MAC_CTX *
salter_new(const uint8_t seed[PAYLOAD_SEED_SIZE])
{
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *salter = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

    EVP_MAC_free(hmac);
    if (salter && EVP_MAC_init(salter, seed, PAYLOAD_SEED_SIZE, parameters) == 1)
        return salter;
    EVP_MAC_CTX_free(salter);
    return NULL;
}

static int
make_salt(EVP_MAC_CTX *salter, uint64_t number, uint8_t salt[OPENING_SALT])
{
    uint8_t bytes[sizeof(number)], digest[PAYLOAD_DIGEST_SIZE];
    size_t length = 0;

    memcpy(bytes, &number, sizeof(bytes));
    if (EVP_MAC_init(salter, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(salter, bytes, sizeof(bytes)) != 1 ||
        EVP_MAC_final(salter, digest, &length, sizeof(digest)) != 1 || length != sizeof(digest))
        return PASU_E_CRYPTO;
    memcpy(salt, digest, OPENING_SALT);
    return 0;
}

/* ---- the tree over a list ---- */

static int
hash_leaf(struct tree_hasher *hasher, const uint8_t salt[OPENING_SALT], uint32_t ordinal,
          struct tree_hash *hash)
{
    const struct iovec parts[] = {{(void *)(uintptr_t)&prefix, 1},
                                  {(void *)(uintptr_t)salt, OPENING_SALT},
                                  {&ordinal, sizeof(ordinal)}};

    return tree_hash_leaf(hasher, parts, COUNT_OF(parts), hash);
}

struct leaves {
    struct tree_hasher *hasher;
    struct tree_hash *hashes;
    size_t count;
};

static int
leaves_make(struct leaves *l, struct tree_hasher *hasher, const uint8_t seed[PAYLOAD_SEED_SIZE],
            const uint32_t *ordinals, size_t count)
{
    EVP_MAC_CTX *salter = salter_new(seed);
    int result = salter ? 0 : PASU_E_CRYPTO;

    *l = (struct leaves){hasher, memory_new(count, sizeof(struct tree_hash)), count};
    if (!l->hashes)
        result = PASU_E_NOMEM;
    for (size_t i = 0; i < count && result == 0; i++) {
        uint8_t salt[OPENING_SALT];

        result = make_salt(salter, i, salt);
        if (result == 0)
            result = hash_leaf(hasher, salt, ordinals[i], &l->hashes[i]);
    }
    EVP_MAC_CTX_free(salter);
    return result;
}

static void
leaves_release(struct leaves *l)
{
    memory_free(l->hashes);
    l->hashes = NULL;
}

/* The root over some of them. */
static int
root_of(const struct leaves *l, size_t first, size_t count, struct tree_hash *root)
{
    struct tree_frontier frontier = {0};
    int result = 0;

    for (size_t i = first; i < first + count && result == 0; i++)
        result = tree_frontier_add(&frontier, l->hasher, &l->hashes[i]);
    return result == 0 ? tree_frontier_root(&frontier, l->hasher, root) : result;
}

static int
node_of(void *arg, unsigned height, uint64_t index, struct tree_hash *hash)
{
    const struct leaves *l = arg;

    if (height > OPENING_PATH_MAX || index >= (uint64_t)l->count >> height)
        return PASU_E_RANGE;
    return root_of(l, (size_t)index << height, (size_t)1 << height, hash);
}

/* ---- openings ---- */

int
opening_make(struct payload_opening *opening, struct tree_hasher *hasher,
             const struct exposure *exposure, const struct opening_list *list)
{
    const uint32_t *ordinals;
    struct leaves leaves;
    size_t count;
    int result = opening_find(exposure, list, &ordinals, &count);

    if (result != 0)
        return result;
    opening->record = list->record;
    opening->part = list->part;
    opening->which = list->which;
    opening->count = (uint32_t)count;
    result = leaves_make(&leaves, hasher, opening->seed, ordinals, count);
    if (result == 0)
        result = root_of(&leaves, 0, count, &opening->root);
    leaves_release(&leaves);
    return result;
}

static int
prove(struct opening_leaf *leaf, const struct leaves *l, const struct payload_opening *opening)
{
    const struct tree_source source = {node_of, (void *)(uintptr_t)l};
    struct tree_proof proof;
    struct tree_hash root;
    int result = root_of(l, 0, l->count, &root);

    if (result == 0 && !tree_hash_equal(&root, &opening->root))
        result = PASU_E_CORRUPT;
    if (result == 0)
        result = tree_prove_inclusion(l->hasher, &source, leaf->number, l->count, &proof);
    if (result == 0 && proof.count > OPENING_PATH_MAX)
        result = PASU_E_RANGE;
    if (result != 0)
        return result;
    leaf->count = proof.count;
    memcpy(leaf->path, proof.hashes, proof.count * sizeof(proof.hashes[0]));
    return 0;
}

int
opening_prove(struct opening_leaf *leaf, struct tree_hasher *hasher,
              const struct payload_opening *opening, const struct exposure *exposure,
              uint32_t number)
{
    const struct opening_list list = {opening->record, opening->part, opening->which};
    const uint32_t *ordinals;
    EVP_MAC_CTX *salter;
    struct leaves leaves;
    size_t count;
    int result = opening_find(exposure, &list, &ordinals, &count);

    if (result == 0 && count != opening->count)
        result = PASU_E_CORRUPT;
    if (result == 0 && number >= count)
        result = PASU_E_RANGE;
    if (result != 0)
        return result;
    *leaf = (struct opening_leaf){.number = number, .ordinal = ordinals[number]};
    salter = salter_new(opening->seed);
    result = salter ? make_salt(salter, number, leaf->salt) : PASU_E_CRYPTO;
    EVP_MAC_CTX_free(salter);
    if (result != 0)
        return result;
    result = leaves_make(&leaves, hasher, opening->seed, ordinals, count);
    if (result == 0)
        result = prove(leaf, &leaves, opening);
    leaves_release(&leaves);
    return result;
}

int
opening_verify(struct tree_hasher *hasher, const struct payload_opening *opening,
               const struct opening_leaf *leaf)
{
    struct tree_hash hash;
    int result = leaf->count <= OPENING_PATH_MAX
                     ? hash_leaf(hasher, leaf->salt, leaf->ordinal, &hash)
                     : PASU_E_CORRUPT;

    return result == 0 ? tree_verify_inclusion(hasher, &hash, leaf->number, opening->count,
                                               leaf->path, leaf->count, &opening->root)
                       : result;
}
