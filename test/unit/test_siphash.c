/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash is what its authors and libsodium say it is. */
#include "scan/siphash.h"

#include "random.h"
#include "unit.h"

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/crypto_shorthash_siphash24.h>

enum { LONGEST = 100 };

static void
it_is_libsodiums(void **state PASU_UNUSED)
{
    struct random random = {1};
    uint8_t bytes[LONGEST], key[16], hash[8];

    for (size_t length = 0; length <= LONGEST; length++) {
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)random_below(&random, 256);
        for (size_t i = 0; i < sizeof(key); i++)
            key[i] = (uint8_t)random_below(&random, 256);
        assert_int_equal(crypto_shorthash_siphash24(hash, bytes, length, key), 0);
        assert_int_equal(siphash(key, bytes, length), siphash_word(hash));
    }
}

/* The example of the paper, appendix A. */
static void
it_is_the_papers(void **state PASU_UNUSED)
{
    uint8_t key[16], bytes[15];

    for (uint8_t i = 0; i < sizeof(key); i++)
        key[i] = i;
    for (uint8_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = i;
    assert_int_equal(siphash(key, bytes, sizeof(bytes)), UINT64_C(0xa129ca6149be45e5));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_libsodiums),
        cmocka_unit_test(it_is_the_papers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
