/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/opening.h"

#include "base/memory.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum { LEAF_PREFIX = 4 };

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
    uint8_t entry[1 + OPENING_SALT + sizeof(ordinal)] = {LEAF_PREFIX};
    const struct iovec part = {entry, sizeof(entry)};

    memcpy(entry + 1, salt, OPENING_SALT);
    memcpy(entry + 1 + OPENING_SALT, &ordinal, sizeof(ordinal));
    return tree_hash_leaf(hasher, &part, 1, hash);
}

struct leaves {
    struct tree_hasher *hasher;
    struct tree_hash *hashes;
    size_t count;
};

/* `leaf` (NULL: none) gets its salt. */
static int
leaves_make(struct leaves *l, struct tree_hasher *hasher, const uint8_t seed[PAYLOAD_SEED_SIZE],
            const uint32_t *ordinals, size_t count, struct opening_leaf *leaf)
{
    EVP_MAC_CTX *salter = salter_new(seed);
    int result = salter ? 0 : PASU_E_CRYPTO;

    *l = (struct leaves){hasher, memory_new(count, sizeof(struct tree_hash)), count};
    if (!l->hashes)
        result = PASU_E_NOMEM;
    for (size_t i = 0; i < count && result == 0; i++) {
        uint8_t salt[OPENING_SALT];

        result = make_salt(salter, i, salt);
        if (result == 0 && leaf && leaf->number == i)
            memcpy(leaf->salt, salt, sizeof(salt));
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

/* The root, and of a leaf (NULL: none) the hashes beside its path: pairs, level by level, an odd
 * one handed up, are the tree of RFC 9162. The hashes are used up. */
static int
climb(struct leaves *l, struct opening_leaf *leaf, struct tree_hash *root)
{
    size_t at = leaf ? leaf->number : 0;

    for (size_t count = l->count; count > 1; count = (count + 1) / 2, at /= 2) {
        if (leaf && (at ^ 1) < count)
            leaf->path[leaf->count++] = l->hashes[at ^ 1];
        for (size_t i = 0; i + 1 < count; i += 2) {
            int result =
                tree_hash_node(l->hasher, &l->hashes[i], &l->hashes[i + 1], &l->hashes[i / 2]);

            if (result != 0)
                return result;
        }
        if (count % 2 == 1)
            l->hashes[count / 2] = l->hashes[count - 1];
    }
    *root = l->hashes[0];
    return 0;
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
    result = leaves_make(&leaves, hasher, opening->seed, ordinals, count, NULL);
    if (result == 0)
        result = climb(&leaves, NULL, &opening->root);
    leaves_release(&leaves);
    return result;
}

int
opening_prove(struct opening_leaf *leaf, struct tree_hasher *hasher,
              const struct payload_opening *opening, const struct exposure *exposure,
              uint32_t number)
{
    const struct opening_list list = {opening->record, opening->part, opening->which};
    const uint32_t *ordinals;
    struct leaves leaves;
    struct tree_hash root;
    size_t count;
    int result = opening_find(exposure, &list, &ordinals, &count);

    if (result == 0 && count != opening->count)
        result = PASU_E_CORRUPT;
    if (result == 0 && number >= count)
        result = PASU_E_RANGE;
    if (result != 0)
        return result;
    *leaf = (struct opening_leaf){.number = number, .ordinal = ordinals[number]};
    result = leaves_make(&leaves, hasher, opening->seed, ordinals, count, leaf);
    if (result == 0)
        result = climb(&leaves, leaf, &root);
    if (result == 0 && !tree_hash_equal(&root, &opening->root))
        result = PASU_E_CORRUPT;
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
