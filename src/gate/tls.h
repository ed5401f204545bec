/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS contexts, from PEM bytes in memory (the gate opens no file): one towards clients, where we
 * are the server, one towards the server, where we are the client.
 *
 * Both speak TLS 1.2 and newer, without compression, renegotiation or tickets, as PostgreSQL does.
 * ALPN is "postgresql" (RFC 7301; PostgreSQL manual, "SSL Session Encryption").
 */
#ifndef PASU_GATE_TLS_H
#define PASU_GATE_TLS_H

#include "config/model.h"
#include "postgres/scram.h"

#include <openssl/ssl.h>

/* The context for tls.*, and the channel binding of its certificate. PASU_E_CRYPTO, PASU_E_NOMEM.
 */
PASU_MUST_USE int tls_client_context(SSL_CTX **context, struct scram_binding *binding,
                                     const struct config_gateway *gateway);
/* The context for upstream_tls.*. */
PASU_MUST_USE int tls_server_context(SSL_CTX **context, const struct config_gateway *gateway);
/* A connection on `fd`: with a client (accepting), or with a server whose certificate must fit
 * `host` where the mode is verify-full. NULL when out of memory. */
PASU_MUST_USE SSL *tls_accept(SSL_CTX *context, int fd);
PASU_MUST_USE SSL *tls_connect(SSL_CTX *context, int fd, const struct config_gateway *gateway);
/* Whether the client chose ALPN "postgresql". */
bool tls_has_alpn(const SSL *tls);
/* The common name of the peer's verified certificate. PASU_E_NOTFOUND where there is none, where it
 * is not verified, or where the name holds a zero byte or is too long. */
PASU_MUST_USE int tls_peer_name(const SSL *tls, char *name, size_t size);

#endif
