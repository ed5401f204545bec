/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/scram.h"
#include "unit.h"

#include <stdlib.h>

static const struct scram_binding some_binding = {.length = 32, .hash = {1, 2, 3}};

struct exchange {
    struct scram_verifier verifier;
    struct scram_server server;
    struct scram_client client;
    struct scram_key key;
};

static void
begin(struct exchange *x, const char *stored, const char *typed,
      const struct scram_binding *binding)
{
    memset(x, 0, sizeof(*x));
    assert_int_equal(scram_verifier_of_password(&x->verifier, view_of_text(stored),
                                                VIEW("0123456789abcdef"), 4096),
                     0);
    assert_int_equal(scram_client_init_password(&x->client, &os_real, view_of_text(typed), binding),
                     0);
    assert_int_equal(scram_server_init(&x->server, &os_real,
                                       view_of_text(scram_client_mechanism(&x->client)),
                                       &x->verifier, binding),
                     0);
}

/* Runs both ends against each other; what the server says of the proof. */
static int
run(struct exchange *x)
{
    struct view message, reply;
    int result;

    assert_int_equal(scram_client_first(&x->client, &message), 0);
    assert_int_equal(scram_server_first(&x->server, message, &reply), 0);
    assert_int_equal(scram_client_final(&x->client, reply, &message), 0);
    result = scram_server_final(&x->server, message, &reply, &x->key);
    if (result == 0)
        assert_int_equal(scram_client_verify(&x->client, reply), 0);
    return result;
}

static void
both_ends_agree_on_the_right_password(void **state PASU_UNUSED)
{
    struct exchange x;

    begin(&x, "secret", "secret", NULL);
    assert_int_equal(run(&x), 0);
    begin(&x, "secret", "secret", &some_binding);
    assert_int_equal(run(&x), 0);
}

static void
a_wrong_password_fails_and_gives_no_key(void **state PASU_UNUSED)
{
    static const struct scram_key none;
    struct exchange x;

    begin(&x, "secret", "guess", NULL);
    assert_int_equal(run(&x), PASU_E_AUTH_FAILED);
    assert_memory_equal(&x.key, &none, sizeof(none));
}

static void
the_key_learned_from_a_client_opens_the_server(void **state PASU_UNUSED)
{
    struct exchange x, y;

    begin(&x, "secret", "secret", NULL);
    assert_int_equal(run(&x), 0);
    y = x;
    assert_int_equal(scram_client_init_key(&y.client, &os_real, &x.verifier, &x.key, NULL), 0);
    assert_int_equal(
        scram_server_init(&y.server, &os_real, VIEW(SCRAM_MECHANISM), &x.verifier, NULL), 0);
    assert_int_equal(run(&y), 0);
}

static void
a_key_is_not_used_where_salt_or_iterations_changed(void **state PASU_UNUSED)
{
    struct exchange x;
    struct scram_verifier other;
    struct view message, reply;

    begin(&x, "secret", "secret", NULL);
    assert_int_equal(run(&x), 0);
    assert_int_equal(
        scram_verifier_of_password(&other, VIEW("secret"), VIEW("fedcba9876543210"), 4096), 0);
    assert_int_equal(scram_client_init_key(&x.client, &os_real, &x.verifier, &x.key, NULL), 0);
    assert_int_equal(scram_server_init(&x.server, &os_real, VIEW(SCRAM_MECHANISM), &other, NULL),
                     0);
    assert_int_equal(scram_client_first(&x.client, &message), 0);
    assert_int_equal(scram_server_first(&x.server, message, &reply), 0);
    assert_int_equal(scram_client_final(&x.client, reply, &message), PASU_E_AUTH_SERVER);
}

static void
a_client_that_was_not_told_of_plus_is_a_downgrade(void **state PASU_UNUSED)
{
    struct exchange x;
    struct view reply;

    begin(&x, "secret", "secret", NULL);
    assert_int_equal(
        scram_server_init(&x.server, &os_real, VIEW(SCRAM_MECHANISM), &x.verifier, &some_binding),
        0);
    assert_int_equal(scram_server_first(&x.server, VIEW("y,,n=,r=abc"), &reply),
                     PASU_E_AUTH_BINDING);
}

