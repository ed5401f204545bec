/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks are signed as standardwebhooks.com has it: by the example of its libraries. */
#include "respond/signature.h"

#include "unit.h"

static void
the_known_example_comes_out(void **state PASU_UNUSED)
{
    uint8_t secret[SIGNATURE_SECRET_MAX];
    char signature[SIGNATURE_SIZE];
    ssize_t length = signature_secret(secret, VIEW("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"));

    assert_int_equal(length, 24);
    assert_int_equal(signature_make(signature, view_of(secret, (size_t)length),
                                    "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                                    VIEW("{\"test\": 2432232314}")),
                     0);
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void
a_secret_is_the_first_line(void **state PASU_UNUSED)
{
    uint8_t secret[SIGNATURE_SECRET_MAX], longer[SIGNATURE_SECRET_MAX + 1] = {0};

    assert_int_equal(signature_secret(secret, VIEW("a secret\r\nmore")), 8);
    assert_memory_equal(secret, "a secret", 8);
    assert_int_equal(signature_secret(secret, VIEW("")), PASU_E_MALFORMED);
    assert_int_equal(signature_secret(secret, VIEW("\nx")), PASU_E_MALFORMED);
    assert_int_equal(signature_secret(secret, VIEW("whsec_no base64")), PASU_E_MALFORMED);
    memset(longer, 'x', sizeof(longer));
    assert_int_equal(signature_secret(secret, view_of(longer, sizeof(longer))), PASU_E_RANGE);
    assert_int_equal(signature_secret(secret, view_of(longer, sizeof(secret))), sizeof(secret));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_example_comes_out),
        cmocka_unit_test(a_secret_is_the_first_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
