/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of SCRAM against hostile messages: nobody gets in who does not know the password. */
#include "postgres/scram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct scram_binding binding = {.length = 32, .hash = {1, 2, 3}};
    static struct scram_verifier verifier;
    struct scram_verifier parsed;
    struct scram_server server = {0};
    struct scram_client client = {0};
    struct scram_key key;
    struct view reply, rest = view_of(data, size), first;

    if (verifier.iterations == 0 &&
        scram_verifier_of_password(&verifier, VIEW("a secret that is not in the corpus"),
                                   VIEW("0123456789abcdef"), 4096) != 0)
        __builtin_trap();
    if (size < 2)
        return 0;
    if (scram_verifier_parse(&parsed, view_of(data, size)) == 0 && parsed.iterations == 0)
        __builtin_trap();
    first = view_of(data + 2, data[1] < size - 2 ? data[1] : size - 2);
    rest = view_of(first.bytes + first.length, size - 2 - first.length);
    if (scram_server_init(&server, &os_real,
                          data[0] & 1 ? VIEW(SCRAM_MECHANISM_PLUS) : VIEW(SCRAM_MECHANISM),
                          &verifier, data[0] & 2 ? &binding : NULL) == 0 &&
        scram_server_first(&server, first, &reply) == 0 &&
        scram_server_final(&server, rest, &reply, &key) == 0)
        __builtin_trap(); /* let in */
    scram_server_release(&server);
    if (scram_client_init_key(&client, &os_real, &verifier, &verifier.stored_key, NULL) == 0 &&
        scram_client_first(&client, &reply) == 0 &&
        scram_client_final(&client, first, &reply) == 0 && scram_client_verify(&client, rest) == 0)
        __builtin_trap(); /* took a stranger for the server */
    scram_client_release(&client);
    return 0;
}
