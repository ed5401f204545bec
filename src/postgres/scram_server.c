/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/scram_part.h"

#include "base/base64.h"
#include "base/memory.h"

enum {
    PROOF_TEXT_LENGTH = 44,
    BINDING_TEXT_MAX = 2 + BASE64_LENGTH(sizeof("p=" SCRAM_BINDING_NAME ",,") + SCRAM_BINDING_MAX),
};

int
scram_server_init(struct scram_server *server, const struct os *os, struct view mechanism,
                  const struct scram_verifier *verifier, const struct scram_binding *binding)
{
    memset(server, 0, sizeof(*server));
    server->offers_plus = binding && binding->length > 0;
    server->is_plus = view_equal(mechanism, view_of_text(SCRAM_MECHANISM_PLUS));
    if (!server->is_plus && !view_equal(mechanism, view_of_text(SCRAM_MECHANISM)))
        return PASU_E_PROTOCOL;
    if (server->is_plus && !server->offers_plus)
        return PASU_E_PROTOCOL;
    if (server->offers_plus)
        server->binding = *binding;
    server->verifier = *verifier;
    server->step = SCRAM_FIRST;
    /* Ours goes behind the client's, whose length is not known yet: kept at the start until then.
     */
    return scram_nonce(server->nonce, os);
}

/* gs2-header: the flag and an empty authorization identity, "n,," or "y,," or "p=…,,". */
static int
read_gs2_header(struct scram_server *server, struct reader *r)
{
    static const char name[] = "=" SCRAM_BINDING_NAME;

    server->gs2_flag = (char)reader_u8(r);
    switch (server->gs2_flag) {
    case 'n':
        if (server->is_plus)
            return PASU_E_AUTH_BINDING;
        break;
    case 'y':
        if (server->is_plus || server->offers_plus)
            return PASU_E_AUTH_BINDING;
        break;
    case 'p':
        if (!server->is_plus)
            return PASU_E_AUTH_BINDING;
        if (!view_equal(reader_bytes(r, sizeof(name) - 1), view_of_text(name)))
            return PASU_E_AUTH_BINDING;
        break;
    default:
        return PASU_E_MALFORMED;
    }
    return view_equal(reader_bytes(r, 2), VIEW(",,")) ? 0 : PASU_E_MALFORMED;
}

/* What follows may only be extensions that can be skipped. */
static void
skip_extensions(struct reader *r)
{
    char name;

    while (reader_left(r) > 0)
        scram_attribute(r, &name);
}

static int
read_first(struct scram_server *server, struct view client_first)
{
    struct reader r = reader_of(client_first);
    char ours[SCRAM_NONCE_LENGTH];
    struct view bare, nonce;
    int result = read_gs2_header(server, &r);

    if (result != 0)
        return result;
    bare = view_of(r.at, reader_left(&r));
    scram_attribute_named(&r, 'n');
    nonce = scram_attribute_named(&r, 'r');
    skip_extensions(&r);
    if (reader_end(&r) != 0 || !scram_is_nonce(nonce) || nonce.length > SCRAM_NONCE_MAX ||
        bare.length > sizeof(server->first_bare))
        return PASU_E_MALFORMED;
    memcpy(server->first_bare, bare.bytes, bare.length);
    server->first_bare_length = (uint16_t)bare.length;
    memcpy(ours, server->nonce, sizeof(ours));
    memcpy(server->nonce, nonce.bytes, nonce.length);
    memcpy(server->nonce + nonce.length, ours, sizeof(ours));
    server->nonce_length = (uint16_t)(nonce.length + sizeof(ours));
    return 0;
}

int
scram_server_first(struct scram_server *server, struct view client_first, struct view *reply)
{
    struct writer w = writer_of(server->reply, sizeof(server->reply));
    char number[16];
    int result;

    if (server->step != SCRAM_FIRST)
        return PASU_E_MISUSE;
    server->step = SCRAM_DONE;
    result = client_first.length > SCRAM_MESSAGE_MAX ? PASU_E_MALFORMED
                                                     : read_first(server, client_first);
    if (result != 0)
        return result;
    writer_bytes(&w, "r=", 2);
    writer_bytes(&w, server->nonce, server->nonce_length);
    writer_bytes(&w, ",s=", 3);
    base64_write(&w, server->verifier.salt, server->verifier.salt_length);
    snprintf(number, sizeof(number), ",i=%u", server->verifier.iterations);
    writer_bytes(&w, number, strlen(number));
    if (writer_end(&w) < 0)
        return PASU_E_RANGE;
    server->reply_length = (uint16_t)writer_length(&w);
    server->step = SCRAM_FINAL;
    *reply = view_of(server->reply, server->reply_length);
    return 0;
}

