/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/note_key.h"

#include "base/base64.h"
#include "base/memory.h"
#include "ledger/note_text.h"

#include <inttypes.h>
#include <openssl/evp.h>

enum { ID_DIGITS = 8, MATERIAL = 1 + NOTE_KEY_SIZE }; /* type and key */

_Static_assert(NOTE_KEY_TEXT_MAX == NOTE_NAME_MAX + 1 + ID_DIGITS + 1 + BASE64_LENGTH(MATERIAL),
               "");

/* The first four bytes of a hash. */
static int
set_id(struct note_key *key)
{
    uint8_t bytes[NOTE_NAME_MAX + 1 + MATERIAL], hash[EVP_MAX_MD_SIZE];
    struct writer w = writer_of(bytes, sizeof(bytes));

    writer_bytes(&w, key->name, strlen(key->name));
    writer_u8(&w, '\n');
    writer_u8(&w, (uint8_t)key->type);
    writer_bytes(&w, key->public, NOTE_KEY_SIZE);
    if (EVP_Digest(bytes, writer_length(&w), hash, NULL, EVP_sha256(), NULL) != 1)
        return PASU_E_CRYPTO;
    key->id = bytes_get_u32(hash);
    return 0;
}

int
note_key_init(struct note_key *key, enum note_key_type type, struct view name,
              const uint8_t public[NOTE_KEY_SIZE])
{
    if ((type != NOTE_KEY_ED25519 && type != NOTE_KEY_COSIGNATURE) || name.length > NOTE_NAME_MAX ||
        !note_name_is_valid(name))
        return PASU_E_MALFORMED;
    *key = (struct note_key){.type = type};
    text_from_view(key->name, sizeof(key->name), name);
    memcpy(key->public, public, NOTE_KEY_SIZE);
    return set_id(key);
}

/* Digits of lower-case hex only. */
static uint32_t
read_id(struct reader *r)
{
    uint32_t id = 0;

    for (int i = 0; i < ID_DIGITS; i++) {
        uint8_t c = reader_u8(r);

        if (c >= '0' && c <= '9')
            id = id << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            id = id << 4 | (uint32_t)(c - 'a' + 10);
        else
            r->failed = true;
    }
    return id;
}

int
note_key_parts_parse(struct note_key_parts *parts, struct view text)
{
    const uint8_t *plus = text.length > 0 ? memchr(text.bytes, '+', text.length) : NULL;
    uint8_t material[MATERIAL];
    struct reader r = reader_of(text);
    int result = PASU_E_MALFORMED;
    struct view encoded;

    if (!plus)
        return PASU_E_MALFORMED;
    parts->name = reader_bytes(&r, (size_t)(plus - text.bytes));
    (void)reader_u8(&r);
    parts->id = read_id(&r);
    if (reader_u8(&r) != '+')
        r.failed = true;
    encoded = reader_bytes(&r, BASE64_LENGTH(MATERIAL));
    if (reader_end(&r) == 0 && base64_read(material, sizeof(material), encoded) == MATERIAL) {
        parts->type = material[0];
        memcpy(parts->bytes, material + 1, NOTE_KEY_SIZE);
        result = 0;
    }
    memory_wipe(material, sizeof(material));
    return result;
}

void
note_key_parts_print(const struct note_key_parts *parts, struct writer *w)
{
    uint8_t material[MATERIAL];
    char id[ID_DIGITS + 3];

    material[0] = parts->type;
    memcpy(material + 1, parts->bytes, NOTE_KEY_SIZE);
    snprintf(id, sizeof(id), "+%08" PRIx32 "+", parts->id);
    writer_bytes(w, parts->name.bytes, parts->name.length);
    writer_bytes(w, id, strlen(id));
    base64_write(w, material, sizeof(material));
    memory_wipe(material, sizeof(material));
}

int
note_key_parse(struct note_key *key, struct view text)
{
    struct note_key_parts parts;
    int result = note_key_parts_parse(&parts, text);

    if (result == 0)
        result = note_key_init(key, parts.type, parts.name, parts.bytes);
    return result == 0 && key->id != parts.id ? PASU_E_MALFORMED : result;
}

void
note_key_print(const struct note_key *key, struct writer *w)
{
    struct note_key_parts parts = {
        .name = view_of_text(key->name), .id = key->id, .type = (uint8_t)key->type};

    memcpy(parts.bytes, key->public, NOTE_KEY_SIZE);
    note_key_parts_print(&parts, w);
}

void
note_key_text(char text[NOTE_KEY_TEXT_MAX + 1], const struct note_key *key)
{
    struct writer w = writer_of(text, NOTE_KEY_TEXT_MAX);

    note_key_print(key, &w);
    text[writer_length(&w)] = '\0';
}

bool
note_key_is(const struct note_key *key, struct view name, uint32_t id)
{
    return key->id == id && view_equal(view_of_text(key->name), name);
}

ssize_t
note_cosigned(uint8_t message[NOTE_COSIGNED_MAX], struct view text, uint64_t time)
{
    struct writer w = writer_of(message, NOTE_COSIGNED_MAX);
    char head[64];

    if (text.length > NOTE_TEXT_MAX || time > NOTE_TIME_MAX)
        return PASU_E_RANGE;
    snprintf(head, sizeof(head), "cosignature/v1\ntime %" PRIu64 "\n", time);
    writer_bytes(&w, head, strlen(head));
    writer_bytes(&w, text.bytes, text.length);
    return writer_end(&w);
}

static int
check_bytes(const struct note_key *key, struct view message, struct view signature)
{
    EVP_PKEY *public =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->public, NOTE_KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int result = PASU_E_CRYPTO;

    if (public && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, public) == 1)
        result = EVP_DigestVerify(context, signature.bytes, signature.length, message.bytes,
                                  message.length) == 1
                     ? 0
                     : PASU_E_CORRUPT;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    return result;
}

int
note_key_check(const struct note_key *key, struct view text, struct view signature, uint64_t *time)
{
    uint8_t message[NOTE_COSIGNED_MAX];
    struct reader r = reader_of(signature);
    ssize_t length;

    *time = 0;
    if (text.length > NOTE_TEXT_MAX)
        return PASU_E_RANGE;
    if (key->type == NOTE_KEY_ED25519)
        return signature.length == NOTE_SIGNATURE_SIZE ? check_bytes(key, text, signature)
                                                       : PASU_E_CORRUPT;
    if (signature.length != NOTE_COSIGNATURE_SIZE)
        return PASU_E_CORRUPT;
    *time = (uint64_t)reader_u32(&r) << 32;
    *time |= reader_u32(&r);
    length = note_cosigned(message, text, *time);
    if (length < 0) /* a time that no witness may tell */
        return PASU_E_CORRUPT;
    return check_bytes(key, view_of(message, (size_t)length),
                       reader_bytes(&r, NOTE_SIGNATURE_SIZE));
}
