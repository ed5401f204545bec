/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both ends of SCRAM stand on: the hash functions, the keys, and the attributes of messages.
 * Only for scram*.c; who uses SCRAM includes scram.h.
 *
 *      SaltedPassword  = PBKDF2(HMAC-SHA-256, password, salt, iterations)
 *      ClientKey       = HMAC(SaltedPassword, "Client Key")      ServerKey = HMAC(…, "Server Key")
 *      StoredKey       = SHA-256(ClientKey)
 *      AuthMessage     = client-first-bare "," server-first "," client-final-without-proof
 *      ClientProof     = ClientKey XOR HMAC(StoredKey, AuthMessage)
 *      ServerSignature = HMAC(ServerKey, AuthMessage)
 *
 * Source: RFC 5802, sections 3 and 5.1.
 */
#ifndef PASU_POSTGRES_SCRAM_PART_H
#define PASU_POSTGRES_SCRAM_PART_H

#include "postgres/scram.h"

#define SCRAM_BINDING_NAME "tls-server-end-point"

/* 0 or PASU_E_CRYPTO, as all below. */
PASU_MUST_USE int scram_hash(struct scram_key *hash, const struct scram_key *of);
PASU_MUST_USE int scram_hmac(struct scram_key *mac, const struct scram_key *key, struct view data);
/* ClientKey, and the verifier's StoredKey and ServerKey, from the password as SASLprep left it and
 * the verifier's salt and iterations. */
PASU_MUST_USE int scram_derive(struct scram_key *client_key, struct scram_verifier *verifier,
                               struct view password);

/* The three parts of AuthMessage. */
struct scram_transcript {
    struct view first_bare;   /* client-first-message-bare */
    struct view server_first; /* server-first-message */
    struct view final_bare;   /* client-final-message-without-proof */
};

/* HMAC over AuthMessage: ClientSignature under StoredKey, ServerSignature under ServerKey. Each
 * part is at most SCRAM_MESSAGE_MAX bytes. */
PASU_MUST_USE int scram_sign(struct scram_key *signature, const struct scram_key *key,
                             const struct scram_transcript *transcript);
/* bytes ^= other: makes a proof of a key and a signature, and the key again of proof and signature.
 */
void scram_mix(struct scram_key *key, const struct scram_key *other);

/* Writes SCRAM_NONCE_LENGTH characters. */
PASU_MUST_USE int scram_nonce(char nonce[SCRAM_NONCE_LENGTH], const struct os *os);
/* Printable ASCII without comma, at least one character. */
bool scram_is_nonce(struct view text);
/* Appends "c=" and the base64 of the gs2 header for this flag ('n', 'y' or 'p') and, for p, of the
 * binding data. */
void scram_write_binding(struct writer *w, char gs2_flag, const struct scram_binding *binding);

/* Reads the next attribute, "x=value", and the comma after it, behind which there must be more. The
 * reader fails for anything else, and for the attribute m, which nobody understands. */
struct view scram_attribute(struct reader *r, char *name);
/* The same, and the reader fails if it has another name. */
struct view scram_attribute_named(struct reader *r, char name);
/* A decimal number, 1..INT32_MAX, without sign or leading zeros; 0 where it is none. */
uint32_t scram_number(struct view text);

#endif