struct final {
    struct view bare; /* client-final-message-without-proof */
    struct scram_key proof;
};

static int
read_final(const struct scram_server *server, struct view message, struct final *final)
{
    uint8_t expected[BINDING_TEXT_MAX];
    struct writer w = writer_of(expected, sizeof(expected));
    struct reader r = reader_of(message);
    struct view binding = scram_attribute_named(&r, 'c');
    struct view nonce = scram_attribute_named(&r, 'r');
    struct view proof = {0};
    const uint8_t *before = r.at;
    char name = '\0';

    while (!r.failed && name != 'p') {
        before = r.at;
        proof = scram_attribute(&r, &name);
    }
    if (reader_end(&r) != 0 || proof.length != PROOF_TEXT_LENGTH || before == message.bytes ||
        base64_read(final->proof.bytes, sizeof(final->proof.bytes), proof) !=
            (int)sizeof(final->proof.bytes))
        return PASU_E_MALFORMED;
    final->bare = view_of(message.bytes, (size_t)(before - 1 - message.bytes));
    scram_write_binding(&w, server->gs2_flag, &server->binding);
    if (writer_end(&w) < 0)
        return PASU_E_RANGE;
    if (!view_equal(view_of(expected + 2, writer_length(&w) - 2), binding))
        return PASU_E_AUTH_BINDING;
    return view_equal(nonce, view_of(server->nonce, server->nonce_length)) ? 0 : PASU_E_MALFORMED;
}

/* ClientKey = proof XOR signature; right if its hash is StoredKey. */
static int
check_proof(const struct scram_server *server, const struct final *final,
            const struct scram_transcript *transcript, struct scram_key *client_key)
{
    struct scram_key signature = {0}, stored = {0};
    int result = scram_sign(&signature, &server->verifier.stored_key, transcript);

    if (result == 0) {
        *client_key = final->proof;
        scram_mix(client_key, &signature);
        result = scram_hash(&stored, client_key);
    }
    if (result == 0 && (!memory_equal_secret(stored.bytes, server->verifier.stored_key.bytes,
                                             sizeof(stored.bytes)) ||
                        server->verifier.is_mock))
        result = PASU_E_AUTH_FAILED;
    scram_key_release(&signature);
    scram_key_release(&stored);
    if (result != 0)
        scram_key_release(client_key);
    return result;
}

int
scram_server_final(struct scram_server *server, struct view client_final, struct view *reply,
                   struct scram_key *client_key)
{
    struct final final = {0};
    struct scram_key signature = {0};
    struct scram_transcript transcript;
    struct writer w;
    int result;

    memset(client_key, 0, sizeof(*client_key));
    if (server->step != SCRAM_FINAL)
        return PASU_E_MISUSE;
    server->step = SCRAM_DONE;
    result = client_final.length > SCRAM_MESSAGE_MAX ? PASU_E_MALFORMED
                                                     : read_final(server, client_final, &final);
    if (result != 0)
        goto out;
    transcript.first_bare = view_of(server->first_bare, server->first_bare_length);
    transcript.server_first = view_of(server->reply, server->reply_length);
    transcript.final_bare = final.bare;
    result = check_proof(server, &final, &transcript, client_key);
    if (result == 0)
        result = scram_sign(&signature, &server->verifier.server_key, &transcript);
    if (result != 0)
        goto out;
    w = writer_of(server->reply, sizeof(server->reply));
    writer_bytes(&w, "v=", 2);
    base64_write(&w, signature.bytes, sizeof(signature.bytes));
    server->reply_length = (uint16_t)writer_length(&w);
    *reply = view_of(server->reply, server->reply_length);
out:
    scram_key_release(&signature);
    scram_key_release(&final.proof);
    if (result != 0)
        scram_key_release(client_key);
    return result;
}

void
scram_server_release(struct scram_server *server)
{
    memory_wipe(server, sizeof(*server));
}
