/* SPDX-License-Identifier: Apache-2.0 */
/* Persons' hashes are SipHash's, however many are hashed at once. */
#include "breach/person_hashes.h"

#include <sodium/crypto_shorthash_siphash24.h>

#include "unit.h"

enum { MOST = 67, BEHIND = 9 };
#define UNTOUCHED UINT64_C(0xeeeeeeeeeeeeeeee)

typedef void hashes_fn(const uint8_t key[16], uint32_t kind, const uint32_t *ordinals, size_t count,
                       uint64_t *hashes);

static uint64_t
due(const uint8_t key[16], uint32_t kind, uint32_t ordinal)
{
    const uint32_t subject[2] = {kind, ordinal};
    uint64_t hash;

    (void)crypto_shorthash_siphash24((uint8_t *)&hash, (const uint8_t *)subject, sizeof(subject),
                                     key);
    return hash;
}

static void
check(hashes_fn *way, uint32_t kind)
{
    uint8_t key[16];
    uint32_t ordinals[MOST];

    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)(i * 37 + kind);
    for (uint32_t i = 0; i < MOST; i++)
        ordinals[i] = i % 3 == 0 ? UINT32_MAX - i : i * UINT32_C(2654435761);
    for (size_t count = 0; count <= MOST; count++) {
        uint64_t hashes[MOST + BEHIND];

        for (size_t i = 0; i < MOST + BEHIND; i++)
            hashes[i] = UNTOUCHED;
        way(key, kind, ordinals, count, hashes);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(hashes[i], due(key, kind, ordinals[i]));
        for (size_t i = count; i < MOST + BEHIND; i++)
            assert_int_equal(hashes[i], UNTOUCHED);
    }
}

static void
hashes_are_those_of_siphash(void **state PASU_UNUSED)
{
    const uint32_t kinds[] = {0, 1, 255};

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        check(person_hashes, kinds[i]);
        check(person_hashes_one_by_one, kinds[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hashes_are_those_of_siphash)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
