/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS for a syslog over TCP (RFC 5425): at least version 1.2, the server's certificate is verified
 * against the authorities and its name. Nothing ever waits. One thread.
 */
#ifndef PASU_RESPOND_SINK_TLS_H
#define PASU_RESPOND_SINK_TLS_H

#include "base/bytes.h"
#include "base/error.h"

struct sink_tls;

/* `authorities` as PEM; `host`: a name, or an address. PASU_E_NOMEM, PASU_E_CRYPTO: no authority in
 * it. */
PASU_MUST_USE int sink_tls_new(struct sink_tls **tls, struct view authorities, const char *host);
void sink_tls_free(struct sink_tls *tls);
/* Begins anew on a connection, which stays the caller's. */
PASU_MUST_USE int sink_tls_begin(struct sink_tls *tls, int fd);
/* 0: shaken hands; PASU_E_AGAIN; PASU_E_CRYPTO: not with this server, sink_tls_error says why;
 * PASU_E_EOF. */
PASU_MUST_USE int sink_tls_shake(struct sink_tls *tls);
/* How many bytes went, or as above. */
PASU_MUST_USE ssize_t sink_tls_send(struct sink_tls *tls, const uint8_t *bytes, size_t length);
/* What comes is thrown away: 0, or PASU_E_EOF. */
PASU_MUST_USE int sink_tls_listen(struct sink_tls *tls);
/* Whether it waits for something to read. */
bool sink_tls_reads(const struct sink_tls *tls);
/* "": none. */
const char *sink_tls_error(const struct sink_tls *tls);

#endif
