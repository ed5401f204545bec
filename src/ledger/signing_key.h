/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key that a ledger signs with: Ed25519, in a file of its own, which is one line of text, as
 * others who sign notes write it:
 *
 *      PRIVATE+KEY+<name>+<key id, 8 digits of lower-case hex>+<base64 of type ‖ seed>
 *
 * Type and id are those of the verifier key (ledger/note_key.h); the seed is RFC 8032's private
 * key, 32 bytes. The file has mode 0600 and exactly that line. It is on the disk as a whole before
 * it has its name, and no file that has the name already is replaced here: another key takes over
 * as ledger/chain_change.h says. docs/spec/signing-key.md.
 *
 * The process that talks to the network never has it. A struct signing_key is a secret: its owner
 * releases it, also after an error, and nothing prints it but signing_key_store, into the file.
 *
 * Whether a key still counts, and from which checkpoint on another one does, is not told by the
 * key or its file but by the ledger, which all can read who have only the verifier key: a key that
 * is lost or stolen cannot say so itself.
 */
#ifndef PASU_LEDGER_SIGNING_KEY_H
#define PASU_LEDGER_SIGNING_KEY_H

#include "base/os.h"
#include "base/sandbox.h"
#include "ledger/note.h"

enum { SIGNING_KEY_FILE_MAX = 12 + NOTE_KEY_TEXT_MAX + 1 };

struct signing_key {
    struct note_key public; /* for everybody */
    uint8_t seed[NOTE_KEY_SIZE];
};

/* A new key of the system's randomness. PASU_E_MALFORMED: no name for a key. PASU_E_CRYPTO. */
PASU_MUST_USE int signing_key_make(struct signing_key *key, const struct os *os,
                                   enum note_key_type type, struct view name);
/* Wipes it. Any number of times; a key that is all zero is none. */
void signing_key_release(struct signing_key *key);

/*
 * Makes the file `name` in the folder, owned by the account. After any error there is none of that
 * name, or the whole key, and the key in memory must not be used: load it. PASU_E_DENIED: a file
 * of that name is there, or may not be made. PASU_E_RANGE: a name of more than 60 bytes. PASU_E_IO,
 * PASU_E_DISKFULL. One process at a time may do it in a folder.
 */
PASU_MUST_USE int signing_key_store(const struct signing_key *key, const struct os *os,
                                    int directory, const char *name,
                                    const struct sandbox_account *account);
/* Reads it. PASU_E_NOTFOUND; PASU_E_DENIED: others than its owner can do anything with it, or we
 * cannot read it; PASU_E_CORRUPT: no plain file of exactly one key. PASU_E_IO, PASU_E_CRYPTO. */
PASU_MUST_USE int signing_key_load(struct signing_key *key, const struct os *os, int directory,
                                   const char *name);
/* The contents of a file. PASU_E_CORRUPT, PASU_E_CRYPTO. */
PASU_MUST_USE int signing_key_parse(struct signing_key *key, struct view contents);

/* Ed25519 over any bytes. What is signed must not be mistaken for anything else that the key signs:
 * whoever signs notes uses the functions below. PASU_E_MISUSE: no key. PASU_E_CRYPTO. */
PASU_MUST_USE int signing_key_sign(const struct signing_key *key, struct view message,
                                   uint8_t signature[NOTE_SIGNATURE_SIZE]);
/* Adds its signature over the text to a note that begins with it (note_begin). PASU_E_MISUSE: the
 * key is not of type NOTE_KEY_ED25519. PASU_E_RANGE: no room. PASU_E_CRYPTO. */
PASU_MUST_USE int signing_key_add(const struct signing_key *key, struct view text,
                                  struct writer *w);
/* The same as a witness, whose key is of type NOTE_KEY_COSIGNATURE, at a time in seconds since
 * 1970. PASU_E_RANGE also for a text of more than NOTE_TEXT_MAX or a time above NOTE_TIME_MAX. */
PASU_MUST_USE int signing_key_cosign(const struct signing_key *key, struct view text, uint64_t time,
                                     struct writer *w);

#endif
