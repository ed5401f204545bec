/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/certificate.h"

#include "base/base64.h"

static const char first_line[] = "pasu certificate/v1\n";

enum { TEXT_MAX = sizeof(first_line) + NOTE_NAME_MAX + 1 + BASE64_LENGTH(CERTIFICATE_DIGEST) + 1 };

/* The note's text; its length. */
static size_t
write_text(uint8_t text[TEXT_MAX], const struct note_key *key,
           const uint8_t digest[CERTIFICATE_DIGEST])
{
    struct writer w = writer_of(text, TEXT_MAX);

    writer_bytes(&w, first_line, sizeof(first_line) - 1);
    writer_bytes(&w, key->name, strlen(key->name));
    writer_u8(&w, '\n');
    base64_write(&w, digest, CERTIFICATE_DIGEST);
    writer_u8(&w, '\n');
    return writer_length(&w);
}

int
certificate_sign(const struct signing_key *key, const uint8_t digest[CERTIFICATE_DIGEST],
                 struct writer *w)
{
    uint8_t text[TEXT_MAX];
    struct view v = view_of(text, write_text(text, &key->public, digest));
    int result = note_begin(w, v);

    return result == 0 ? signing_key_add(key, v, w) : result;
}

int
certificate_check(const struct note_key *key, const uint8_t digest[CERTIFICATE_DIGEST],
                  struct view bytes)
{
    uint8_t text[TEXT_MAX];
    size_t length = write_text(text, key, digest);
    struct note_voice voice;
    struct note note;

    if (key->type != NOTE_KEY_ED25519 || note_parse(&note, bytes) != 0 || note.count != 1 ||
        !view_equal(note.text, view_of(text, length)))
        return PASU_E_CORRUPT;
    switch (note_verify(&note, key, 1, &voice)) {
    case 1:
        return 0;
    case PASU_E_CRYPTO:
        return PASU_E_CRYPTO;
    default:
        return PASU_E_CORRUPT;
    }
}
