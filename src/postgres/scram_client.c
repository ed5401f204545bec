/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/scram_part.h"

#include "base/base64.h"
#include "base/memory.h"
#include "postgres/saslprep.h"

enum { SIGNATURE_TEXT_LENGTH = 44, GS2_LENGTH_MAX = 32 };

static int
init(struct scram_client *client, const struct os *os, const struct scram_binding *binding)
{
    memset(client, 0, sizeof(*client));
    if (binding)
        client->binding = *binding;
    client->nonce_length = SCRAM_NONCE_LENGTH;
    client->step = SCRAM_FIRST;
    return scram_nonce(client->nonce, os);
}

int
scram_client_init_key(struct scram_client *client, const struct os *os,
                      const struct scram_verifier *verifier, const struct scram_key *client_key,
                      const struct scram_binding *binding)
{
    int result = init(client, os, binding);

    client->verifier = *verifier;
    client->client_key = *client_key;
    return result;
}

int
scram_client_init_password(struct scram_client *client, const struct os *os, struct view password,
                           const struct scram_binding *binding)
{
    int result = init(client, os, binding);
    int length =
        result == 0 ? saslprep(client->password, sizeof(client->password), password) : result;

    if (length < 0) {
        scram_client_release(client);
        return length;
    }
    client->password_length = (uint16_t)length;
    client->has_password = true;
    return 0;
}

const char *
scram_client_mechanism(const struct scram_client *client)
{
    return client->binding.length > 0 ? SCRAM_MECHANISM_PLUS : SCRAM_MECHANISM;
}

static const char *
gs2_header(const struct scram_client *client)
{
    return client->binding.length > 0 ? "p=" SCRAM_BINDING_NAME ",," : "n,,";
}

int
scram_client_first(struct scram_client *client, struct view *message)
{
    struct writer w = writer_of(client->first, sizeof(client->first));
    const char *header = gs2_header(client);

    if (client->step != SCRAM_FIRST)
        return PASU_E_MISUSE;
    writer_bytes(&w, header, strlen(header));
    writer_bytes(&w, "n=,r=", 5);
    writer_bytes(&w, client->nonce, client->nonce_length);
    client->first_length = (uint16_t)writer_length(&w);
    client->step = SCRAM_FINAL;
    *message = view_of(client->first, client->first_length);
    return 0;
}

/* server-first: r=nonce,s=salt,i=iterations and what may follow. */
static int
read_server_first(struct scram_client *client, struct view message, struct view *nonce)
{
    struct reader r = reader_of(message);
    uint8_t salt[SCRAM_SALT_MAX];
    struct view salt_text;
    uint32_t iterations;
    ssize_t salt_length;
    char name;

    *nonce = scram_attribute_named(&r, 'r');
    salt_text = scram_attribute_named(&r, 's');
    iterations = scram_number(scram_attribute_named(&r, 'i'));
    while (reader_left(&r) > 0)
        scram_attribute(&r, &name);
    salt_length = r.failed ? PASU_E_MALFORMED : base64_read(salt, sizeof(salt), salt_text);
    if (reader_end(&r) != 0 || salt_length <= 0 || iterations == 0 || !scram_is_nonce(*nonce) ||
        nonce->length > SCRAM_NONCE_MAX + SCRAM_NONCE_LENGTH)
        return PASU_E_MALFORMED;
    if (nonce->length <= client->nonce_length ||
        memcmp(nonce->bytes, client->nonce, client->nonce_length) != 0)
        return PASU_E_AUTH_SERVER;
    if (!client->has_password)
        return client->verifier.iterations == iterations &&
                       view_equal(view_of(salt, (size_t)salt_length),
                                  view_of(client->verifier.salt, client->verifier.salt_length))
                   ? 0
                   : PASU_E_AUTH_SERVER;
    if (iterations > SCRAM_ITERATIONS_MAX)
        return PASU_E_AUTH_SERVER;
    client->verifier.iterations = iterations;
    client->verifier.salt_length = (uint16_t)salt_length;
    memcpy(client->verifier.salt, salt, (size_t)salt_length);
    return 0;
}

static int
write_final(struct scram_client *client, struct view server_first, struct view nonce)
{
    struct writer w = writer_of(client->reply, sizeof(client->reply));
    size_t header = strlen(gs2_header(client));
    struct scram_transcript transcript = {
        .first_bare = view_of(client->first + header, client->first_length - header),
        .server_first = server_first,
    };
    struct scram_key proof = {0};
    int result;

    scram_write_binding(&w, client->binding.length > 0 ? 'p' : 'n', &client->binding);
    writer_bytes(&w, ",r=", 3);
    writer_bytes(&w, nonce.bytes, nonce.length);
    if (writer_end(&w) < 0)
        return PASU_E_RANGE;
    transcript.final_bare = view_of(client->reply, writer_length(&w));
    result = scram_sign(&proof, &client->verifier.stored_key, &transcript);
    if (result == 0)
        result = scram_sign(&client->server_signature, &client->verifier.server_key, &transcript);
    if (result != 0)
        goto out;
    scram_mix(&proof, &client->client_key);
    writer_bytes(&w, ",p=", 3);
    base64_write(&w, proof.bytes, sizeof(proof.bytes));
    result = writer_end(&w) < 0 ? PASU_E_RANGE : 0;
    client->reply_length = (uint16_t)writer_length(&w);
out:
    scram_key_release(&proof);
    return result;
}

int
scram_client_final(struct scram_client *client, struct view server_first, struct view *message)
{
    struct view nonce;
    int result;

    if (client->step != SCRAM_FINAL)
        return PASU_E_MISUSE;
    client->step = SCRAM_DONE;
    if (server_first.length > SCRAM_MESSAGE_MAX)
        return PASU_E_MALFORMED;
    result = read_server_first(client, server_first, &nonce);
    if (result == 0 && client->has_password)
        result = scram_derive(&client->client_key, &client->verifier,
                              view_of(client->password, client->password_length));
    memory_wipe(client->password, sizeof(client->password));
    if (result == 0)
        result = write_final(client, server_first, nonce);
    if (result != 0)
        return result;
    client->step = SCRAM_VERIFY;
    *message = view_of(client->reply, client->reply_length);
    return 0;
}

int
scram_client_verify(struct scram_client *client, struct view server_final)
{
    struct reader r = reader_of(server_final);
    struct scram_key signature = {0};
    struct view text;
    char name, other;

    if (client->step != SCRAM_VERIFY)
        return PASU_E_MISUSE;
    client->step = SCRAM_DONE;
    if (server_final.length > SCRAM_MESSAGE_MAX)
        return PASU_E_MALFORMED;
    text = scram_attribute(&r, &name);
    while (reader_left(&r) > 0)
        scram_attribute(&r, &other);
    if (reader_end(&r) != 0)
        return PASU_E_MALFORMED;
    if (name == 'e')
        return PASU_E_AUTH_SERVER;
    if (name != 'v' || text.length != SIGNATURE_TEXT_LENGTH ||
        base64_read(signature.bytes, sizeof(signature.bytes), text) != (int)sizeof(signature.bytes))
        return PASU_E_MALFORMED;
    return memory_equal_secret(signature.bytes, client->server_signature.bytes,
                               sizeof(signature.bytes))
               ? 0
               : PASU_E_AUTH_SERVER;
}

void
scram_client_release(struct scram_client *client)
{
    memory_wipe(client, sizeof(*client));
}
