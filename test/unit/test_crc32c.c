/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32c.h"
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_pieces_give_the_known_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
