/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that signatures of notes are checked with: the verifier keys of C2SP signed-note. They are
 * written
 *
 *      <name>+<key id, 8 digits of lower-case hex>+<base64 of type ‖ public key>
 *
 *      example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
 *
 * A key's id is the first four bytes of SHA-256(name ‖ newline ‖ type ‖ public key). Name and id
 * together say which key has signed, and how:
 *
 *      0x01   Ed25519 (RFC 8032) over the text: a log's own signature
 *      0x04   C2SP tlog-cosignature v1: what a witness adds, time (u64, big-endian) ‖ Ed25519 over
 *             "cosignature/v1\ntime <time>\n" ‖ text
 *
 * Others are not known here. A struct note_key that one of these functions has made is valid, and
 * never changes: any thread may use it. Nothing here is secret.
 */
#ifndef PASU_LEDGER_NOTE_KEY_H
#define PASU_LEDGER_NOTE_KEY_H

#include "base/bytes.h"

enum {
    NOTE_TEXT_MAX = 16 << 10,
    NOTE_NAME_MAX = 255, /* of a key that is known here */
    NOTE_KEY_SIZE = 32,  /* of a public key, and of the seed of a private one */
    NOTE_SIGNATURE_SIZE = 64,
    NOTE_COSIGNATURE_SIZE = 8 + NOTE_SIGNATURE_SIZE,
    NOTE_COSIGNED_MAX = 64 + NOTE_TEXT_MAX,
    /* name, id, type and 32 bytes */
    NOTE_KEY_TEXT_MAX = NOTE_NAME_MAX + 1 + 8 + 1 + 44,
};
#define NOTE_TIME_MAX ((uint64_t)INT64_MAX) /* of a cosignature */

enum note_key_type { NOTE_KEY_ED25519 = 0x01, NOTE_KEY_COSIGNATURE = 0x04 };

struct note_key {
    enum note_key_type type;
    uint32_t id;
    char name[NOTE_NAME_MAX + 1];
    uint8_t public[NOTE_KEY_SIZE];
};

/* A key of that name and its id. PASU_E_MALFORMED: no name for a key (ledger/note_text.h), or more
 * than NOTE_NAME_MAX bytes, or a type that is not known. PASU_E_CRYPTO. */
PASU_MUST_USE int note_key_init(struct note_key *key, enum note_key_type type, struct view name,
                                const uint8_t public[NOTE_KEY_SIZE]);
/* Parses a hostile verifier key, without a newline. PASU_E_MALFORMED also where the id is not that
 * of the key. */
PASU_MUST_USE int note_key_parse(struct note_key *key, struct view text);
/* Writes it as it is parsed: at most NOTE_KEY_TEXT_MAX bytes. */
void note_key_print(const struct note_key *key, struct writer *w);
/* The same as a text. */
void note_key_text(char text[NOTE_KEY_TEXT_MAX + 1], const struct note_key *key);
/* Whether it is this key, by name and id. */
bool note_key_is(const struct note_key *key, struct view name, uint32_t id);

/*
 * Checks a hostile signature (without the key's id) over a text of at most NOTE_TEXT_MAX bytes. 0,
 * and the time it tells, in seconds since 1970 and at most NOTE_TIME_MAX (0 for Ed25519).
 * PASU_E_CORRUPT: the key has not signed this. PASU_E_RANGE: the text is longer.
 */
PASU_MUST_USE int note_key_check(const struct note_key *key, struct view text,
                                 struct view signature, uint64_t *time);

/* What a witness signs. Its length, or PASU_E_RANGE for a longer text or a later time. */
PASU_MUST_USE ssize_t note_cosigned(uint8_t message[NOTE_COSIGNED_MAX], struct view text,
                                    uint64_t time);

/* The parts of a key in text, which a private key has too (ledger/signing_key.h). */
struct note_key_parts {
    struct view name; /* borrowed from the text */
    uint32_t id;
    uint8_t type; /* any */
    uint8_t bytes[NOTE_KEY_SIZE];
};

PASU_MUST_USE int note_key_parts_parse(struct note_key_parts *parts, struct view text);
void note_key_parts_print(const struct note_key_parts *parts, struct writer *w);

#endif