static void
another_certificate_fails_the_binding(void **state PASU_UNUSED)
{
    struct scram_binding other = some_binding;
    struct exchange x;

    other.hash[0] ^= 1;
    begin(&x, "secret", "secret", &other);
    assert_int_equal(scram_server_init(&x.server, &os_real, VIEW(SCRAM_MECHANISM_PLUS), &x.verifier,
                                       &some_binding),
                     0);
    assert_int_equal(run(&x), PASU_E_AUTH_BINDING);
}

static void
a_mock_verifier_always_fails_and_keeps_its_salt(void **state PASU_UNUSED)
{
    const uint8_t secret[SCRAM_MOCK_SECRET_LENGTH] = {9};
    struct scram_verifier a, b;
    struct exchange x;

    assert_int_equal(scram_verifier_mock(&a, secret, VIEW("nobody"), 4096), 0);
    assert_int_equal(scram_verifier_mock(&b, secret, VIEW("nobody"), 4096), 0);
    assert_memory_equal(a.salt, b.salt, sizeof(a.salt));
    begin(&x, "secret", "secret", NULL);
    assert_int_equal(scram_server_init(&x.server, &os_real, VIEW(SCRAM_MECHANISM), &a, NULL), 0);
    assert_int_equal(run(&x), PASU_E_AUTH_FAILED);
}

static void
every_changed_byte_of_the_final_message_is_refused(void **state PASU_UNUSED)
{
    struct exchange x;
    struct view first, reply, final;

    begin(&x, "secret", "secret", NULL);
    assert_int_equal(scram_client_first(&x.client, &first), 0);
    assert_int_equal(scram_server_first(&x.server, first, &reply), 0);
    assert_int_equal(scram_client_final(&x.client, reply, &final), 0);
    for (size_t i = 0; i < final.length; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct scram_server server = x.server;
            uint8_t copy[SCRAM_MESSAGE_MAX];
            struct scram_key key;
            struct view unused;

            memcpy(copy, final.bytes, final.length);
            copy[i] = (uint8_t)(copy[i] ^ 1 << bit);
            assert_true(scram_server_final(&server, view_of(copy, final.length), &unused, &key) <
                        0);
        }
}

static void
rfc_7677_is_reproduced(void **state PASU_UNUSED)
{
    /* Section 3: user "user", password "pencil", the nonces and the salt given there. */
    static const char first[] = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    struct scram_verifier verifier;
    struct scram_server server;
    struct scram_key key;
    struct view reply;
    static const uint8_t salt[] = {0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e,
                                   0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81};
    static const char theirs[] = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

    assert_int_equal(
        scram_verifier_of_password(&verifier, VIEW("pencil"), view_of(salt, sizeof(salt)), 4096),
        0);
    assert_int_equal(scram_server_init(&server, &os_real, VIEW(SCRAM_MECHANISM), &verifier, NULL),
                     0);
    assert_int_equal(scram_server_first(&server, view_of_text(first), &reply), 0);
    /* Put the RFC's server nonce in place of ours. */
    memcpy(server.nonce + 20, theirs, sizeof(theirs) - 1);
    server.nonce_length = (uint16_t)(20 + sizeof(theirs) - 1);
    server.reply_length = (uint16_t)snprintf(
        (char *)server.reply, sizeof(server.reply),
        "r=rOprNGfwEbeRWgbNEkqO%%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    assert_int_equal(
        scram_server_final(&server,
                           VIEW("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
                           &reply, &key),
        0);
    assert_true(view_equal(reply, VIEW("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_agree_on_the_right_password),
        cmocka_unit_test(a_wrong_password_fails_and_gives_no_key),
        cmocka_unit_test(the_key_learned_from_a_client_opens_the_server),
        cmocka_unit_test(a_key_is_not_used_where_salt_or_iterations_changed),
        cmocka_unit_test(a_client_that_was_not_told_of_plus_is_a_downgrade),
        cmocka_unit_test(another_certificate_fails_the_binding),
        cmocka_unit_test(a_mock_verifier_always_fails_and_keeps_its_salt),
        cmocka_unit_test(every_changed_byte_of_the_final_message_is_refused),
        cmocka_unit_test(rfc_7677_is_reproduced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
