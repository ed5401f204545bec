/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32c.h"
#include "random.h"
#include "unit.h"

static void
any_pieces_give_the_known_value(void **state PASU_UNUSED)
{
    static const uint8_t zeros[32];
    const char *digits = "123456789";

    /* RFC 3720, appendix B.4, and the usual check value. */
    assert_int_equal(crc32c(0, zeros, sizeof(zeros)), 0x8a9136aa);
    assert_int_equal(crc32c(0, digits, 9), 0xe3069283);
    for (size_t cut = 0; cut <= 9; cut++)
        assert_int_equal(crc32c(crc32c(0, digits, cut), digits + cut, 9 - cut), 0xe3069283);
}

/* Bit by bit, as it is defined. */
static uint32_t
slow(uint32_t crc, const uint8_t *at, size_t length)
{
    crc = ~crc;
    while (length-- > 0) {
        crc ^= *at++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

static void
any_length_and_place_gives_what_is_defined(void **state PASU_UNUSED)
{
    static uint8_t bytes[3000];
    struct random random = {.state = 1};
    uint32_t crc = 0;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)random_u64(&random);
    for (size_t length = 0; length < sizeof(bytes); length++) {
        size_t at = random_below(&random, (uint32_t)(sizeof(bytes) - length));

        assert_int_equal(crc32c(crc, bytes + at, length), slow(crc, bytes + at, length));
        crc = slow(crc, bytes + at, length);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_pieces_give_the_known_value),
        cmocka_unit_test(any_length_and_place_gives_what_is_defined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
