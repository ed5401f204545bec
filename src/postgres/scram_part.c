/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/scram_part.h"

#include "base/base64.h"
#include "base/memory.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

int
scram_hash(struct scram_key *hash, const struct scram_key *of)
{
    return EVP_Digest(of->bytes, sizeof(of->bytes), hash->bytes, NULL, EVP_sha256(), NULL) == 1
               ? 0
               : PASU_E_CRYPTO;
}

int
scram_hmac(struct scram_key *mac, const struct scram_key *key, struct view data)
{
    return HMAC(EVP_sha256(), key->bytes, sizeof(key->bytes), data.bytes, data.length, mac->bytes,
                NULL)
               ? 0
               : PASU_E_CRYPTO;
}

int
scram_derive(struct scram_key *client_key, struct scram_verifier *verifier, struct view password)
{
    struct scram_key salted = {0};
    int result = PASU_E_CRYPTO;

    if (PKCS5_PBKDF2_HMAC((const char *)password.bytes, (int)password.length, verifier->salt,
                          verifier->salt_length, (int)verifier->iterations, EVP_sha256(),
                          sizeof(salted.bytes), salted.bytes) != 1)
        goto out;
    result = scram_hmac(client_key, &salted, VIEW("Client Key"));
    if (result == 0)
        result = scram_hash(&verifier->stored_key, client_key);
    if (result == 0)
        result = scram_hmac(&verifier->server_key, &salted, VIEW("Server Key"));
out:
    scram_key_release(&salted);
    return result;
}

int
scram_sign(struct scram_key *signature, const struct scram_key *key,
           const struct scram_transcript *transcript)
{
    uint8_t message[3 * SCRAM_MESSAGE_MAX + 2];
    struct writer w = writer_of(message, sizeof(message));
    ssize_t length;

    writer_bytes(&w, transcript->first_bare.bytes, transcript->first_bare.length);
    writer_u8(&w, ',');
    writer_bytes(&w, transcript->server_first.bytes, transcript->server_first.length);
    writer_u8(&w, ',');
    writer_bytes(&w, transcript->final_bare.bytes, transcript->final_bare.length);
    length = writer_end(&w);
    return length < 0 ? (int)length : scram_hmac(signature, key, view_of(message, (size_t)length));
}

void
scram_mix(struct scram_key *key, const struct scram_key *other)
{
    for (size_t i = 0; i < sizeof(key->bytes); i++)
        key->bytes[i] ^= other->bytes[i];
}

void
scram_key_release(struct scram_key *key)
{
    memory_wipe(key, sizeof(*key));
}

int
scram_nonce(char nonce[SCRAM_NONCE_LENGTH], const struct os *os)
{
    uint8_t random[SCRAM_NONCE_LENGTH / 4 * 3];
    struct writer w = writer_of(nonce, SCRAM_NONCE_LENGTH);

    if (os->random(os->arg, random, sizeof(random)) != 0)
        return PASU_E_CRYPTO;
    base64_write(&w, random, sizeof(random));
    return writer_end(&w) == SCRAM_NONCE_LENGTH ? 0 : PASU_E_CRYPTO;
}

bool
scram_is_nonce(struct view text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] < 0x21 || text.bytes[i] > 0x7e || text.bytes[i] == ',')
            return false;
    }
    return text.length > 0;
}

void
scram_write_binding(struct writer *w, char gs2_flag, const struct scram_binding *binding)
{
    uint8_t data[sizeof("p=" SCRAM_BINDING_NAME ",,") + SCRAM_BINDING_MAX];
    struct writer input = writer_of(data, sizeof(data));

    if (gs2_flag == 'p') {
        writer_bytes(&input, "p=" SCRAM_BINDING_NAME ",,", strlen("p=" SCRAM_BINDING_NAME ",,"));
        writer_bytes(&input, binding->hash, binding->length);
    } else {
        writer_u8(&input, (uint8_t)gs2_flag);
        writer_bytes(&input, ",,", 2);
    }
    writer_bytes(w, "c=", 2);
    base64_write(w, data, writer_length(&input));
}

struct view
scram_attribute(struct reader *r, char *name)
{
    struct view value = {r->at, 0};
    const uint8_t *comma;

    *name = (char)reader_u8(r);
    if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z')) || *name == 'm' ||
        reader_u8(r) != '=') {
        r->failed = true;
        return value;
    }
    comma = reader_left(r) > 0 ? memchr(r->at, ',', reader_left(r)) : NULL;
    if (!comma)
        return reader_bytes(r, reader_left(r));
    value = reader_bytes(r, (size_t)(comma - r->at));
    reader_u8(r);
    if (reader_left(r) == 0)
        r->failed = true;
    return value;
}

struct view
scram_attribute_named(struct reader *r, char name)
{
    char found;
    struct view value = scram_attribute(r, &found);

    if (found != name)
        r->failed = true;
    return value;
}

uint32_t
scram_number(struct view text)
{
    uint64_t number = 0;

    if (text.length == 0 || text.length > 10 || text.bytes[0] == '0')
        return 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return 0;
        number = number * 10 + (uint64_t)(text.bytes[i] - '0');
    }
    return number <= INT32_MAX ? (uint32_t)number : 0;
}
