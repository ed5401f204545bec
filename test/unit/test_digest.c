/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/digest_part.h"
#include "random.h"
#include "unit.h"

#include <openssl/evp.h>

enum { MESSAGES = 50, LENGTH = 1000, ROUNDS = 200 };

static uint8_t bytes[MESSAGES][LENGTH + DIGEST_PADDING];

/* False: the processor cannot go that way. */
static bool
init(struct digester *d, enum digest_way way)
{
    assert_int_equal(digester_init(d), 0);
    if (way > d->way &&
        !(way == DIGEST_WIDE && d->way == DIGEST_LANES && digest_wide_is_possible())) {
        digester_release(d);
        return false;
    }
    d->way = way;
    return true;
}

static void
pad(const struct digest_message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = digest_pad(messages[i].bytes, messages[i].length);

        assert_true(length > messages[i].length);
        assert_true(length <= messages[i].length + DIGEST_PADDING);
    }
}

static void
expect(struct digester *d, const struct digest_message *message)
{
    const struct iovec part = {message->bytes, message->length};
    struct tree_hash hash;

    assert_int_equal(tree_hash_parts(&d->hasher, &part, 1, &hash), 0);
    assert_memory_equal(hash.bytes, message->hash, sizeof(hash.bytes));
}

/* OpenSSL's is the other opinion. */
static void
hashes_are_sha_256_at_each_length_whatever_is_beside(void **state PASU_UNUSED)
{
    struct random random = {.state = 1};
    uint8_t hashes[MESSAGES][TREE_HASH_SIZE];
    struct digest_message messages[MESSAGES];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i / sizeof(bytes[0])][i % sizeof(bytes[0])] = (uint8_t)random_u64(&random);
    for (enum digest_way way = DIGEST_ONE_BY_ONE; way <= DIGEST_WIDE; way++) {
        struct digester d;

        if (!init(&d, way))
            continue;
        for (size_t length = 0; length < LENGTH; length++) {
            const struct digest_message pair[] = {{bytes[0], length, hashes[0]},
                                                  {bytes[1], LENGTH - length, hashes[1]}};

            pad(pair, COUNT_OF(pair));
            assert_int_equal(digest_all(&d, pair, 1 + length % 2), 0);
            expect(&d, &pair[0]);
            if (length % 2)
                expect(&d, &pair[1]);
        }
        for (size_t round = 0; round < ROUNDS; round++) {
            size_t count = random_below(&random, MESSAGES + 1);

            for (size_t i = 0; i < count; i++)
                messages[i] = (struct digest_message){
                    bytes[i], random_below(&random, random_below(&random, 2) ? LENGTH : 70),
                    hashes[i]};
            pad(messages, count);
            assert_int_equal(digest_all(&d, messages, count), 0);
            for (size_t i = 0; i < count; i++)
                expect(&d, &messages[i]);
        }
        digester_release(&d);
    }
}

static void
hashes_are_sha_256_in_batches_of_any_size(void **state PASU_UNUSED)
{
    enum { LENGTHS = 301, BATCHES = 40 };
    static uint8_t right[LENGTHS][TREE_HASH_SIZE], hashes[BATCHES][TREE_HASH_SIZE];
    struct random random = {.state = 3};
    uint8_t text[LENGTHS];
    struct digester d;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)random_u64(&random);
    for (size_t length = 0; length < LENGTHS; length++)
        assert_int_equal(EVP_Digest(text, length, right[length], NULL, EVP_sha256(), NULL), 1);
    for (enum digest_way way = DIGEST_ONE_BY_ONE; way <= DIGEST_WIDE; way++) {
        if (!init(&d, way))
            continue;
        for (size_t count = 1; count <= BATCHES; count++)
            for (size_t length = 0; length < LENGTHS; length++) {
                struct digest_message messages[BATCHES];

                for (size_t i = 0; i < count; i++) {
                    memcpy(bytes[i], text, LENGTHS);
                    messages[i] =
                        (struct digest_message){bytes[i], (length + i) % LENGTHS, hashes[i]};
                }
                pad(messages, count);
                memset(hashes, 0, sizeof(hashes));
                assert_int_equal(digest_all(&d, messages, count), 0);
                for (size_t i = 0; i < count; i++)
                    assert_memory_equal(hashes[i], right[(length + i) % LENGTHS], TREE_HASH_SIZE);
            }
        digester_release(&d);
    }
}

static void
nodes_are_those_of_the_tree(void **state PASU_UNUSED)
{
    struct tree_hash hashes[300], nodes[150];
    struct random random = {.state = 2};

    for (size_t i = 0; i < sizeof(hashes); i++)
        ((uint8_t *)hashes)[i] = (uint8_t)random_u64(&random);
    for (enum digest_way way = DIGEST_ONE_BY_ONE; way <= DIGEST_WIDE; way++) {
        struct digester d;

        if (!init(&d, way))
            continue;
        for (size_t count = 0; count <= COUNT_OF(hashes); count++) {
            struct tree_hash again[300];

            memcpy(again, hashes, sizeof(hashes));
            assert_int_equal(digest_nodes(&d, hashes, count, nodes), 0);
            assert_int_equal(digest_nodes(&d, again, count, again), 0);
            for (size_t i = 0; i < count / 2; i++) {
                struct tree_hash node;

                assert_int_equal(
                    tree_hash_node(&d.hasher, &hashes[2 * i], &hashes[2 * i + 1], &node), 0);
                assert_true(tree_hash_equal(&node, &nodes[i]));
                assert_true(tree_hash_equal(&node, &again[i]));
            }
        }
        digester_release(&d);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_sha_256_at_each_length_whatever_is_beside),
        cmocka_unit_test(hashes_are_sha_256_in_batches_of_any_size),
        cmocka_unit_test(nodes_are_those_of_the_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
