/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/memory.h"
#include "postgres/saslprep.h"
#include "postgres/scram_part.h"

enum { MOCK_SALT_LENGTH = 16 }; /* as PostgreSQL's own verifiers have */

/* The text up to a byte, which is consumed; fails where it does not come. */
static struct view
read_until(struct reader *r, char byte)
{
    const uint8_t *at = reader_left(r) > 0 ? memchr(r->at, byte, reader_left(r)) : NULL;
    struct view text = {r->at, 0};

    if (!at) {
        r->failed = true;
        return text;
    }
    text = reader_bytes(r, (size_t)(at - r->at));
    reader_u8(r);
    return text;
}

static bool
read_key(struct scram_key *key, struct view text)
{
    return base64_read(key->bytes, sizeof(key->bytes), text) == SCRAM_KEY_LENGTH;
}

int
scram_verifier_parse(struct scram_verifier *verifier, struct view text)
{
    struct reader r = reader_of(text);
    bool is_scram = view_equal(read_until(&r, '$'), VIEW(SCRAM_MECHANISM));
    struct view iterations = read_until(&r, ':');
    struct view salt = read_until(&r, '$');
    struct view stored_key = read_until(&r, ':');
    struct view server_key = reader_bytes(&r, reader_left(&r));
    ssize_t salt_length;

    memset(verifier, 0, sizeof(*verifier));
    if (reader_end(&r) != 0 || !is_scram)
        return PASU_E_MALFORMED;
    salt_length = base64_read(verifier->salt, sizeof(verifier->salt), salt);
    verifier->iterations = scram_number(iterations);
    if (salt_length <= 0 || verifier->iterations == 0 ||
        !read_key(&verifier->stored_key, stored_key) ||
        !read_key(&verifier->server_key, server_key)) {
        scram_verifier_release(verifier);
        return PASU_E_MALFORMED;
    }
    verifier->salt_length = (uint16_t)salt_length;
    return 0;
}

void
scram_verifier_text(char text[SCRAM_VERIFIER_TEXT_SIZE], const struct scram_verifier *verifier)
{
    struct writer w = writer_of(text, SCRAM_VERIFIER_TEXT_SIZE - 1);
    int length =
        snprintf(text, SCRAM_VERIFIER_TEXT_SIZE, SCRAM_MECHANISM "$%u:", verifier->iterations);

    w.at += length;
    base64_write(&w, verifier->salt, verifier->salt_length);
    writer_u8(&w, '$');
    base64_write(&w, verifier->stored_key.bytes, SCRAM_KEY_LENGTH);
    writer_u8(&w, ':');
    base64_write(&w, verifier->server_key.bytes, SCRAM_KEY_LENGTH);
    *w.at = '\0';
}

int
scram_verifier_of_password(struct scram_verifier *verifier, struct view password, struct view salt,
                           uint32_t iterations)
{
    uint8_t prepared[SCRAM_PASSWORD_MAX];
    struct scram_key client_key = {0};
    int length;
    int result;

    memset(verifier, 0, sizeof(*verifier));
    if (salt.length == 0 || salt.length > SCRAM_SALT_MAX || iterations == 0 ||
        iterations > INT32_MAX)
        return PASU_E_RANGE;
    length = saslprep(prepared, sizeof(prepared), password);
    if (length < 0)
        return length;
    memcpy(verifier->salt, salt.bytes, salt.length);
    verifier->salt_length = (uint16_t)salt.length;
    verifier->iterations = iterations;
    result = scram_derive(&client_key, verifier, view_of(prepared, (size_t)length));
    if (result != 0)
        scram_verifier_release(verifier);
    scram_key_release(&client_key);
    memory_wipe(prepared, sizeof(prepared));
    return result;
}

int
scram_verifier_mock(struct scram_verifier *verifier, const uint8_t secret[SCRAM_MOCK_SECRET_LENGTH],
                    struct view user, uint32_t iterations)
{
    struct scram_key key, salt = {0};
    int result;

    _Static_assert(SCRAM_MOCK_SECRET_LENGTH == SCRAM_KEY_LENGTH, "the secret is used as a key");
    memset(verifier, 0, sizeof(*verifier));
    if (iterations == 0 || iterations > INT32_MAX)
        return PASU_E_RANGE;
    memcpy(key.bytes, secret, sizeof(key.bytes));
    result = scram_hmac(&salt, &key, user);
    /* Nobody's keys: they only make the same work as real ones. */
    if (result == 0)
        result = scram_hash(&verifier->stored_key, &salt);
    if (result == 0) {
        verifier->is_mock = true;
        verifier->iterations = iterations;
        verifier->salt_length = MOCK_SALT_LENGTH;
        memcpy(verifier->salt, salt.bytes, MOCK_SALT_LENGTH);
        verifier->server_key = verifier->stored_key;
    }
    scram_key_release(&key);
    scram_key_release(&salt);
    return result;
}

void
scram_verifier_release(struct scram_verifier *verifier)
{
    memory_wipe(verifier, sizeof(*verifier));
}
