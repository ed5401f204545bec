/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that the gateway itself says to a client, as a server would (PostgreSQL manual, "Message
 * Formats"). What it says to a server is in request.h.
 *
 *      0      1        5
 *      | type | length | …            length counts itself, not the type
 *
 * Each function appends one whole message to a writer. Where it does not fit, or an argument cannot
 * be carried (a zero byte in a text), the writer has failed and what was begun must not be sent:
 * ask writer_end once, after the last message. Texts are UTF-8 or better ASCII: clients read errors
 * before the encoding is agreed.
 */
#ifndef PASU_POSTGRES_RESPONSE_H
#define PASU_POSTGRES_RESPONSE_H

#include "base/bytes.h"

enum response_severity { SEVERITY_NOTICE, SEVERITY_WARNING, SEVERITY_ERROR, SEVERITY_FATAL };

enum { RESPONSE_TEXT_MAX = 512 }; /* bytes that are sent of a text given by the caller; it is cut */

/*
 * ErrorResponse for an error of base/error.def: severity (S and V), SQLSTATE, text, `detail` unless
 * NULL or "", hint unless empty. 1024 bytes of room always suffice. The severity is ERROR, or FATAL
 * where the session ends with it.
 */
void response_error(struct writer *w, enum response_severity severity, int code,
                    const char *detail);
/* The same with a text and a hint of the caller's own. */
void response_error_text(struct writer *w, enum response_severity severity, int code,
                         const char *text, const char *hint);
/* An ErrorResponse ('E') or NoticeResponse ('N') with the severity and SQLSTATE of another one,
 * which are cut to 32 bytes each, and with texts of the caller's. */
void response_scrubbed(struct writer *w, char type, struct view severity,
                       struct view severity_plain, struct view sqlstate, const char *message,
                       const char *hint);
/* The FATAL ErrorResponse that PostgreSQL sends, word by word: password authentication failed for
 * user "…". Other programs look for it in logs. */
void response_error_password(struct writer *w, struct view user);
/* NoticeResponse with a SQLSTATE ("00000": nothing special) and a message; severity NOTICE or
 * WARNING. */
void response_notice(struct writer *w, enum response_severity severity, const char *sqlstate,
                     const char *message);

void response_auth_ok(struct writer *w);
void response_auth_cleartext(struct writer *w);
/* AuthenticationSASL with the names of the mechanisms, the preferred one first. */
void response_auth_sasl(struct writer *w, const char *const *mechanisms, size_t count);
void response_auth_sasl_continue(struct writer *w, struct view data);
void response_auth_sasl_final(struct writer *w, struct view data);

/* BackendKeyData. A key has 4 bytes before protocol 3.2, up to 256 since; others fail. */
void response_key_data(struct writer *w, uint32_t pid, struct view key);
void response_parameter(struct writer *w, const char *name, const char *value);
/* `status` is I, T or E: idle, in a transaction, in a failed one. */
void response_ready(struct writer *w, char status);
/*
 * NegotiateProtocolVersion: the newest version that we take (the whole number, as in a start-up
 * packet: that is what servers send and libpq reads, although the manual says minor version) and
 * the start-up options (_pq_.…) that we do not know.
 */
void response_negotiate_version(struct writer *w, uint32_t version, const struct view *options,
                                size_t count);

#endif
