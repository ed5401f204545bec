/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, both ends of it, in PostgreSQL's dialect.
 *
 * TLS ends at the gateway, so it cannot carry SCRAM between a client and a server: it plays the
 * server towards the client (struct scram_server), with the verifier that the inspector read, and
 * learns the client's ClientKey from the proof; then it plays the client towards the server (struct
 * scram_client) with that key. It never sees a password. The inspector's own login begins with a
 * password instead.
 *
 *      client            gateway                                      server
 *        │ client-first     │                                            │
 *        ├─────────────────►│ scram_server_first                         │
 *        │◄─────────────────┤                                            │
 *        │ client-final     │                                            │
 *        ├─────────────────►│ scram_server_final → scram_key             │
 *        │◄─────────────────┤   scram_client_init_key, scram_client_first│
 *        │                  ├───────────────────────────────────────────►│
 *        │                  │◄───────────────────────────────────────────┤
 *        │                  │ scram_client_final            server-first │
 *        │                  ├───────────────────────────────────────────►│
 *        │                  │◄───────────────────────────────────────────┤
 *        │                  │ scram_client_verify           server-final │
 *
 * The dialect: the user name in client-first is ignored (the start-up packet's counts) and may be
 * empty, an authorization identity is refused, so is the attribute m, unknown optional attributes
 * are skipped, base64 must be canonical. Channel binding is tls-server-end-point only.
 *
 * The structs live in their caller's storage, hold everything in fixed arrays and belong to one
 * thread. Nothing here allocates but OpenSSL (and libidn in scram_client_init_password). Views that
 * come out borrow from the struct and stay valid until it is changed or released. After an error an
 * exchange is over: every further call gives PASU_E_MISUSE; only release remains. Release may be
 * called at any time, twice too, also on a zeroed struct, and wipes all secrets.
 *
 * Sources: RFC 5802, RFC 7677, RFC 5929 section 4; PostgreSQL manual, "SASL Authentication".
 */
#ifndef PASU_POSTGRES_SCRAM_H
#define PASU_POSTGRES_SCRAM_H

#include "base/bytes.h"
#include "base/os.h"

#include <openssl/types.h>

#define SCRAM_MECHANISM      "SCRAM-SHA-256"
#define SCRAM_MECHANISM_PLUS "SCRAM-SHA-256-PLUS"

enum {
    SCRAM_KEY_LENGTH = 32,           /* SHA-256 */
    SCRAM_SALT_MAX = 64,             /* bytes; PostgreSQL makes 16 */
    SCRAM_NONCE_MAX = 256,           /* characters of one side's nonce; libpq's is 24 long */
    SCRAM_NONCE_LENGTH = 24,         /* characters of ours: 18 random bytes in base64 */
    SCRAM_MESSAGE_MAX = 1024,        /* bytes of any SCRAM message that is accepted or made */
    SCRAM_BINDING_MAX = 64,          /* bytes of the longest certificate hash */
    SCRAM_PASSWORD_MAX = 1024,       /* bytes, after SASLprep */
    SCRAM_ITERATIONS_DEFAULT = 4096, /* PostgreSQL's */
    SCRAM_ITERATIONS_MAX = 10000000, /* that a server may demand of a password; some 4 s of CPU */
    SCRAM_VERIFIER_TEXT_SIZE = 256,  /* any verifier as text with its zero byte */
    SCRAM_MOCK_SECRET_LENGTH = 32,
};

/* A secret of 32 bytes: wiped on release, never printed. */
struct scram_key {
    uint8_t bytes[SCRAM_KEY_LENGTH];
};

void scram_key_release(struct scram_key *key);

/*
 * What a server stores of a password. Its keys are secrets: with server_key one can pose as the
 * server, from stored_key one can guess passwords.
 */
struct scram_verifier {
    uint32_t iterations;  /* 1..INT32_MAX */
    uint16_t salt_length; /* 1..SCRAM_SALT_MAX */
    bool is_mock;         /* no password fits */
    uint8_t salt[SCRAM_SALT_MAX];
    struct scram_key stored_key;
    struct scram_key server_key;
};

/* Reads pg_authid.rolpassword: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, exactly
 * so. PASU_E_MALFORMED for anything else, an md5 hash and a password in clear text included. */
PASU_MUST_USE int scram_verifier_parse(struct scram_verifier *verifier, struct view text);
/* The text that parses back to it; `text` holds SCRAM_VERIFIER_TEXT_SIZE bytes. Not for mock ones.
 */
void scram_verifier_text(char text[SCRAM_VERIFIER_TEXT_SIZE],
                         const struct scram_verifier *verifier);
/* Makes one from a password, with SASLprep as PostgreSQL applies it. PASU_E_RANGE where salt,
 * iterations or password are out of range, PASU_E_CRYPTO. */
PASU_MUST_USE int scram_verifier_of_password(struct scram_verifier *verifier, struct view password,
                                             struct view salt, uint32_t iterations);
/*
 * One for a role that does not exist or has no verifier: the exchange looks like any other and ends
 * in PASU_E_AUTH_FAILED. The salt depends on the secret and the name alone, so that asking again
 * tells a prober nothing; keep the secret as long as the roles live, and the same in all processes.
 * `iterations` is what real roles have here: SCRAM_ITERATIONS_DEFAULT where unknown.
 */
PASU_MUST_USE int scram_verifier_mock(struct scram_verifier *verifier,
                                      const uint8_t secret[SCRAM_MOCK_SECRET_LENGTH],
                                      struct view user, uint32_t iterations);
void scram_verifier_release(struct scram_verifier *verifier);

/* Channel binding data: the hash of the TLS server's certificate. Not secret. */
struct scram_binding {
    uint8_t length; /* 0: none */
    uint8_t hash[SCRAM_BINDING_MAX];
};

/*
 * tls-server-end-point of a certificate: its hash under its signature's hash function, SHA-256 in
 * place of MD5 and SHA-1 (RFC 5929, 4.1). PASU_E_NOTFOUND where none is defined (Ed25519, Ed448,
 * …): do not offer PLUS, nor use it, with such a certificate. PASU_E_CRYPTO. `binding` has length 0
 * then.
 */
PASU_MUST_USE int scram_binding_of(X509 *certificate, struct scram_binding *binding);

enum scram_step { SCRAM_UNUSED, SCRAM_FIRST, SCRAM_FINAL, SCRAM_VERIFY, SCRAM_DONE };

/* ---- towards the client: we are the server ---- */

struct scram_server {
    uint8_t step; /* enum scram_step */
    bool is_plus; /* the client chose SCRAM-SHA-256-PLUS */
    bool offers_plus;
    char gs2_flag; /* 'n', 'y' or 'p', from client-first */
    uint16_t nonce_length, first_bare_length, reply_length;
    struct scram_binding binding;
    struct scram_verifier verifier;
    char nonce[SCRAM_NONCE_MAX +
               SCRAM_NONCE_LENGTH];        /* ours; from client-first on the client's first */
    uint8_t first_bare[SCRAM_MESSAGE_MAX]; /* client-first-message-bare */
    uint8_t reply[SCRAM_MESSAGE_MAX];
};

/*
 * Begins an exchange. `mechanism` is what the client chose in its SASLInitialResponse:
 * PASU_E_PROTOCOL if it is neither of ours, or PLUS that was not offered. The verifier is copied.
 * `binding` is that of our own certificate and tells that PLUS was offered; NULL or length 0 where
 * it was not (no TLS, or a certificate without binding). PASU_E_CRYPTO.
 */
PASU_MUST_USE int scram_server_init(struct scram_server *server, const struct os *os,
                                    struct view mechanism, const struct scram_verifier *verifier,
                                    const struct scram_binding *binding);
/*
 * Takes client-first, gives server-first (for AuthenticationSASLContinue). PASU_E_MALFORMED;
 * PASU_E_AUTH_BINDING where the client believes that we offer no PLUS though we do (a downgrade in
 * between), or the flag does not fit the mechanism.
 */
PASU_MUST_USE int scram_server_first(struct scram_server *server, struct view client_first,
                                     struct view *reply);
/*
 * Takes client-final, gives server-final (for AuthenticationSASLFinal) and the ClientKey.
 * PASU_E_MALFORMED; PASU_E_AUTH_BINDING: channel binding differs; PASU_E_AUTH_FAILED: wrong
 * password or a mock verifier; `client_key` is then all zero. The comparison takes the same time
 * wherever the difference is.
 */
PASU_MUST_USE int scram_server_final(struct scram_server *server, struct view client_final,
                                     struct view *reply, struct scram_key *client_key);
void scram_server_release(struct scram_server *server);

/* ---- towards the server: we are the client ---- */

struct scram_client {
    uint8_t step; /* enum scram_step */
    bool has_password;
    uint16_t nonce_length, first_length, reply_length, password_length;
    struct scram_binding binding;   /* length 0: gs2 flag n */
    struct scram_verifier verifier; /* has_password: only server_key, once known */
    struct scram_key client_key;
    char nonce[SCRAM_NONCE_LENGTH];
    uint8_t password[SCRAM_PASSWORD_MAX]; /* wiped once the keys are made */
    uint8_t first[SCRAM_MESSAGE_MAX];     /* client-first-message */
    uint8_t reply[SCRAM_MESSAGE_MAX];
    struct scram_key server_signature; /* what server-final must show */
};

/*
 * Begins with the ClientKey that the client's proof told and the verifier it was checked against
 * (both copied). `binding` is that of the server's certificate if PLUS shall be used, which the
 * server must have offered; NULL or length 0: SCRAM-SHA-256 with the flag n. PASU_E_CRYPTO.
 */
PASU_MUST_USE int scram_client_init_key(struct scram_client *client, const struct os *os,
                                        const struct scram_verifier *verifier,
                                        const struct scram_key *client_key,
                                        const struct scram_binding *binding);
/*
 * Begins with a password, to which SASLprep is applied as libpq does: where it cannot be, the bytes
 * are used as they are. PASU_E_RANGE: longer than SCRAM_PASSWORD_MAX. PASU_E_CRYPTO.
 */
PASU_MUST_USE int scram_client_init_password(struct scram_client *client, const struct os *os,
                                             struct view password,
                                             const struct scram_binding *binding);
/* The mechanism to name in SASLInitialResponse. */
const char *scram_client_mechanism(const struct scram_client *client);
/* client-first, for SASLInitialResponse. */
PASU_MUST_USE int scram_client_first(struct scram_client *client, struct view *message);
/*
 * Takes server-first, gives client-final (for SASLResponse). PASU_E_MALFORMED; PASU_E_AUTH_SERVER:
 * the server did not take up our nonce, its salt or iterations are not the verifier's (the password
 * was changed meanwhile, or this is another server), or more iterations than SCRAM_ITERATIONS_MAX
 * are demanded. With a password this computes for about 0.4 µs per iteration.
 */
PASU_MUST_USE int scram_client_final(struct scram_client *client, struct view server_first,
                                     struct view *message);
/* Takes server-final. 0: the server knows the verifier. PASU_E_MALFORMED; PASU_E_AUTH_SERVER: its
 * signature is wrong or it reports an error. AuthenticationOk before this counts for nothing. */
PASU_MUST_USE int scram_client_verify(struct scram_client *client, struct view server_final);
void scram_client_release(struct scram_client *client);

#endif
